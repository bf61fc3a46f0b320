"""A contract as a stack keeps it: what readers may rely on, in one short text, and back.

A producer's stack exports this text, so whatever knows the stack's outputs knows what was last deployed completely:
the program itself, the local engine's state, and what `pulumi stack export` prints. Descriptions, notes and custom
properties are not in it, since nobody's query depends on them. Deliberately not here: comparing two contracts
(`compatibility`).
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from governance.contracts.model import Column, Contract, Rule, Table
from governance.contracts.types import parse_glue_type
from governance.errors import MeshError

FORM = "mesh1"
"""Names the layout in front of the text; another layout gets another name."""

EXPORT = "contracts"
"""Key of a producer's exports: product -> record."""

_RULE: dict[str, Any] = {
    "columns": [],
    "path": [],
    "value": None,
    "compare": [],
    "percent": False,
    "warning": False,
}
_MEND = "restore the output from an earlier 'pulumi stack export', or deploy with the version of this program that wrote it"


def write_record(contract: Contract) -> str:
    """The contract as one line of ASCII: the form, a colon, and JSON in zlib in base64.

    It is compressed because the CLI prints a stack's outputs after every run, and JSON it would print at full length;
    zlib's checksum also tells a damaged text. Two builds of zlib may write different texts of one contract; what is
    read back is the same.
    """
    body = {
        "id": contract.id,
        "product": contract.product,
        "version": contract.version,
        "status": contract.status,
        "tables": [_from_table(table) for table in contract.tables],
    }
    packed = zlib.compress(json.dumps(body, separators=(",", ":"), sort_keys=True).encode(), 9)
    return f"{FORM}:{base64.b64encode(packed).decode('ascii')}"


def read_record(text: Any, where: str) -> Contract:
    """The contract that `write_record` wrote.

    Parameters
    ----------
    text
        The record; anything else than text is refused too.
    where
        Whose it is, for messages.

    Raises
    ------
    MeshError
        The text is damaged, or of another form.
    """
    form, _, packed = text.partition(":") if isinstance(text, str) else ("", "", "")
    if form != FORM:
        raise MeshError(f"is no record of form {FORM}; {_MEND}", where)
    try:
        body = json.loads(zlib.decompress(base64.b64decode(packed, validate=True)))
        return Contract(
            id=body["id"], product=body["product"], version=body["version"], status=body["status"],
            database=body["product"], tables=tuple(_to_table(table) for table in body["tables"]),
        )  # fmt: skip
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError):
        raise MeshError(f"is damaged; {_MEND}", where) from None


def read_records(exports: Mapping[str, Any], stack: str) -> dict[str, Contract]:
    """Contracts among a stack's outputs, by product; empty where the stack has none yet.

    Raises
    ------
    MeshError
        One of them cannot be read.
    """
    texts, where = _texts(exports, stack)
    return {product: _of_product(text, product, where) for product, text in texts.items()}


def changed_since(
    exports: Mapping[str, Any], stack: str, contracts: Iterable[Contract]
) -> dict[str, Contract]:
    """Of contracts that were deployed with another content: what was deployed, by product.

    Cheaper than reading all: what was written the same is not read. Products that are new are not in it, nor those given
    up.

    Raises
    ------
    MeshError
        One of those that differ cannot be read.
    """
    texts, where = _texts(exports, stack)
    return {
        contract.product: _of_product(texts[contract.product], contract.product, where)
        for contract in contracts
        if contract.product in texts and texts[contract.product] != write_record(contract)
    }


def _texts(exports: Mapping[str, Any], stack: str) -> tuple[Mapping[str, Any], str]:
    """Records by product as they stand among the outputs, and where that is."""
    where = f"output '{EXPORT}' of stack {stack}"
    records = exports.get(EXPORT, {})
    if not isinstance(records, Mapping):
        raise MeshError(f"is no mapping of products; {_MEND}", where)
    return records, where


def _of_product(text: Any, product: str, where: str) -> Contract:
    contract = read_record(text, f"{where}: {product}")
    if contract.product != product:
        raise MeshError(f"is of product '{contract.product}'; {_MEND}", f"{where}: {product}")
    return contract


def _from_table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        **({"id": table.id} if table.id else {}),
        "key": list(table.primary_key),
        "delimiter": table.delimiter,
        "encoding": table.encoding,
        "columns": [_from_column(column) for column in table.columns],
        "rules": [_from_rule(rule) for rule in table.all_rules],
    }


def _to_table(node: Mapping[str, Any]) -> Table:
    key = tuple(node["key"])
    return Table(
        name=node["name"], id=node.get("id", ""), primary_key=key,
        delimiter=node["delimiter"], encoding=node["encoding"],
        columns=tuple(_to_column(column, key) for column in node["columns"]),
        rules=tuple(_to_rule(rule) for rule in node["rules"]),
    )  # fmt: skip


def _from_column(column: Column) -> dict[str, Any]:
    node: dict[str, Any] = {"name": column.name, "type": column.glue_type, "level": column.classification}
    if column.required:
        node["required"] = True
    if column.source != column.name:
        node["source"] = column.source
    if column.codes:
        node["codes"] = [list(pair) for pair in column.codes]
    if column.format:
        node["format"] = column.format
    if column.id:
        node["id"] = column.id
    return node


def _to_column(node: Mapping[str, Any], key: tuple[str, ...]) -> Column:
    kind = parse_glue_type(node["type"])
    if kind is None:
        raise ValueError(node["type"])
    return Column(
        name=node["name"], logical_type=kind.kind, type=kind, classification=node["level"],
        required=bool(node.get("required")), primary_key=node["name"] in key,
        source=node.get("source", node["name"]), format=node.get("format", ""), id=node.get("id", ""),
        codes=tuple((code, value) for code, value in node.get("codes", ())),
    )  # fmt: skip


def _from_rule(rule: Rule) -> dict[str, Any]:
    """A rule without what is as usual."""
    return {key: value for key, value in rule.to_json().items() if key not in _RULE or value != _RULE[key]}


def _to_rule(node: Mapping[str, Any]) -> Rule:
    full = {**_RULE, **node}
    return Rule(
        name=full["name"], check=full["check"], columns=tuple(full["columns"]), path=tuple(full["path"]),
        value=full["value"], compare=tuple((operator, value) for operator, value in full["compare"]),
        percent=full["percent"], warning=full["warning"],
    )  # fmt: skip
