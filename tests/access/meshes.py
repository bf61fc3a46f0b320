"""Meshes to test access with: the story of the shipped stacks, and any number of generated ones.

Owns the builders and Hypothesis strategies that tests of the evaluator and of the embedded cloud share.
Names are plain tokens (db0, t1, c2, v0 ...), so that :func:`renamed` can replace them all consistently.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from hypothesis import strategies as st

from governance.levels import DEFAULT_LEVELS, clearance_expression, owner_expression, product_expression
from governance.snapshot import (
    Column,
    DataCellsFilter,
    LakeSettings,
    LinkTarget,
    Organization,
    Snapshot,
    TableId,
)
from governance.snapshot.as_json import from_json, to_json
from governance.snapshot.build import SnapshotBuilder
from governance.snapshot.grants import (
    DATABASE,
    TABLE,
    ColumnsRes,
    DatabaseRes,
    FilterRes,
    Grant,
    LocationRes,
    Resource,
    TableRes,
    TagPolicyRes,
    TagRes,
)

CENTRAL, PRODUCER, CONSUMER = "111122223333", "222233334444", "333344445555"
PRODUCT, TABLE_NAME, LINK = "credit-card", "credit_card", "rl_credit-card"
LOCATION = "arn:aws:s3:::mesh-credit-card-222233334444-eu-west-1/curated"
HERE = TableId(CENTRAL, PRODUCT, TABLE_NAME)
VIA = (LINK, TABLE_NAME)


def role(account: str, name: str) -> str:
    """ARN of a role."""
    return f"arn:aws:iam::{account}:role/{name}"


CENTRAL_ADMIN, CONSUMER_ADMIN = role(CENTRAL, "MeshDeploy"), role(CONSUMER, "MeshDeploy")
STEWARD = role(CENTRAL, "mesh-steward-consumer-banking")
CURATION = role(PRODUCER, "mesh-curation-credit-card")
SCIENTIST, AUDITOR = role(CONSUMER, "mesh-data-scientist"), role(CONSUMER, "mesh-auditor")

COLUMNS: Mapping[str, str] = {
    "customer_id": "internal",
    "amount": "public",
    "credit_risk": "confidential",
    "age": "restricted",
}
"""Columns of the story's table and their sensitivity; `note` has none of its own."""


def policy(clearance: str) -> TagPolicyRes:
    """The tag policy that opens the product up to a clearance."""
    return TagPolicyRes(TABLE, clearance_expression(PRODUCT, clearance, DEFAULT_LEVELS))


def tables_of_owner() -> TagPolicyRes:
    """The policy a LoB works on its own product with."""
    return TagPolicyRes(TABLE, owner_expression("consumer-banking", PRODUCT))


def lake(*, version: int = 4, organization: bool = True) -> SnapshotBuilder:
    """The catalogs without any grant to the consumer: one product in central, one link in the consumer."""
    mesh = SnapshotBuilder()
    for account in (CENTRAL, PRODUCER, CONSUMER):
        admins = (role(account, "MeshDeploy"),)
        mesh.settings(account, LakeSettings(admins=admins, cross_account_version=version))
    if organization:
        mesh.organization = Organization("o-mesh", (CENTRAL, PRODUCER, CONSUMER))
    mesh.tag(CENTRAL, "domain", ["consumer-banking", "mortgages"], creator=CENTRAL_ADMIN)
    mesh.tag(CENTRAL, "data-product", [PRODUCT, "other"], creator=CENTRAL_ADMIN)
    mesh.tag(CENTRAL, "sensitivity", DEFAULT_LEVELS, creator=CENTRAL_ADMIN)
    tags = {"domain": "consumer-banking", "data-product": PRODUCT, "sensitivity": "restricted"}
    mesh.database(CENTRAL, PRODUCT, tags_=tags, creator=CENTRAL_ADMIN)
    names = [*COLUMNS, "note"]
    mesh.table(CENTRAL, PRODUCT, TABLE_NAME, [Column(name) for name in names], creator=STEWARD)
    for column, level in COLUMNS.items():
        mesh.tag_columns(CENTRAL, PRODUCT, TABLE_NAME, [column], {"sensitivity": level})
    mesh.location(CENTRAL, LOCATION)
    mesh.database(CONSUMER, LINK, link=LinkTarget(CENTRAL, PRODUCT), creator=CONSUMER_ADMIN)
    return mesh


