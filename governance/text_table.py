"""Rows of text as aligned lines. Deliberately not here: what the cells say."""

from __future__ import annotations

from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]], *, ruled: bool = False, right: Sequence[int] = ()) -> list[str]:
    """Lines with the cells of each column one below the other; no rows give no lines.

    Parameters
    ----------
    ruled
        Whether a rule goes below the first line.
    right
        Numbers of the columns whose cells stand at their right end.
    """
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if at in right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]] if ruled and lines else lines
