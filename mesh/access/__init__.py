"""``mesh access`` and what it asks: sources of a state, explain, matrix, diff, verify and repair."""