def share(mesh: SnapshotBuilder, clearance: str, *, grantable: bool = True) -> None:
    """Share the product with the consumer account up to a clearance."""
    option = ["SELECT", "DESCRIBE"] if grantable else []
    mesh.grant(CENTRAL, CONSUMER, policy(clearance), ["SELECT", "DESCRIBE"], grantable=option)
    database = TagPolicyRes(DATABASE, product_expression(PRODUCT))
    mesh.grant(CENTRAL, CONSUMER, database, ["DESCRIBE"], grantable=["DESCRIBE"])


def regrant(mesh: SnapshotBuilder, principal: str, clearance: str, *, link: bool = True) -> None:
    """Pass the share on to a role of the consumer, and let it use the link."""
    mesh.grant(CONSUMER, principal, policy(clearance), ["SELECT", "DESCRIBE"], catalog=CENTRAL)
    if link:
        mesh.grant(CONSUMER, principal, DatabaseRes(LINK), ["DESCRIBE"])


def story() -> SnapshotBuilder:
    """The shipped mesh: shares at two clearances, data scientist confidential, auditor restricted."""
    mesh = lake()
    for clearance in ("confidential", "restricted"):
        share(mesh, clearance)
    regrant(mesh, SCIENTIST, "confidential")
    regrant(mesh, AUDITOR, "restricted")
    return mesh


ROLES = (role(CENTRAL, "r0"), role(CENTRAL, "r1"), role(CONSUMER, "r2"), role(CONSUMER, "r3"))
PRINCIPALS = (*ROLES, CENTRAL_ADMIN, CONSUMER_ADMIN)
ROWS = ("x > 1", "y = 2", "z < 3")
PERMISSIONS = ("SELECT", "DESCRIBE", "ALTER", "INSERT", "ALL")


def _subset(values: Iterable[str], *, least: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(tuple(values)), unique=True, min_size=least, max_size=4)


def _tag_values() -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(st.sampled_from(("k0", "k1")), st.sampled_from(("v0", "v1", "v2")), max_size=2)


@st.composite
def resources(draw: st.DrawFn) -> Resource:
    """A resource of the generated catalog; it need not exist."""
    database, table = draw(st.sampled_from(("db0", "db1"))), draw(st.sampled_from(("t0", "t1")))
    columns = tuple(draw(_subset(("c0", "c1", "c2"), least=1)))
    keys = draw(_subset(("k0", "k1"), least=1))
    expression = tuple((key, tuple(draw(_subset(("v0", "v1", "v2"), least=1)))) for key in keys)
    return draw(
        st.sampled_from(
            (
                TagPolicyRes(TABLE, expression),
                TagPolicyRes(TABLE, expression[:1]),
                TagPolicyRes(DATABASE, expression),
                TableRes(database, table),
                TableRes(database),
                ColumnsRes(database, table, included=columns),
                ColumnsRes(database, table, excluded=columns),
                FilterRes(database, table, draw(st.sampled_from(("f0", "f1")))),
                DatabaseRes(database),
                TagRes(expression[0][0], expression[0][1]),
            )
        )
    )


@st.composite
def grants(draw: st.DrawFn) -> Grant:
    """A grant by the owner to a local role, the foreign account or a foreign role, or a re-grant."""
    resource = draw(resources())
    kind = draw(st.sampled_from(("local", "account", "direct", "regrant", "link")))
    if kind == "link":
        return Grant(CONSUMER, CONSUMER, draw(st.sampled_from(ROLES[2:])), DatabaseRes("rl0"), ("DESCRIBE",))
    permissions = tuple(draw(_subset(PERMISSIONS, least=1)))
    grantable = permissions if draw(st.booleans()) else ()
    principal = {
        "local": draw(st.sampled_from(ROLES[:2])),
        "account": CONSUMER,
        "direct": draw(st.sampled_from(ROLES[2:])),
        "regrant": draw(st.sampled_from(ROLES[2:])),
    }[kind]
    account = CONSUMER if kind == "regrant" else CENTRAL
    return Grant(account, CENTRAL, principal, resource, permissions, grantable)


