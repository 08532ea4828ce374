"""What awaits: the async client, and the transport below it."""
