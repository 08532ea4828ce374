"""An example: a page that keeps a client secret alive, and the small app behind it."""
