"""The command line in a project of its own, and what it leaves there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from mesh.cli import main

LOB = ("onboard", "lob", "retail-lending", "--account", "444455556666")
CONSUMER = ("onboard", "consumer", "risk-lab", "--account", "555566667777", "--clearance", "confidential")


@dataclass(frozen=True)
class Case:
    folder: Path
    capsys: pytest.CaptureFixture[str]

    def run(self, *words: str) -> str:
        """What a command that succeeds prints."""
        code = main([str(word) for word in words])
        printed = self.capsys.readouterr()
        assert code == 0, printed.err
        return printed.out

    def refused(self, *words: str) -> str:
        """The one line a command that fails prints; it must leave every file as it was."""
        before = self.files()
        code = main([str(word) for word in words])
        printed = self.capsys.readouterr()
        assert code == 2, f"a user's mistake ends with 2, this printed: {printed.out}"
        assert len(printed.err.splitlines()) == 1, printed.err
        assert printed.out == "", "nothing is promised before the mistake is found"
        assert self.files() == before, "no file is written, nor half of one"
        return printed.err.strip()

    def files(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }

    def text(self, stack: str) -> str:
        return (self.folder / f"Pulumi.{stack}.yaml").read_bytes().decode()

    def config(self, stack: str) -> dict[str, Any]:
        config: dict[str, Any] = yaml.safe_load(self.text(stack))["config"]
        return {key.removeprefix("mesh:"): value for key, value in config.items()}


def added(before: str, after: str) -> list[str]:
    """Lines of `after` that `before` lacks; every line of `before` must still be there, in its order."""
    rest = iter(after.splitlines(keepends=True))
    new: list[str] = []
    for line in before.splitlines(keepends=True):
        for other in rest:
            if other == line:
                break
            new.append(other)
        else:
            raise AssertionError(f"line is gone or changed: {line!r}")
    return [line.rstrip("\r\n") for line in [*new, *rest]]
