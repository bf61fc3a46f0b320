"""What is trained, by configuration alone: product, table, target, key, columns, split and seed.

Any table with a key and a target of two values trains from such a file. Deliberately not here: where things
are deployed (the consumer stack's outputs say that, see `outputs`) and who runs the training (`session`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from training import SPLITS
from training.data.protected import Protected, read_groups
from training.model.hyperparameters import Hyperparameters, from_mapping
from training.model.tuning import Tuning, read_tuning

__all__ = ["DEFAULT_CONFIG", "SPLITS", "TrainingConfig", "config_from", "load_config", "with_hyperparameters"]

LARGEST_SEED = 2**31 - 1
"""What SageMaker's search, XGBoost and NumPy all take."""
DEFAULT_CONFIG = Path(__file__).with_name("credit-risk.yaml")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """One model's training, as read from its YAML file.

    Parameters
    ----------
    name, product, table
        Name of the model; data product and table it learns from.
    target, positive
        Target column and the one of its two values that the model predicts the probability of.
    positive_label, negative_label
        Words for the two classes in reports.
    key
        Column, or columns together, that name a row for good; the split is a function of it.
    exclude, categorical
        Columns never used; columns of numbers that are codes and are to be treated as categories.
    max_levels
        Categories kept per column, the most frequent ones; rarer ones count as missing.
    query
        SQL with the place holder ``{table}``; what it returns is what is learned from.
    fractions
        Shares of train, validation and test; they add up to 1.
    seed
        Seed of split, model and bootstrap.
    cost_false_negative, cost_false_positive
        What the two kinds of error cost; the decision threshold is the cheapest on the validation split.
    chunk_rows
        Rows held in memory at a time while data are fetched, split and scored.
    contract
        Open Data Contract file of the product, to say which columns the role does not see; empty if none.
    groups
        Protected attributes that evaluation measures by, if its role can read them; never features.
    favourable
        ``positive`` or ``negative``: the class whose prediction is good for the person.
    tuning
        Ranges, trials and objective of a hyperparameter search; none unless given.
    """

    name: str
    product: str
    table: str
    target: str
    positive: str
    key: tuple[str, ...]
    positive_label: str = "positive"
    negative_label: str = "negative"
    exclude: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    max_levels: int = 256
    query: str = 'SELECT * FROM "{table}"'
    fractions: tuple[float, float, float] = (0.7, 0.15, 0.15)
    seed: int = 7
    hyperparameters: Hyperparameters = field(default_factory=Hyperparameters)
    cost_false_negative: float = 1.0
    cost_false_positive: float = 1.0
    chunk_rows: int = 65_536
    contract: str = ""
    groups: tuple[Protected, ...] = ()
    favourable: str = "negative"
    tuning: Tuning | None = None

    def __post_init__(self) -> None:
        if not self.key:
            raise MeshError("name at least one column that identifies a row", "key")
        if self.target in self.key:
            raise MeshError(f"'{self.target}' cannot be key and target at once", "target")
        if self.target in self.exclude:
            raise MeshError(f"'{self.target}' is excluded; take it out of 'exclude'", "target")
        # written so that what is no number at all is refused too
        if not (all(value > 0 for value in self.fractions) and abs(sum(self.fractions) - 1) <= 1e-9):
            given = ", ".join(f"{value:g}" for value in self.fractions)
            raise MeshError(f"fractions {given} must all be above 0 and add up to 1", "split")
        if self.favourable not in ("positive", "negative"):
            raise MeshError(f"'{self.favourable}' must be positive or negative", "favourable")
        for name in ("cost_false_negative", "cost_false_positive", "chunk_rows", "max_levels"):
            if not 0 < getattr(self, name) < math.inf:
                raise MeshError(f"'{getattr(self, name)}' must be a number above 0", name)
        if not 0 <= self.seed <= LARGEST_SEED:
            raise MeshError(f"'{self.seed}' must be a whole number from 0 to {LARGEST_SEED}", "seed")

    @property
    def sql(self) -> str:
        """The query with the table's name put in."""
        return self.query.replace("{table}", self.table)


