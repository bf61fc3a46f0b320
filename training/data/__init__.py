"""Rows: queried, profiled, split, encoded, kept in Parquet."""
