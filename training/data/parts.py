"""What one host of a preprocessing job knows of its share of the rows, and how the shares become one schema.

With several hosts each sees a part of the input: it writes its rows under its own name, its counts and categories
as ``part-<host>.json`` and its keys' hashes beside them. Whoever reads the ``features`` folder merges: categories
are ranked over the training rows of all hosts, and a key that two hosts hold is found. Deliberately not here: the
splitting (`split`).
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from training import FEATURES_FILE, SPLITS
from training.data.hashing import hash_keys
from training.features import CATEGORY, Feature, FeatureSchema, batches, load_features

PART = "part-{host}.json"
HASHES = "part-{host}.npy"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One host's share.

    Parameters
    ----------
    host, hosts
        Its name, and how many there are.
    described
        Fields of the schema that are the same for all hosts: key, target, words, seed, origin.
    columns, kinds
        Columns seen; kind of each feature.
    values
        Texts of the target's values.
    levels
        Per category feature, its values in the training rows with their counts.
    rows, unlabelled, total
        Counts per split; rows without a target; all rows.
    max_levels
        Categories kept per feature.
    """

    host: str
    hosts: int
    described: Mapping[str, Any]
    columns: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    values: tuple[str, ...] = ()
    levels: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    rows: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unlabelled: int = 0
    total: int = 0
    max_levels: int = 256

    def write(self, folder: Path, hashes: Any) -> None:
        """Write the part and its keys' hashes (uint64, ascending) into the features folder."""
        import numpy as np

        folder.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        np.save(buffer, hashes, allow_pickle=False)
        (folder / HASHES.format(host=self.host)).write_bytes(buffer.getvalue())
        text = json.dumps(asdict(self), indent=1) + "\n"
        (folder / PART.format(host=self.host)).write_text(text, encoding="utf-8")


def merge(parts: Sequence[Part]) -> FeatureSchema:
    """The schema of all hosts' rows.

    Raises
    ------
    MeshError
        A host is missing, hosts saw other columns or types or ran with other settings, the target has not two
        values, there are no rows, or a split is empty or lacks a class.
    """
    known = [part for part in parts if part.total]
    first = known[0] if known else parts[0]
    table = str(first.described.get("table") or "rows")
    if len(parts) != first.hosts or len({part.host for part in parts}) != len(parts):
        names = ", ".join(part.host for part in parts)
        raise MeshError(f"there are parts of {names}, and {first.hosts} hosts; run all of them", "features")
    if not known:
        raise MeshError("there are no rows to split; does the query return any?", table)
    for part in known[1:]:
        _check_kinds(first, part)
        for what in ("described", "columns", "kinds", "max_levels"):
            if getattr(part, what) != getattr(first, what):
                raise MeshError(
                    f"{part.host} and {first.host} differ in their {what}; all files need the same columns and types",
                    "features",
                )
    _check_target(first, sorted({value for part in known for value in part.values}))
    rows = {
        name: {what: sum(part.rows[name][what] for part in known) for what in ("rows", "positive")}
        for name in SPLITS
    }
    for name in SPLITS:
        _check_split(name, rows[name], sum(part.total for part in known), first.described)
    described: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in first.described.items()
    }
    levels = {
        name: _ranked(known, name, first.max_levels) for name, kind in first.kinds.items() if kind == CATEGORY
    }
    features = tuple(
        Feature(name=name, kind=kind, levels=levels.get(name, ()))
        for name, kind in first.kinds.items()
        if kind != CATEGORY or levels[name]  # without a value in the training rows there is nothing to learn
    )
    if not features:
        raise MeshError("no column with values is left to learn from", "exclude")
    return FeatureSchema(
        features=features,
        columns_seen=tuple(first.columns),
        rows=rows,
        unlabelled=sum(part.unlabelled for part in known),
        **described,
    )


