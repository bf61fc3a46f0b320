"""The model as XGBoost sees it: matrices from Parquet or tables, saving, loading, scoring.

Deliberately not here: the rounds of a fit (`boosting`), where files lie and what is reported (`train`,
`evaluate`). Matrices are built from iterators of batches, so a split never has to fit in memory as
a table: only its quantised form does, about one byte per value.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from training import METRICS_FILE, MODEL_FILE
from training.data.arrays import numpy_of
from training.features import LABEL, FeatureSchema, batches, encode, matrix

Batches = Callable[[], Iterator[tuple[Any, Any]]]
"""Gives a fresh iterator over (encoded rows, labels) each time it is called; XGBoost passes over the data four times."""

_FEW_ROWS = 20_000

_CATEGORIES_IN_ARROW = (3, 1)
"""First XGBoost that takes dictionaries in Arrow tables; importing pandas for a frame takes as long as XGBoost itself."""


def threads(rows: int) -> int:
    """Threads for that many rows: one for few, else SageMaker's SM_NUM_CPUS or what this machine has.

    Below some ten thousand rows threads wait for each other longer than they work, and with one thread the
    same rows give the same model on any machine.
    """
    if rows < _FEW_ROWS:
        return 1
    given = os.environ.get("SM_NUM_CPUS", "")
    return int(given) if given.isdigit() and int(given) > 0 else os.cpu_count() or 1


def split_batches(
    folder: str | Path, schema: FeatureSchema, rows: int = 65_536, share: tuple[int, int] = (0, 1)
) -> Batches:
    """Encoded batches of a split on disk; of each batch only part `share[0]` of `share[1]` equal ones."""
    columns, (part, parts) = [*schema.names, LABEL], share

    def read() -> Iterator[tuple[Any, Any]]:
        for whole in batches(folder, columns, rows):
            begin, end = (len(whole) * at // parts for at in (part, part + 1))
            batch = whole.slice(begin, end - begin)
            if not len(batch):
                continue
            yield encode(batch, schema), numpy_of(batch.column(LABEL))

    return read


def quantile_matrix(source: Batches, max_bin: int, nthread: int, folder: Path | None = None) -> Any:
    """Build a QuantileDMatrix from batches; with a folder its bins lie there, a file for each batch.

    Raises
    ------
    MeshError
        Whatever reading a batch raises.
    """
    xgb = _xgboost()

    class _Pass(xgb.DataIter):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__(cache_prefix=str(folder / "train") if folder else None)
            self.current = source()

        def next(self, input_data: Callable[..., None]) -> bool:
            found = next(self.current, None)
            if found is None:
                return False
            input_data(data=_taken(found[0]), label=found[1])
            return True

        def reset(self) -> None:
            self.current = source()

    kind = xgb.ExtMemQuantileDMatrix if folder else xgb.QuantileDMatrix
    return kind(_Pass(), max_bin=max_bin, nthread=nthread, enable_categorical=True)


def _taken(table: Any) -> Any:
    """Encoded rows as this XGBoost takes them with their categories: as they are, or before 3.1 as a pandas frame."""
    version = tuple(int(part) for part in _xgboost().__version__.split(".")[:2])
    return table if version >= _CATEGORIES_IN_ARROW else table.to_pandas(split_blocks=True)


def score(booster: Any, table: Any) -> Any:
    """Probability of the positive class per row, float32."""
    if not len(table):
        return _nothing()
    booster.set_param({"nthread": threads(len(table))})
    return booster.inplace_predict(matrix(table))


def contributions(booster: Any, table: Any) -> Any:
    """SHAP values in log odds: one column per feature and, last, the bias; rows add up to the margin."""
    xgb = _xgboost()

    nthread = threads(len(table))
    booster.set_param({"nthread": nthread})
    return booster.predict(
        xgb.DMatrix(_taken(table), enable_categorical=True, nthread=nthread), pred_contribs=True
    )


def score_batches(booster: Any, source: Batches, rows: int | None = None) -> tuple[Any, Any]:
    """Scores and labels of all batches, or of the first ones with at least `rows` rows."""
    import numpy as np

    pairs: list[tuple[Any, Any]] = []
    for table, labels in source():
        pairs.append((score(booster, table), labels))
        if rows is not None and sum(len(done) for _, done in pairs) >= rows:
            break
    if not pairs:
        return _nothing(), np.empty(0, np.int8)
    scores, labels = zip(*pairs, strict=True)
    return np.concatenate(scores), np.concatenate(labels)


def save_model(booster: Any, folder: Path) -> Path:
    """Write the model in XGBoost's own binary JSON under the name SageMaker's container looks for."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / MODEL_FILE
    # by way of memory: save_model() warns when a file name has no suffix, and this one must have none
    path.write_bytes(_portable(bytes(booster.save_raw("ubj"))))
    return path


