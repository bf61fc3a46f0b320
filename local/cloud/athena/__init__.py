"""Athena of the embedded cloud: parsed, authorised, run."""
