"""What a demo has told so far, phase by phase; becomes the report. Deliberately not here: what the phases do."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from mesh.project import Project


@dataclass
class Story:
    """What happened so far; becomes the report."""

    project: Project
    endpoint: str = ""
    report: dict[str, Any] = field(default_factory=lambda: {"phases": []})

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time one phase and say when it begins and ends."""
        print(f"  {name} ...", end="", flush=True)
        begun = time.monotonic()
        yield
        seconds = time.monotonic() - begun
        self.report["phases"].append({"name": name, "seconds": round(seconds, 2)})
        print(
            f"\r  {name}: {self.said} ({seconds:.1f} s)"
            if sys.stdout.isatty()
            else f" {self.said} ({seconds:.1f} s)"
        )

    said: str = "done"
