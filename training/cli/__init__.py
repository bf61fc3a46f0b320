"""The command line: ``python -m training``."""

from training.cli.commands import main

__all__ = ["main"]
