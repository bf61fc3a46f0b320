"""The page of a run, and the numbers behind it."""

from mesh.report.page import plain, render, write

__all__ = ["plain", "render", "write"]
