"""Real workers of the queues that people embed the client in."""
