"""Whom a change of a contract breaks: the roles that read what changed, and the models trained on it.

A reader sees the columns up to the lower of its own clearance and its account's share. A raised sensitivity breaks
only those whom it shuts out, so with everybody known it may break nobody. Deliberately not here: what changed
(`compatibility`), whether it may be (`contracts.difference`), and where readers and models are found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from governance.compatibility.comparison import Change, rank

SHOWN = 5
"""Models that a line names for one change; a registry may have hundreds."""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A role that reads a product, or an account that it is shared to without a stack file here."""

    consumer: str
    role: str
    """Empty for an account as a whole."""

    clearance: str
    """The lower of the role's and the share's."""

    columns: frozenset[str] | None = None
    """Columns that the share is narrowed to; None for all."""

    @property
    def label(self) -> str:
        return f"{self.consumer}/{self.role}" if self.role else f"account {self.consumer}"


@dataclass(frozen=True, kw_only=True)
class Model:
    """A registered model package and what it was trained on."""

    package: str
    """Group and version, such as `mesh-credit-risk/3`."""

    consumer: str
    product: str
    table: str
    contract_version: str
    columns: frozenset[str] | None = None
    """Features; None where the package does not say."""

    status: str = ""
    """Approval status; empty where it is not known."""

    @property
    def label(self) -> str:
        return f"{self.package} of {self.consumer} ({self.status})" if self.status else self.package

    @property
    def version(self) -> int:
        """Last part of the package's name; 0 for one without versions."""
        last = self.package.rpartition("/")[2]
        return int(last) if last.isdecimal() else 0


@dataclass(frozen=True, kw_only=True)
class Loss:
    """One breaking change and whom it breaks; nobody at all when all three are empty."""

    change: Change
    roles: tuple[str, ...] = ()
    trained: tuple[Model, ...] = ()
    """Models that were trained on what changes."""

    perhaps: tuple[Model, ...] = ()
    """Models of this product that do not name their columns."""

    @property
    def models(self) -> tuple[str, ...]:
        """Packages of the models that were trained on it."""
        return tuple(model.package for model in self.trained)

    @property
    def unsure(self) -> tuple[str, ...]:
        """Packages of this product that do not name their columns."""
        return tuple(model.package for model in self.perhaps)

    @property
    def nobody(self) -> bool:
        return not (self.roles or self.trained or self.perhaps)

    @property
    def who(self) -> str:
        """Whom, in words; empty for nobody known."""
        parts = [", ".join(self.roles), *_foremost(self.trained, "model {}", "models")]
        parts += _foremost(self.perhaps, "perhaps model {}, which names no columns", "that name none")
        return "; ".join(part for part in parts if part)


def _foremost(models: Sequence[Model], text: str, rest: str) -> list[str]:
    """A text for each of the models that matter most, approved before others and new before old; the rest counted."""
    ordered = sorted(models, key=lambda model: (model.status != "Approved", -model.version, model.label))
    more = len(ordered) - SHOWN
    return [text.format(model.label) for model in ordered[:SHOWN]] + (
        [f"and {more} more {rest}"] if more > 0 else []
    )


def breaking_for(
    changes: Sequence[Change], readers: Sequence[Reader], models: Sequence[Model], levels: Sequence[str]
) -> tuple[Loss, ...]:
    """Who loses what, for each breaking change.

    Parameters
    ----------
    changes
        What :func:`governance.compatibility.compare` found.
    readers, models
        All that are known of this product.
    levels
        Sensitivity levels from open to closed.
    """
    return tuple(_loss(change, readers, models, levels) for change in changes if change.breaking)


def _loss(change: Change, readers: Sequence[Reader], models: Sequence[Model], levels: Sequence[str]) -> Loss:
    hit = [reader for reader in readers if _affected(change, reader, levels)]
    consumers = {reader.consumer for reader in hit}
    trained: list[Model] = []
    perhaps: list[Model] = []
    for model in sorted(
        models, key=lambda item: (item.package.rpartition("/")[0], item.version, item.consumer)
    ):
        if change.table and model.table != change.table:
            continue
        if change.kind == "raised" and model.consumer not in consumers:
            continue
        if model.columns is None:
            perhaps.append(model)
        elif not change.column or change.column in model.columns:
            trained.append(model)
    return Loss(
        change=change, roles=tuple(sorted(reader.label for reader in hit)), trained=tuple(trained),
        perhaps=tuple(perhaps),
    )  # fmt: skip


def _affected(change: Change, reader: Reader, levels: Sequence[str]) -> bool:
    """Whether the reader read what changed; of a raised column, whether it does so no longer."""
    if reader.columns is not None and change.column and change.column not in reader.columns:
        return False
    cleared = rank(reader.clearance, levels)
    if change.level and cleared < rank(change.level, levels):
        return False
    return change.kind != "raised" or cleared < rank(change.after, levels)


def broken(changes: Sequence[Change], losses: Sequence[Loss] | None) -> tuple[Change, ...]:
    """Changes that break: all that are marked so, without raised sensitivities that shut nobody out.

    Parameters
    ----------
    losses
        What :func:`breaking_for` says; None where the readers are unknown, and then every raise counts.
    """
    harmless = {loss.change for loss in losses or () if loss.change.kind == "raised" and loss.nobody}
    return tuple(change for change in changes if change.breaking and change not in harmless)