def load_config(path: str | Path | None = None, **overrides: Any) -> TrainingConfig:
    """Read a configuration file; keyword arguments that are not None take the place of its keys.

    Raises
    ------
    MeshError
        The file is missing or no mapping; a key is unknown, missing or of the wrong kind.
    """
    import yaml

    source = Path(path) if path else DEFAULT_CONFIG
    try:
        values = yaml.safe_load(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise MeshError("no such training configuration; give its path with --config", str(source)) from error
    except yaml.YAMLError as error:
        raise MeshError(f"is no YAML: {error}", str(source)) from error
    if not isinstance(values, dict):
        raise MeshError("must be a mapping of keys to values", str(source))
    given = {key: value for key, value in overrides.items() if value is not None}
    if any(given.get(name, values.get(name)) != values.get(name) for name in ("product", "table")):
        values.pop("groups", None)  # they are columns of the file's table, not of the one given
    values |= given
    try:
        return config_from(values)
    except MeshError as error:
        raise MeshError(str(error), source.name) from error


def with_hyperparameters(config: TrainingConfig, **values: Any) -> TrainingConfig:
    """The configuration with some hyperparameters replaced."""
    return replace(config, hyperparameters=replace(config.hyperparameters, **values))


def config_from(values: Mapping[str, Any]) -> TrainingConfig:
    """A configuration from the keys of its file, already read; containers make theirs from flags.

    Raises
    ------
    MeshError
        A key is unknown, missing or of the wrong kind.
    """
    known = {entry.name: entry.type for entry in fields(TrainingConfig)}
    given = dict(values)
    if "split" in given:
        given["fractions"] = _fractions(given.pop("split"))
    if "hyperparameters" in given:
        given["hyperparameters"] = _hyperparameters(given["hyperparameters"])
    if "groups" in given:
        given["groups"] = read_groups(given["groups"])
    if given.get("tuning") is not None:
        given["tuning"] = read_tuning(given["tuning"])
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise MeshError(f"unknown key; known are {', '.join(sorted(set(known) | {'split'}))}", unknown[0])
    required = ("name", "product", "table", "target", "positive", "key")
    for name in required:
        if given.get(name) in (None, "", []):
            raise MeshError("is missing; say what is to be trained", name)
    for name, kind in known.items():
        if name in given:
            given[name] = _coerced(name, given[name], str(kind))
    return TrainingConfig(**given)


def _coerced(name: str, value: Any, kind: str) -> Any:
    if kind == "tuple[str, ...]":
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, Sequence):
            raise MeshError("must be a list of column names", name)
        return tuple(str(item).strip() for item in items if str(item).strip())
    if kind == "str":
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, Mapping | list):
            raise MeshError("must be one value, not a list or mapping", name)
        return str(value)
    if kind in ("int", "float"):
        try:
            return int(value) if kind == "int" else float(value)
        except (TypeError, ValueError) as error:
            raise MeshError(f"'{value}' is no number", name) from error
    return value


def _fractions(split: Any) -> tuple[float, float, float]:
    if isinstance(split, str):
        split = dict(zip(SPLITS, split.split(","), strict=False)) if split.count(",") == 2 else None
    if not isinstance(split, Mapping) or set(split) != set(SPLITS):
        raise MeshError(f"must have the keys {', '.join(SPLITS)}, or be three shares: 0.7,0.15,0.15", "split")
    train, validation, test = (float(_coerced(f"split.{name}", split[name], "float")) for name in SPLITS)
    return train, validation, test


def _hyperparameters(values: Any) -> Hyperparameters:
    if isinstance(values, Hyperparameters):
        return values
    if not isinstance(values, Mapping):
        raise MeshError("must be a mapping of names to numbers", "hyperparameters")
    return from_mapping(values, "hyperparameters")
