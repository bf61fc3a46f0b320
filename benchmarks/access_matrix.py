"""Effective access: 1,000 tables of 50 columns, 100 principals, the whole matrix; the target is under 2 seconds.

A tenth of the roles' grants meet a table. Building the snapshot is not part of the figure; indexing it is.
"""

from __future__ import annotations

import time

from governance.access import matrix
from governance.levels import DEFAULT_LEVELS, clearance_expression
from governance.names import Place
from governance.snapshot import Column, LakeSettings, Snapshot
from governance.snapshot.build import SnapshotBuilder
from governance.snapshot.grants import TagPolicyRes

OWNER = Place(account_id="111122223333", region="eu-west-1")
PRODUCTS, TABLES, COLUMNS, PRINCIPALS = 100, 10, 50, 100


def lake() -> tuple[Snapshot, list[str]]:
    """100 products of 10 tables; every role is cleared for ten products at one of the four levels."""
    build = SnapshotBuilder()
    build.settings(OWNER.account_id, LakeSettings(cross_account_version=4))
    build.tag(OWNER.account_id, "data-product", [f"p{number}" for number in range(PRODUCTS)])
    build.tag(OWNER.account_id, "sensitivity", DEFAULT_LEVELS)
    for product in range(PRODUCTS):
        name = f"p{product}"
        build.database(OWNER.account_id, name, tags_={"data-product": name, "sensitivity": "restricted"})
        for table in range(TABLES):
            columns = [
                Column(f"c{number}", tags=(("sensitivity", DEFAULT_LEVELS[number % 4]),))
                for number in range(COLUMNS)
            ]
            build.table(OWNER.account_id, name, f"t{table}", columns)
    principals = [OWNER.role_arn(f"role-{number}") for number in range(PRINCIPALS)]
    for number, principal in enumerate(principals):
        build.role(principal)
        for product in range(number % 10, PRODUCTS, 10):
            expression = clearance_expression(f"p{product}", DEFAULT_LEVELS[number % 4], DEFAULT_LEVELS)
            build.grant(
                OWNER.account_id, principal, TagPolicyRes("TABLE", expression), ["SELECT", "DESCRIBE"]
            )
    return build.build(), principals


def main() -> None:
    """Measure three times and print."""
    snapshot, principals = lake()
    for _ in range(3):
        begun, cpu = time.perf_counter(), time.process_time()
        found = matrix(snapshot, principals)
        wall, used = time.perf_counter() - begun, time.process_time() - cpu
        allowed = sum(access.allowed for access in found.values())
        print(f"{len(found)} cells, {allowed} allowed: {wall:.2f} s ({used:.2f} s of CPU)")


if __name__ == "__main__":
    main()
