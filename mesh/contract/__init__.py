"""``mesh contract`` and the gate before a deployment."""
