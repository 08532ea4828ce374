"""What the client costs beside its peers, measured side by side: `python -m benchmarks --help`.

sections.py and around.py hold what is measured, peers.py the clients that are compared, servers.py what they talk to,
slices.py how CPU time is compared, machine.py the process and its memory, report.py the goals, the table and the plot.
"""
