"""Why a principal may, or may not, do one thing with one table.

Owns putting the answer together: Lake Formation's chain, the IAM half, and the lines of config that would give
what lacks. Deliberately not here: the rules (governance.access) and the command line (cli.access).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from governance.access import Missing, ViaLink, explain, readable
from governance.access.can import can
from governance.access.index import index_of
from governance.access.links import links_to
from governance.access.principals import account_of
from governance.errors import MeshError
from governance.reader import nearest
from governance.snapshot import Snapshot, TableId
from governance.snapshot.grants import TABLE_ACTIONS, ColumnsRes, Grant, TableRes
from local.snapshots_program import Program
from mesh.access.config import Fix, fixes
from mesh.access.iam import IamHalf, iam_half
from mesh.access.names import Names, columns_of

READ = "SELECT"


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """One question and its answer.

    Attributes
    ----------
    columns
        Columns the principal reads, when the question names none.
    reasons
        For a refused column: each grant that comes near, and why it does not open it.
    fixes
        Lines of config that would give it, in the order of the chain.
    """

    principal: str
    name: str
    table: TableId
    via: ViaLink | None
    column: str | None
    action: str
    allowed: bool
    chain: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    of: int = 0
    missing: Missing | None = None
    reasons: tuple[str, ...] = ()
    iam: IamHalf | None = None
    fixes: tuple[Fix, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The answer as JSON values."""
        half = self.iam
        return {
            "principal": self.principal,
            "table": {
                "catalog": self.table.catalog,
                "database": self.table.database,
                "name": self.table.name,
            },
            "link": ".".join(self.via) if self.via else None,
            "column": self.column,
            "action": self.action,
            "allowed": self.allowed,
            "columns": list(self.columns),
            "rowFilters": list(self.rows),
            "chain": list(self.chain),
            "missing": {"code": self.missing.code, "text": self.missing.text} if self.missing else None,
            "reasons": list(self.reasons),
            "iam": None
            if half is None
            else {
                "calls": half.calls,
                "note": half.note,
                "missing": [
                    {"action": call.action, "resource": call.resource, "purpose": call.purpose, "reason": why}
                    for call, why in half.missing
                ],
            },
            "config": [vars(fix) for fix in self.fixes],
        }


def ask(
    names: Names, program: Program, *, principal: str, table: str, column: str | None, action: str
) -> Explanation:
    """Answer one question about an intended or a deployed state.

    Raises
    ------
    MeshError
        For a principal, table, column or action that does not exist, with the nearest that does.
    """
    action = action.upper()
    if action not in TABLE_ACTIONS:
        known = sorted(TABLE_ACTIONS)
        hint = nearest(action, known) or f"; use one of {', '.join(known)}"
        raise MeshError(f"is no permission on tables{hint}", f"action '{action}'")
    if column and action != READ:
        raise MeshError(f"goes with SELECT only; {action} is held on whole tables", "--column")
    who = names.principal(principal)
    where, via = names.table(table, account_of(who))
    column = names.column(where, column) if column else None
    if action != READ:
        return _act(names, program, who, where, action)
    return _read(names, program, who, where, via, column)


def _act(names: Names, program: Program, who: str, where: TableId, action: str) -> Explanation:
    decision = can(program.snapshot, who, action, TableRes(where.database, where.name), where.catalog)
    return Explanation(
        principal=who,
        name=names.shown(who),
        table=where,
        via=None,
        column=None,
        action=action,
        allowed=decision.allowed,
        chain=_chain(names, program, decision.steps),
        missing=decision.missing,
    )


def _read(
    names: Names, program: Program, who: str, where: TableId, via: ViaLink | None, column: str | None
) -> Explanation:
    snapshot = program.snapshot
    via, unlinked = (via, None) if via else _best_link(snapshot, who, where)
    access = readable(snapshot, who, account_of(who), *where, via)
    missing = access.missing or unlinked
    reasons: tuple[str, ...] = ()
    rows = tuple(row for row in access.row_filters if row is not None)
    steps = access.steps
    if column and missing is None:
        reason = explain(snapshot, who, account_of(who), *where, column, via)
        missing, reasons = reason.missing, () if reason.allowed else reason.reasons
        rows = tuple(row for row in reason.rows if row is not None)
        if reason.allowed:
            steps = _steps_of(snapshot, who, where, column, via) or access.steps
    half = iam_half(program, who, where, via) if missing is None else None
    allowed = missing is None and (half is None or half.allowed)
    role = names.roles.get(who)
    lacking = fixes(names.project, snapshot, role, where, column) if role and missing is not None else ()
    return Explanation(
        principal=who,
        name=names.shown(who),
        table=where,
        via=via,
        column=column,
        action=READ,
        allowed=allowed,
        chain=_chain(names, program, steps) if missing is None else (),
        rows=rows if missing is None else (),
        columns=() if column or missing else access.columns,
        of=len(columns_of(snapshot, where)),
        missing=missing,
        reasons=tuple(names.plain(text) for text in reasons),
        iam=half,
        fixes=lacking,
    )


def _best_link(snapshot: Snapshot, who: str, where: TableId) -> tuple[ViaLink | None, Missing | None]:
    """The link a query would use: the first that the principal may follow, else the first there is."""
    account = account_of(who)
    if account == where.catalog:
        return None, None
    found: list[ViaLink] = []
    for link in links_to(index_of(snapshot), account, where):
        found.append((link.database, link.table or where.name))
        if readable(snapshot, who, account, *where, found[-1]).allowed:
            return found[-1], None
    if found:
        return found[0], None
    text = f"account {account} has no resource link to {where.catalog}:{where.database}"
    return None, Missing("no-link", text)


def _steps_of(
    snapshot: Snapshot, who: str, where: TableId, column: str, via: ViaLink | None
) -> tuple[Grant | str, ...]:
    """Steps that open one column and not the whole table's; empty when they cannot be told apart."""
    decision = can(snapshot, who, READ, ColumnsRes(where.database, where.name, (column,)), where.catalog)
    link = readable(snapshot, who, account_of(who), *where, via).steps if via else ()
    own = [step for step in link if isinstance(step, str) or step.catalog == account_of(who)]
    return tuple(dict.fromkeys((*decision.steps, *own))) if decision.allowed else ()


def _chain(names: Names, program: Program, steps: Sequence[Grant | str]) -> tuple[str, ...]:
    """Steps in words, each grant with the stack that makes it where that is known."""
    found = []
    for step in steps:
        text = names.plain(str(step))
        if isinstance(step, Grant):
            maker = program.makers.get((step.account, step.catalog, step.principal, step.resource))
            text += f" [stack {maker.stack}]" if maker else ""
        found.append(text)
    return tuple(found)
