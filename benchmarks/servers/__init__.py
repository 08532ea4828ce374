"""What the contenders talk to, each in a process and on a core of its own."""