def read_schema(folder: str | Path, splits: Mapping[str, str | Path] | None = None) -> FeatureSchema:
    """The schema of a features folder: ``features.json`` as it is, or the parts of several hosts merged.

    Parameters
    ----------
    splits
        Folders with the rows, to say by name which key came twice.

    Raises
    ------
    MeshError
        The folder holds neither, a file is corrupt, the parts do not fit together, or hosts share a key.
    """
    path = Path(folder)
    found = sorted(path.glob(PART.format(host="*")))
    if (path / FEATURES_FILE).is_file() or not found:
        return load_features(path / FEATURES_FILE)
    parts = [_read(file) for file in found]
    schema = merge(parts)
    twice = _shared([path / HASHES.format(host=part.host) for part in parts])
    if len(twice):
        examples = duplicates((splits or {}).values(), schema.key, schema.seed, twice)
        refuse_duplicates(examples, schema.key, hosts=[part.host for part in parts], hashes=len(twice))
    return schema


def duplicates(
    folders: Iterable[str | Path], key: Sequence[str], seed: int, suspects: Any, chunk: int = 65_536
) -> list[tuple[Any, ...]] | None:
    """Keys that occur more than once among rows whose hash is a suspect; None if no row has such a hash.

    Equal hashes are almost surely equal keys; "almost" is not good enough for an error message.
    """
    import numpy as np

    counts: Counter[tuple[Any, ...]] = Counter()
    columns = list(key)
    for folder in folders:
        for batch in batches(folder, columns, chunk, plain=columns):
            suspect = np.isin(hash_keys([batch.column(name) for name in columns], seed), suspects)
            if suspect.any():
                found = batch.filter(suspect).to_pydict()
                counts.update(zip(*(found[name] for name in columns), strict=True))
    if not counts:
        return None
    return sorted((value for value, count in counts.items() if count > 1), key=str)


def refuse_duplicates(
    doubled: list[tuple[Any, ...]] | None, key: Sequence[str], hosts: Sequence[str] = (), hashes: int = 0
) -> None:
    """Raise the error on keys that came twice; nothing when there are none."""
    where = f"key column {', '.join(key)}"
    if doubled is None:
        # the rows lie in a split that is not at hand
        raise MeshError(
            f"{hashes} values occur in the parts of more than one of {', '.join(hosts)}; a key names one row",
            where,
        )
    if doubled:
        example = ", ".join(str(part) for part in doubled[0])
        many = f"{len(doubled)} values occur" if len(doubled) > 1 else "one value occurs"
        raise MeshError(f"{many} more than once, for example {example}; a key names one row", where)


def equal_neighbours(hashes: Any) -> Any:
    """Values that occur more than once in an ascending array."""
    return hashes[1:][hashes[1:] == hashes[:-1]]


def _check_kinds(first: Part, part: Part) -> None:
    for name, kind in first.kinds.items():
        if part.kinds.get(name, kind) != kind:
            raise MeshError(
                f"is {part.kinds[name]} on {part.host} and {kind} on {first.host}; all files need the same types",
                f"column {name}",
            )


def _shared(files: Sequence[Path]) -> Any:
    import numpy as np

    try:
        arrays = [np.load(file, allow_pickle=False) for file in files]
    except (OSError, ValueError) as error:
        raise MeshError(
            f"cannot be read ({error}); run the preprocess phase again", str(files[0].parent)
        ) from error
    merged = np.concatenate(arrays)
    merged.sort()
    return equal_neighbours(merged)


def _read(path: Path) -> Part:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        for name in ("columns", "values"):
            values[name] = tuple(values[name])
        return Part(**values)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MeshError(f"is no part of a feature schema ({error})", str(path)) from error


def _ranked(parts: Sequence[Part], name: str, most: int) -> tuple[str, ...]:
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(part.levels[name])
    counts.pop("", None)  # an empty text is a missing value, as it is where results come as CSV
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(sorted(level for level, _ in ranked[:most]))


def _check_target(part: Part, values: Sequence[str]) -> None:
    from training.data.labels import LabelReader

    reader = LabelReader(part.described["target"], part.described["positive"])
    reader.values = set(values)
    reader.finish()


def _check_split(name: str, counts: Mapping[str, int], total: int, described: Mapping[str, Any]) -> None:
    rows, positive = counts["rows"], counts["positive"]
    where = f"split {name}"
    if rows == 0:
        raise MeshError(f"is empty: {total} rows are too few for this share; enlarge it", where)
    if positive in (0, rows):
        missing = described["positive_label"] if positive == 0 else described["negative_label"]
        raise MeshError(f"has {rows} rows and none of class '{missing}'; enlarge it or add rows", where)
