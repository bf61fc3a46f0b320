"""The command line: ``mesh``."""

from mesh.cli.commands import main

__all__ = ["main"]
