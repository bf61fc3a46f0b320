"""Lake Formation of the embedded cloud."""
