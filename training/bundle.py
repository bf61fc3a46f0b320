"""The code that SageMaker's container runs, packed: the same files give the same bytes on any machine.

Two archives of the same modules. ``sourcedir.tar.gz`` is what script mode unpacks for training and serving, with
``train.py`` and ``inference.py`` at its root; ``training.zip`` is what a processing step runs:
``python3 training.zip preprocess|evaluate --flags``. A model folder gets the serving half as ``code/``. SageMaker's
XGBoost container then serves the artefact as it is, with these two in its environment::

    SAGEMAKER_PROGRAM=inference.py
    SAGEMAKER_SUBMIT_DIRECTORY=/opt/ml/model/code

(aws/sagemaker-xgboost-container, ``serving.py``: the user's module comes from the submit directory, and without a
program the container takes itself for the built-in algorithm.)

What runs there may use the standard library of Python 3.10 and what the 3.0-5 image has: numpy 2.1, pandas 2.2,
pyarrow 22, xgboost 3.0, scipy, scikit-learn and PyYAML. A test holds `MODULES` to that. Deliberately not here:
uploading (the deployment does) and what the modules do.
"""

from __future__ import annotations

import hashlib
import io
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

MODULES: tuple[str, ...] = tuple(
    f"{folder}/{name}.py"
    for folder, names in {
        "governance": ("errors",),
        "training": (
            "__init__", "bundle", "config", "evaluate", "evaluate_job", "features", "inference", "job", "payload", "preprocess",
            "serving_entry", "train",
        ),
        "training/data": (
            "__init__", "arrays", "hashing", "labels", "parquet", "parts", "protected", "rows", "split", "writing",
        ),
        "training/evaluation": (
            "__init__", "baselines", "curves", "explain", "gate", "group_measures", "groups", "metrics", "page", "pictures",
        ),
        "training/model": (
            "__init__", "booster", "boosting", "cluster", "hyperparameters", "memory", "tuning",
        ),
    }.items()
    for name in names
)  # fmt: skip
"""What the scripts import, and nothing else; paths below the project's root."""

_PACKAGE = '"""Nothing of this package runs in a container but its errors."""\n'
_TRAIN = '''"""Script mode's entry point for training."""

from training.train import main

if __name__ == "__main__":
    raise SystemExit(main())
'''
_INFERENCE = '''"""Script mode's entry point for serving."""

from training.serving_entry import input_fn, model_fn, output_fn, predict_fn

__all__ = ["input_fn", "model_fn", "output_fn", "predict_fn"]
'''
_MAIN = '''"""Entry point of processing steps: ``python3 training.zip preprocess|evaluate --flags``."""

import sys

from training import evaluate_job, preprocess

STEPS = {"preprocess": preprocess.main, "evaluate": evaluate_job.main}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in STEPS:
        raise SystemExit(f"step: name one of {', '.join(STEPS)}")
    raise SystemExit(STEPS[sys.argv[1]](sys.argv[2:]))
'''


def source_archive() -> bytes:
    """``sourcedir.tar.gz`` for script mode."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(_files(_TRAIN).items()):
            # a fresh entry has no time, owner or path of this machine
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return _gzip(buffer.getvalue())


def processing_archive() -> bytes:
    """``training.zip`` for processing steps; not compressed, since compressors differ from machine to machine."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted((_shared() | {"__main__.py": _MAIN.encode()}).items()):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def revision() -> str:
    """SHA-256 of both archives, in hexadecimal."""
    return hashlib.sha256(source_archive() + processing_archive()).hexdigest()


def write_code(folder: Path) -> None:
    """Write what serves a model into its folder; works from the project as from an unpacked archive."""
    for name, content in _files("").items():
        if name != "train.py":
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _files(train: str) -> dict[str, bytes]:
    return _shared() | {"train.py": train.encode(), "inference.py": _INFERENCE.encode()}


def _shared() -> dict[str, bytes]:
    found = {name: (ROOT / name).read_bytes() for name in MODULES}
    return found | {"governance/__init__.py": _PACKAGE.encode()}


def _gzip(content: bytes) -> bytes:
    """Gzip (RFC 1952) of stored blocks (RFC 1951): zlib's versions compress to different bytes."""
    parts = [b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"]
    size = 0xFFFF
    starts = range(0, len(content), size) or range(1)
    for start in starts:
        block = content[start : start + size]
        last = start + size >= len(content)
        parts.append(struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block)
    parts.append(struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF))
    return b"".join(parts)
