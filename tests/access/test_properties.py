"""What must hold in every mesh."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meshes import (
    CENTRAL,
    CONSUMER,
    CONSUMER_ADMIN,
    PRINCIPALS,
    ROLES,
    grants,
    link_for,
    passed_on,
    renamed,
    resources,
    snapshots,
)

from governance.access import Access, explain, matrix, readable
from governance.access.can import can
from governance.access.principals import account_of
from governance.access.tags import inherit, matches
from governance.levels import Expression
from governance.snapshot import Snapshot, TableId, Tags
from governance.snapshot.grants import ColumnsRes, FilterRes, Grant, TableRes, TagPolicyRes, actions_of

MANY = settings(max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])

NEW = {
    "v0": "z9",
    "v1": "b7",
    "v2": "m5",
    "k0": "key_b",
    "k1": "key_a",
    "t0": "zeta",
    "t1": "alpha",
    "db0": "y-db",
    "db1": "a-db",
    "rl0": "z_link",
    "rl1": "a_link",
    "c0": "zz",
    "c1": "aa",
    "c2": "mm",
    "f0": "second",
    "f1": "first",
    CENTRAL: "999900001111",
    CONSUMER: "000011112222",
}

Cells = set[tuple[str, str | None]]


def answers(snapshot: Snapshot) -> Iterator[tuple[str, TableId, Access]]:
    for principal in PRINCIPALS:
        for where in snapshot.table_ids:
            account = account_of(principal)
            for via in {None, link_for(snapshot, account, where)}:
                yield principal, where, readable(snapshot, principal, account, *where, via)


def cells(access: Access) -> Cells:
    return {(column, rows) for rows, columns in access.row_filters.items() for column in columns}


def covered(before: Cells, after: Cells) -> bool:
    return all((column, rows) in after or (column, None) in after for column, rows in before)


def test_the_generated_meshes_have_reads_and_refusals_of_every_kind() -> None:
    codes: set[str | None] = set()

    @settings(max_examples=150, deadline=None, database=None, derandomize=True)
    @given(snapshots())
    def collect(snapshot: Snapshot) -> None:
        for _, _, access in answers(snapshot):
            codes.add(access.missing.code if access.missing else None)
            codes.update("row filter" for rows in access.row_filters if rows is not None)

    collect()
    wanted = {None, "row filter", "no-share", "no-regrant", "share-not-accepted", "cross-account-version"}
    wanted |= {"not-grantable", "no-grant", "tags-do-not-match", "no-select", "no-describe-on-link"}
    assert wanted <= codes, f"never generated: {wanted - codes}"


@MANY
@given(snapshots(), st.lists(grants(), min_size=1, max_size=3), passed_on())
def test_adding_a_grant_never_removes_access(snapshot, more, chain) -> None:
    richer = replace(snapshot, grants=(*snapshot.grants, *more, *chain))
    for (principal, where, before), (_, _, after) in zip(answers(snapshot), answers(richer), strict=True):
        assert covered(cells(before), cells(after)), f"{principal} lost cells of {where} by {more}"


@MANY
@given(snapshots(), grants(), resources())
def test_adding_a_grant_never_takes_an_action_away(snapshot, more, resource) -> None:
    richer = replace(snapshot, grants=(*snapshot.grants, more))
    for principal in PRINCIPALS:
        for action in actions_of(resource):
            before = can(snapshot, principal, action, resource, CENTRAL)
            after = can(richer, principal, action, resource, CENTRAL)
            assert after.allowed or not before.allowed, f"{principal} lost {action} on {resource}"


@MANY
@given(snapshots())
def test_revoking_everything_leaves_nothing(snapshot) -> None:
    bare = replace(snapshot, grants=())
    for principal, where, access in answers(bare):
        assert not access.columns, f"{principal} still reads {where}"
        assert access.missing is not None, "and nothing is said to be missing"


@MANY
@given(snapshots())
def test_an_account_level_grant_alone_reaches_no_role_but_its_admin(snapshot) -> None:
    kept = tuple(grant for grant in snapshot.grants if grant.principal == CONSUMER)
    for principal, where, access in answers(replace(snapshot, grants=kept)):
        assert not access.allowed or principal == CONSUMER_ADMIN, f"{principal} reads {where}"


@MANY
@given(snapshots())
def test_renaming_changes_nothing(snapshot) -> None:
    other = renamed(snapshot, NEW)
    for principal in PRINCIPALS:
        account = account_of(principal)
        new = principal.replace(account, NEW[account])
        for where in snapshot.table_ids:
            place = TableId(*(NEW[part] for part in where))
            via, again = link_for(snapshot, account, where), link_for(other, NEW[account], place)
            assert (via is None) == (again is None), "a link was lost by renaming"
            access = readable(snapshot, principal, account, *where, via)
            found = readable(other, new, NEW[account], *place, again)
            assert found.columns == tuple(NEW[column] for column in access.columns), f"{principal} on {where}"
            expected = {rows: tuple(NEW[c] for c in columns) for rows, columns in access.row_filters.items()}
            assert found.row_filters == expected, f"rows of {principal} on {where}"
            codes = [each.missing and each.missing.code for each in (access, found)]
            assert codes[0] == codes[1], f"another reason for {principal} on {where}"


@MANY
@given(snapshots(), st.randoms(use_true_random=False))
def test_the_order_of_grants_is_irrelevant(snapshot, random) -> None:
    shuffled = list(snapshot.grants)
    random.shuffle(shuffled)
    expected = list(answers(snapshot))
    for order in (tuple(shuffled), tuple(reversed(snapshot.grants)), tuple(sorted(snapshot.grants, key=str))):
        assert list(answers(replace(snapshot, grants=order))) == expected, "the order shows"


@MANY
@given(snapshots())
def test_a_second_identical_grant_changes_nothing(snapshot) -> None:
    twice = replace(snapshot, grants=(*snapshot.grants, *map(replace, snapshot.grants)))
    assert list(answers(snapshot)) == list(answers(twice)), "a grant counted twice"


@MANY
@given(snapshots())
def test_the_matrix_agrees_with_single_questions(snapshot) -> None:
    found = matrix(snapshot, PRINCIPALS)
    assert set(found) == {(p, where) for p in PRINCIPALS for where in snapshot.table_ids}, "every pair once"
    for (principal, where), access in found.items():
        account = account_of(principal)
        via = link_for(snapshot, account, where)
        single = readable(snapshot, principal, account, *where, via)
        if via is None and account != where.catalog and single.allowed:
            assert access.missing is not None, "Athena needs a link"
            assert access.missing.code == "no-link", "and that is what is missing"
        else:
            assert access == single, f"{principal} on {where}"


@MANY
@given(snapshots())
def test_explanations_agree_with_access(snapshot) -> None:
    for principal, where, access in answers(snapshot):
        table = snapshot.table(where)
        assert table is not None, "the table is there"
        for column in table.column_names:
            via = link_for(snapshot, account_of(principal), where)
            single = readable(snapshot, principal, account_of(principal), *where, via)
            reason = explain(snapshot, principal, account_of(principal), *where, column, via)
            assert reason.allowed == (column in single.columns), f"{column} of {where} for {principal}"
            assert reason.reasons, "there is always a reason"
        assert access.allowed == bool(access.columns), "allowed means something is readable"


def _effective(snapshot: Snapshot, where: TableId, column: str) -> Tags:
    database = snapshot.catalog(where.catalog).database(where.database)
    assert database is not None, "the database is there"
    table = database.table(where.name)
    assert table is not None, "so is the table"
    own = table.column(column)
    assert own is not None, "and the column"
    return inherit(inherit(database.tags, table.tags), own.tags)


def _opens(
    snapshot: Snapshot, grant: Grant, where: TableId, column: str, given_: frozenset[str]
) -> set[str | None]:
    """Row filters under which one grant opens one cell, worked out the slow and simple way."""
    resource = grant.resource
    if "SELECT" not in given_:
        return set()
    if isinstance(resource, TagPolicyRes):
        expression: Expression = resource.expression
        hit = resource.kind == "TABLE" and matches(expression, _effective(snapshot, where, column))
        return {None} if hit else set()
    if isinstance(resource, TableRes):
        return {None} if (resource.database, resource.name or where.name) == where[1:] else set()
    if isinstance(resource, ColumnsRes) and (resource.database, resource.table) == where[1:]:
        hit = (
            column in resource.included if resource.included is not None else column not in resource.excluded
        )
        return {None} if hit else set()
    if isinstance(resource, FilterRes) and (resource.database, resource.table) == where[1:]:
        cells_ = snapshot.catalog(where.catalog).filter_by_name.get((*where[1:], resource.name))
        return {cells_.row_filter} if cells_ and column in (cells_.included or ()) else set()
    return set()


@MANY
@given(snapshots())
def test_the_owners_own_roles_read_what_a_cell_by_cell_reading_says(snapshot) -> None:
    for principal in ROLES[:2]:
        for where in snapshot.table_ids:
            table = snapshot.table(where)
            assert table is not None, "the table is there"
            expected: Cells = set()
            for column in table.column_names:
                rows = set().union(
                    *(
                        _opens(snapshot, grant, where, column, grant.permitted)
                        for grant in snapshot.grants
                        if (grant.account, grant.principal) == (CENTRAL, principal)
                    )
                )
                expected |= {(column, each) for each in ({None} if None in rows else rows)}
            assert cells(readable(snapshot, principal, CENTRAL, *where)) == expected, (
                f"{principal} on {where}"
            )


@MANY
@given(snapshots())
def test_a_foreign_role_never_reads_a_cell_that_its_owner_did_not_open_to_it_or_its_account(snapshot) -> None:
    for principal in ROLES[2:]:
        for where in snapshot.table_ids:
            access = readable(snapshot, principal, CONSUMER, *where)
            for column, rows in cells(access):
                owners = [
                    grant
                    for grant in snapshot.grants
                    if grant.account == CENTRAL and grant.principal in (CONSUMER, principal)
                ]
                found = set().union(
                    *(
                        _opens(snapshot, each, where, column, each.permitted | each.may_grant)
                        for each in owners
                    )
                )
                assert None in found or any(part in str(rows) for part in map(str, found)), (
                    f"{column} of {where}"
                )
                if None not in found:
                    assert rows is not None, f"{column} of {where} is open without its row filter"
