"""What is written: results.json, the table beside the goals, the plot, and README's part of them."""
