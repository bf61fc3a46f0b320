"""The Glue catalog of the embedded cloud."""