def _portable(raw: bytes) -> bytes:
    """The model with its intercept as one number, which every version reads.

    XGBoost 3.1 and later write the base score as a list of one, ``[3.1E-1]``. Earlier ones, such as the 3.0 of
    SageMaker's container, take 0.5 instead without a word: the ranking is right and every probability wrong.
    """
    # UBJSON: the key, then a string as 'S', 'L', its length in eight bytes and its text
    found = re.search(rb"base_scoreSL(.{8})\[([^],]+)\]", raw, re.DOTALL)
    if not found or int.from_bytes(found[1], "big") != len(found[2]) + 2:
        return raw
    text = b"base_scoreSL" + len(found[2]).to_bytes(8, "big") + found[2]
    return raw[: found.start()] + text + raw[found.end() :]


def load_model(folder: str | Path) -> Any:
    """Read a model folder's model.

    XGBoost's reader aborts the whole process on some damaged files, so a model is handed to it only when its
    digest is the one that training wrote into ``metrics.json`` beside it.

    Raises
    ------
    MeshError
        Model or metrics are missing, the file is not the one that was trained, or it is no XGBoost model.
    """
    xgb = _xgboost()

    path = Path(folder) / MODEL_FILE
    if not path.is_file():
        raise MeshError("no such model; run the train phase first", str(path))
    if sha256(path) != training_metrics(folder).get("model_sha256"):
        raise MeshError(
            "is corrupt: it is not the file that was trained; run the train phase again", str(path)
        )
    try:
        booster = xgb.Booster()
        booster.load_model(bytearray(path.read_bytes()))
        return booster
    except (xgb.core.XGBoostError, ValueError) as error:
        raise MeshError("is no XGBoost model; run the train phase again", str(path)) from error


def training_metrics(folder: str | Path) -> dict[str, Any]:
    """What training wrote into a model folder's ``metrics.json``.

    Raises
    ------
    MeshError
        The file is missing or no JSON object.
    """
    path = Path(folder) / METRICS_FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MeshError("no such file; run the train phase first", str(path)) from error
    except ValueError as error:
        raise MeshError(f"is no JSON ({error}); run the train phase again", str(path)) from error
    if not isinstance(values, dict):
        raise MeshError("must be a JSON object; run the train phase again", str(path))
    return values


def sha256(path: Path) -> str:
    """Digest of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _xgboost() -> Any:
    """XGBoost, with threads that sleep while they wait.

    By default OpenMP's threads spin at each barrier; on a machine with other work, two threads on two busy
    cores then take seven times as long as one. The setting is read when the library is loaded; one that is
    given stays.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if "xgboost" not in sys.modules and "sklearn" not in sys.modules:
        # XGBoost imports all of scikit-learn for wrappers that nothing here uses, which takes longer than itself
        sys.modules["sklearn"] = None  # type: ignore[assignment]
        try:
            import xgboost
        finally:
            del sys.modules["sklearn"]
        return xgboost
    import xgboost

    return xgboost


def _nothing() -> Any:
    import numpy as np

    return np.empty(0, np.float32)
