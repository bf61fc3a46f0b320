"""Writing several files, all or none.

Every file is first written in full beside its target; then they take their places. When one cannot, those before it go
back to what they were. Deliberately not here: what is written.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from governance.errors import MeshError
from mesh.onboard.draft import Change


def write(folder: Path, changes: Sequence[Change]) -> None:
    """Write the changes into the project's folder.

    Raises
    ------
    MeshError
        A file has changed or appeared since it was read, or cannot be written; then none is changed.
    """
    targets = {change: (folder / change.path).resolve() for change in changes}
    for change, target in targets.items():
        now = target.read_bytes() if target.exists() else None
        if now != (None if change.before is None else change.before.encode("utf-8")):
            raise MeshError(
                "was changed meanwhile; nothing is written, run the command again", str(change.path)
            )
    made = [path for target in targets.values() for path in _make_folders(target.parent)]
    staged: dict[Change, Path] = {}
    done: list[Change] = []
    try:
        for change, target in targets.items():
            staged[change] = target.with_name(f".{target.name}.{os.getpid()}.new")
            staged[change].write_bytes(change.after.encode("utf-8"))
            if change.before is not None:
                shutil.copymode(target, staged[change])
        for change, target in targets.items():
            done.append(change)
            staged[change].replace(target)
    except BaseException as error:
        for change in done:
            _restore(change, targets[change], staged[change])
        for path in staged.values():
            path.unlink(missing_ok=True)
        for path in reversed(made):
            with contextlib.suppress(OSError):
                path.rmdir()
        if isinstance(error, OSError):
            where = Path(error.filename or folder).name
            raise MeshError(f"cannot be written ({error.strerror}); nothing is changed", where) from None
        raise


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; return the ones that were not there, outermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _restore(change: Change, target: Path, staged: Path) -> None:
    """Undo a replacement that happened, or was about to: then the staged file is still there."""
    if staged.exists():
        return
    if change.before is None:
        target.unlink(missing_ok=True)
        return
    back = target.with_name(f"{staged.name}.old")
    back.write_bytes(change.before.encode("utf-8"))
    shutil.copymode(target, back)
    back.replace(target)
