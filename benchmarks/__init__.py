"""What the client costs beside its peers, measured side by side: `python -m benchmarks --help`.

measured/ holds what is measured, a file for each kind of work; contenders/ who takes part; servers/ against what;
method/ how; report/ the goals, and what is written.
"""
