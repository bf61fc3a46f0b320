"""Git revisions: which commit a name means, what a file said there, and a copy of the project as it was.

Owns all calls of git and what is said when a name or a path is not there. Deliberately not here: what is made of the
files.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import difflib
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from governance.errors import MeshError

_SHOWN = 3
_PATIENCE = 120
"""Seconds that git may take for one answer."""


@dataclass(frozen=True, kw_only=True)
class Commit:
    """One commit of the repository around a folder."""

    folder: Path
    name: str
    """As it was asked for."""
    id: str
    day: dt.date
    """Day (UTC) on which it was committed."""

    @property
    def short(self) -> str:
        """The id as people write it."""
        return self.id[:9]

    def text(self, path: str) -> str:
        """A file's text in this commit; `path` is from the repository's top, or from the folder if it begins with `./`.

        Raises
        ------
        MeshError
            The commit has no such file.
        """
        answer = _git(self.folder, "show", f"{self.id}:{path}")
        if answer.returncode == 0:
            return answer.stdout.decode("utf-8", errors="replace")
        top = ["--full-tree"] if not path.startswith("./") else []
        listed = _git(self.folder, "ls-tree", "-r", "-z", "--name-only", *top, self.id)
        files = [each for each in listed.stdout.decode("utf-8", errors="replace").split("\0") if each]
        raise MeshError(
            f"is not in revision '{self.name}' ({self.short}){_close(path.removeprefix('./'), files)}", path
        )

    @contextlib.contextmanager
    def checked_out(self, prefix: str) -> Iterator[Path]:
        """A copy of the folder as this commit has it, while the context lasts."""
        archive = _git(self.folder, "archive", "--format=tar", self.id, ".")
        if archive.returncode:
            raise MeshError("has nothing of this folder", f"revision '{self.name}'")
        with tempfile.TemporaryDirectory(prefix=prefix) as name:
            with tarfile.open(fileobj=BytesIO(archive.stdout)) as tar:
                tar.extractall(name)  # noqa: S202 - git wrote it just now; Python before 3.11.4 knows no filter
            yield Path(name)


def find(folder: Path, name: str) -> Commit:
    """The commit that a branch, tag or id names in the repository around a folder.

    Raises
    ------
    MeshError
        The folder is in no git repository, or the name is of no commit there; the nearest names are given.
    """
    where = f"revision '{name}'"
    answer = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if answer.returncode:
        if _git(folder, "rev-parse", "--is-inside-work-tree").returncode:
            raise MeshError("the project is in no git repository", where)
        raise MeshError(f"is no revision of this repository{_close(name, _names(folder))}", where)
    identity = answer.stdout.decode().strip()
    stamp = _git(folder, "show", "-s", "--format=%ct", identity).stdout.decode().strip()
    day = dt.datetime.fromtimestamp(int(stamp), dt.UTC).date()
    return Commit(folder=folder, name=name, id=identity, day=day)


def _names(folder: Path) -> list[str]:
    """Branches and tags, those worked on last first."""
    answer = _git(
        folder, "for-each-ref", "--sort=-creatordate", "--format=%(refname:short)", "refs/heads", "refs/tags",
        "refs/remotes",
    )  # fmt: skip
    return [line for line in answer.stdout.decode("utf-8", errors="replace").splitlines() if line]


def _close(word: str, words: Sequence[str]) -> str:
    """The nearest of `words`, else the first of them; nothing where there is none."""
    near = difflib.get_close_matches(word, words, n=_SHOWN)
    ends = [each for each in words if Path(each).name == Path(word).name]
    found = list(dict.fromkeys([*near, *ends]))[:_SHOWN]
    if found:
        return f"; did you mean {' or '.join(repr(each) for each in found)}?"
    rest = ", ".join(words[:_SHOWN])
    return f"; there is {rest}{', ...' if len(words) > _SHOWN else ''}" if words else ""


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, check=False, timeout=_PATIENCE
        )
    except FileNotFoundError:
        if not folder.is_dir():
            raise MeshError("no such folder", str(folder)) from None
        raise MeshError("is not installed; it is needed to read a revision", "git") from None
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        raise MeshError(f"did not answer ({error})", "git") from None
