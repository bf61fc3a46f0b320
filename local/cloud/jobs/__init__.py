"""Glue jobs and crawlers of the embedded cloud."""
