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
            opened.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError, OSError) as problem:
        raise TransferFailed(f"ClientError: {archive.name} cannot be unpacked: {problem}") from None


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
