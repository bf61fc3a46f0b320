"""A share in the making: what the options say of it, its entry at the LoB, and the subscription that answers it.

A share may open certain columns, certain rows, or all of it until a day. It is read by the very rules that read stack
files (`governance.sharing`), before anything is drafted. Deliberately not here: which products and consumers there are
(`product`, `consumer`, `existing`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from governance.contracts import Contract
from governance.errors import MeshError
from governance.settings import CentralSettings, Share
from governance.sharing import read_share
from mesh.onboard.draft import Draft, consumers_of, known_name
from mesh.stack_edit import Inline, inline

COLUMNS, ROWS, UNTIL = "--columns", "--rows", "--until"


@dataclass(frozen=True, kw_only=True)
class Narrowing:
    """What narrows shares, as typed: each option begins with the name of whose share it is."""

    columns: Sequence[str] = ()
    """`NAME=COLUMN,COLUMN`."""
    rows: Sequence[str] = ()
    """`NAME=PREDICATE`, or `NAME:TABLE=PREDICATE` for a contract of several tables."""
    until: Sequence[str] = ()
    """`NAME=DATE`."""

    def read(self, names: Sequence[str], what: str, option: str) -> dict[str, dict[str, Any]]:
        """Keys of a share by name; empty for a share that nothing narrows.

        Parameters
        ----------
        names
            Names that are shared to.
        what
            What they are, for messages.
        option
            The option that named them.

        Raises
        ------
        MeshError
            A name without a share, one that is narrowed twice, or text of another form.
        """
        found: dict[str, dict[str, Any]] = {name: {} for name in names}

        def pair(text: str, of: str, form: str) -> tuple[str, str]:
            name, equals, value = text.partition("=")
            if not equals or not name.strip() or not value.strip():
                raise MeshError(f"'{text}' must be {what.upper()}={form}", of)
            return name.strip(), value.strip()

        def put(name: str, key: str, value: Any, of: str) -> None:
            if not names:
                raise MeshError(f"narrows a share, and there is none; add {option}", of)
            known_name(name, names, what, of)
            if key in found[name]:
                raise MeshError(f"names '{name}' twice; keep one", of)
            found[name][key] = value

        for text in self.columns:
            name, value = pair(text, COLUMNS, "COLUMN,COLUMN")
            put(name, "columns", [column.strip() for column in value.split(",")], COLUMNS)
        tables: dict[str, dict[str, str]] = {}
        for text in self.rows:
            left, predicate = pair(text, ROWS, "PREDICATE")
            name, colon, table = left.partition(":")
            if not colon:
                put(name, "rows", predicate, ROWS)
                continue
            if table in tables.get(name, {}):
                raise MeshError(f"names '{name}:{table}' twice; join the predicates with AND", ROWS)
            if name not in tables:
                put(name, "rows", tables.setdefault(name, {}), ROWS)
            tables[name][table] = predicate
        for text in self.until:
            name, value = pair(text, UNTIL, "DATE")
            put(name, "until", value, UNTIL)
        return found


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A share that is read and right, and its keys as they are written."""

    share: Share
    tables: tuple[str, ...]
    """Tables of the product, sorted."""
    narrowing: Mapping[str, Any] = field(default_factory=dict)

    @property
    def consumer(self) -> str:
        """Whom it opens the product to."""
        return self.share.consumer

    @classmethod
    def checked(
        cls,
        consumer: str,
        account: str,
        clearance: str,
        contract: Contract,
        narrowing: Mapping[str, Any],
        levels: Sequence[str],
        today: dt.date | None = None,
    ) -> Opened:
        """Read a share as a stack file's is read.

        Raises
        ------
        MeshError
            A column or table is not the contract's, a predicate is none, nothing is left to read, or its last day is past.
        """
        entry = {"consumer": consumer, "clearance": clearance, **narrowing}
        places = {"columns": COLUMNS, "rows": ROWS, "until": UNTIL}
        share = read_share(
            entry, contract, account, levels, f"share of {contract.product} to {consumer}", places
        )
        day = today or dt.datetime.now(dt.UTC).date()
        if share.until is not None and share.until < day:
            raise MeshError(f"{share.until} is past; name a day from {day} on", UNTIL)
        written = {**narrowing, **({"until": share.until} if share.until else {})}
        return cls(
            share=share, tables=tuple(sorted(table.name for table in contract.tables)), narrowing=written
        )

    @classmethod
    def to_all(
        cls,
        pairs: Sequence[tuple[str, str]],
        option: str,
        narrowing: Narrowing,
        contract: Contract,
        central: CentralSettings,
    ) -> list[Opened]:
        """Shares of one product with several consumers of the mesh, named as (consumer, clearance) by an option."""
        narrowed = narrowing.read([consumer for consumer, _ in pairs], "consumer", option)
        return [
            cls.checked(
                consumer, central.consumers[consumer], clearance, contract, narrowed[consumer], central.levels
            )
            for consumer, clearance in pairs
        ]

    def add(self, draft: Draft, stack: str, product: str) -> None:
        """Share the product in its producer's file, which must know the consumer's account."""
        producer = draft.edit(stack)
        if producer.get("mesh:consumers", self.consumer) is None:
            producer.add_entry(["mesh:consumers"], self.consumer, {"accountId": self.share.account_id})
        entry = {"consumer": self.consumer, "clearance": self.share.clearance, **self.narrowing}
        producer.add_item(["mesh:products", product, "shares"], entry)
        for table, predicate in self.share.rows:
            draft.terms.append(f"{self.consumer} reads of {product}.{table} only rows where {predicate}")
        if self.share.until:
            draft.terms.append(f"the share of {product} to {self.consumer} ends after {self.share.until}")

    def answer(self, draft: Draft, product: str, lob: str, stack: str) -> None:
        """Subscribe the consumer in its own file; where there is none here, note what to write in it."""
        subscription = self.subscription(lob, stack)
        consumers = consumers_of(draft.project).items()
        subscribers = [key for key, item in consumers if item.consumer == self.consumer]
        for subscriber in subscribers:
            draft.edit(subscriber).add_entry(["mesh:subscriptions"], product, subscription)
        if not subscribers:
            said = ", ".join(f"{key} {inline(value)}" for key, value in subscription.items())
            draft.notes.append(
                f"consumer {self.consumer} has no stack file here; where its file is, "
                f"it subscribes to {product} ({said})"
            )

    def subscription(self, lob: str, stack: str) -> Inline:
        """The subscription as the consumer's file holds it; it repeats what its account must know."""
        return Inline(
            lob=lob,
            clearance=self.share.clearance,
            stack=stack,
            **({"filteredTables": list(self.tables)} if self.share.filtered else {}),
            **({"until": self.share.until} if self.share.until else {}),
        )
