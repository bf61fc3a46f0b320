"""Archives of a training job: source code in, model and output out.

Owns `tar.gz` files as SageMaker makes and reads them. Deliberately not here: where they lie in S3.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

from local.cloud.sagemaker.transfer import TransferFailed


def unpack(archive: Path, folder: Path) -> None:
    """Unpack source code; TransferFailed for what is no archive or leaves its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive) as opened:
            _extract(opened, folder)
    except (tarfile.TarError, EOFError, OSError) as problem:
        raise TransferFailed(f"ClientError: {archive.name} cannot be unpacked: {problem}") from None


def _extract(opened: tarfile.TarFile, folder: Path) -> None:
    """Files and folders, and nothing outside `folder`; Python before 3.11.4 has no filter that sees to it."""
    root = folder.resolve()
    for member in opened.getmembers():
        if not (member.isfile() or member.isdir()):
            raise tarfile.ExtractError(f"{member.name} is no file")
        if not (root / member.name).resolve().is_relative_to(root):
            raise tarfile.ExtractError(f"{member.name} lies outside the archive's folder")
        member.mode = 0o755 if member.isdir() else 0o644 | (member.mode & 0o111)
    opened.extractall(folder)  # noqa: S202 - checked above


def pack(folders: list[Path], archive: Path) -> bool:
    """Pack the files of several folders into one archive; of files with one name the first folder's stays.

    Returns
    -------
    bool
        Whether there was anything; without, there is no archive.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
            if path.is_file():
                found.setdefault(path.relative_to(folder).as_posix(), path)
    if not found:
        return False
    with tarfile.open(archive, "w:gz", compresslevel=6) as opened:
        for name, path in sorted(found.items()):
            opened.add(path, name, recursive=False)
    return True