@st.composite
def passed_on(draw: st.DrawFn) -> list[Grant]:
    """A share and its identical re-grant, so that whole chains are common among generated meshes."""
    given = Grant(
        CENTRAL, CENTRAL, CONSUMER, draw(resources()), ("SELECT", "DESCRIBE"), ("SELECT", "DESCRIBE")
    )
    role_ = draw(st.sampled_from(ROLES[2:]))
    again = replace(given, account=CONSUMER, principal=role_, grantable=())
    link = Grant(CONSUMER, CONSUMER, role_, DatabaseRes("rl0"), ("DESCRIBE",))
    return [given, again, link]


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """A central catalog with up to two databases of two tables, and a consumer with links to them."""
    mesh = SnapshotBuilder()
    for account, admin in ((CENTRAL, CENTRAL_ADMIN), (CONSUMER, CONSUMER_ADMIN)):
        version = draw(st.sampled_from((4, 4, 4, 3, 2)))
        mesh.settings(account, LakeSettings(admins=(admin,), cross_account_version=version))
    reach = draw(st.sampled_from(("organization", "accepted", "none")))
    if reach == "organization":
        mesh.organization = Organization("o-mesh", (CENTRAL, CONSUMER))
    elif reach == "accepted":
        mesh.accept(CENTRAL, CONSUMER)
    for key in ("k0", "k1"):
        mesh.tag(CENTRAL, key, ("v0", "v1", "v2"))
    for number, database in enumerate(draw(st.sampled_from((("db0",), ("db0", "db1"))))):
        mesh.database(CENTRAL, database, tags_=draw(_tag_values()))
        for table in draw(st.sampled_from((("t0",), ("t0", "t1")))):
            names = draw(st.sampled_from((("c0",), ("c0", "c1"), ("c2", "c0", "c1"))))
            columns = [Column(name, tags=tuple(draw(_tag_values()).items())) for name in names]
            mesh.table(CENTRAL, database, table, columns, tags_=draw(_tag_values()))
            for name in ("f0", "f1"):
                included = tuple(draw(_subset(("c0", "c1", "c2"), least=1)))
                rows = draw(st.sampled_from((None, *ROWS)))
                mesh.filter(CENTRAL, DataCellsFilter(database, table, name, included, row_filter=rows))
        if number == 0 or draw(st.booleans()):
            mesh.database(CONSUMER, f"rl{number}", link=LinkTarget(CENTRAL, database))
    made = draw(st.lists(grants(), max_size=8))
    for chain in draw(st.lists(passed_on(), max_size=3)):
        made.extend(chain)
    return replace(mesh.build(), grants=tuple(draw(st.permutations(made))))


def link_for(snapshot: Snapshot, account: str, where: TableId) -> tuple[str, str] | None:
    """The name by which a query reaches a table; None for the account's own and where no link is."""
    if account == where.catalog:
        return None
    for database in snapshot.catalog(account).databases:
        if database.link == LinkTarget(where.catalog, where.database):
            return (database.name, where.name)
    return None


def renamed(snapshot: Snapshot, names: Mapping[str, str]) -> Snapshot:
    """The same mesh under other names: every whole word of its JSON form that is a key is replaced."""
    pattern = re.compile(r"(?<![A-Za-z0-9_])(" + "|".join(map(re.escape, names)) + r")(?![A-Za-z0-9_])")
    return from_json(pattern.sub(lambda found: names[found.group(1)], to_json(snapshot)))


__all__ = ["LOCATION", "PRINCIPALS", "ROLES", "LocationRes", "link_for", "renamed", "snapshots", "story"]
