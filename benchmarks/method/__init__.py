"""How it is measured: slices in turns, counts, the machine."""
