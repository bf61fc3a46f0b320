"""Putting a catalog right: granting again what is missing, and on request revoking what nobody intends.

Owns the order (owner's grants before re-grants, revokes the other way round) and as whom each is made.
Deliberately not here: what is missing (verify). Databases, tables, roles and the like are not made
here: the program makes them, so the engine is told that they are gone and `mesh up` makes them again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from components.dynamic_session import patiently
from components.share_acceptance import accept_shares
from governance.access.principals import is_account
from governance.errors import MeshError
from governance.snapshot import Snapshot
from governance.snapshot.grants import Grant
from local import engine
from local.snapshots_calls import refused
from local.snapshots_program import Program
from local.snapshots_resources import to_api
from mesh.access.sources import Sessions
from mesh.access.verify import DIFFERENT, MISSING, UNMANAGED, Finding, Findings
from mesh.project import Project

MADE_BY_PROGRAM = ("database", "link", "table", "filter", "location", "role")


def repair(
    project: Project,
    program: Program,
    findings: Findings,
    sessions: Sessions,
    *,
    revoke_unmanaged: bool = False,
) -> list[str]:
    """Put right what can be; returns a line per step, also for one that failed."""
    done: list[str] = []
    for each in findings.of(MISSING, "share"):
        owner, recipient = each.name
        _try(done, f"accepted what {owner} shares with {recipient}", _accept, owner, recipient, sessions)
    for each in (*findings.of(MISSING, "tags"), *findings.of(DIFFERENT, "tags")):
        _try(done, f"tagged {'.'.join(each.name)} as intended", _tag, program, each, sessions)
    for each in sorted(findings.of(MISSING, "grant"), key=_order):
        _try(done, f"granted {each.text}", _grant, program, each, sessions)
    if revoke_unmanaged:
        for each in sorted(findings.of(UNMANAGED, "grant"), key=_order, reverse=True):
            _try(done, f"revoked {each.text}", _revoke, each, sessions)
    gone = [each for each in findings.found if each.kind == MISSING and each.what in MADE_BY_PROGRAM]
    if gone:
        done += _forget(project, gone, sessions.endpoint)
    return done


def _try(done: list[str], what: str, act: Callable[..., object], *arguments: object) -> None:
    try:
        act(*arguments)
    except ClientError as error:
        done.append(f"not {what}: {refused(error)}")
    except (BotoCoreError, MeshError) as error:
        done.append(f"not {what}: {error}")
    else:
        done.append(what)


def _accept(owner: str, recipient: str, sessions: Sessions) -> None:
    accept_shares(sessions.client(recipient, "ram"), owner)


def _order(finding: Finding) -> tuple[int, str]:
    """Owner's grants to roles, then to accounts, then re-grants."""
    grant = finding.grant
    assert grant is not None
    if grant.account != grant.catalog:
        return 2, finding.text
    return int(is_account(grant.principal)), finding.text


def _grant(program: Program, finding: Finding, sessions: Sessions) -> None:
    """Make the whole grant again, as the role that the program makes it as."""
    lost = finding.grant
    assert lost is not None
    key = (lost.account, lost.catalog, lost.principal, lost.resource)
    maker = program.makers[key]
    stack = next(stack for stack in program.stacks if stack.name == maker.stack)
    whole = next(
        grant
        for grant in program.snapshot.grants
        if (grant.account, grant.catalog, grant.principal, grant.resource) == key
    )
    lake = sessions.acting(stack.account, maker.role, "lakeformation")
    patiently(lambda: lake.grant_permissions(**_arguments(whole)), attempts=3)


def _revoke(finding: Finding, sessions: Sessions) -> None:
    unwanted = finding.grant
    assert unwanted is not None
    lake = sessions.client(unwanted.account, "lakeformation")
    patiently(lambda: lake.revoke_permissions(**_arguments(unwanted)), attempts=3)


def _arguments(grant: Grant) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "Principal": {"DataLakePrincipalIdentifier": grant.principal},
        "Resource": to_api(grant.catalog, grant.resource),
        "Permissions": list(grant.permissions),
    }
    if grant.grantable:
        arguments["PermissionsWithGrantOption"] = list(grant.grantable)
    return arguments


def _tag(program: Program, finding: Finding, sessions: Sessions) -> None:
    """Put a database's, table's or column's own tags back, as the owner's administrator."""
    resource, values = _tagged(program.snapshot, finding)
    tags = [{"CatalogId": finding.account, "TagKey": k, "TagValues": [v]} for k, v in values.items()]
    answer = sessions.client(finding.account, "lakeformation").add_lf_tags_to_resource(
        Resource=resource, LFTags=tags
    )
    for failure in answer.get("Failures") or ():
        said = failure.get("Error") or {}
        raise MeshError(f"{said.get('ErrorCode')}: {said.get('ErrorMessage')}", ".".join(finding.name))


def _tagged(intended: Snapshot, finding: Finding) -> tuple[dict[str, Any], Mapping[str, str]]:
    """The API's resource of a finding about tags, and the tags it is meant to have."""
    database = intended.catalog(finding.account).database(finding.name[0])
    assert database is not None
    where = {"CatalogId": finding.account, "DatabaseName": database.name}
    if len(finding.name) == 1:
        return {"Database": {"CatalogId": finding.account, "Name": database.name}}, dict(database.tags)
    table = database.table(finding.name[1])
    assert table is not None
    if len(finding.name) == 2:
        return {"Table": {**where, "Name": table.name}}, dict(table.tags)
    column = table.column(finding.name[2])
    assert column is not None
    chosen = {**where, "Name": table.name, "ColumnNames": [column.name]}
    return {"TableWithColumns": chosen}, dict(column.tags)


def _forget(project: Project, gone: Iterable[Finding], endpoint: str | None) -> list[str]:
    """Tell the engine's state of what was deleted by hand, so that the next `mesh up` makes it again."""
    things = [*gone]
    names = ", ".join(each.name[-1] for each in things)
    if endpoint is None:
        return [f"not made: {names}; run 'pulumi up --refresh' in the stacks that declare them"]
    store = engine.S3StateStore(endpoint)
    touched = []
    try:
        for stack in project.stacks:
            state = store.load(stack)
            if state is None:
                continue
            lost = [
                urn for urn, item in state.resources.items() if any(_about(item, each) for each in things)
            ]
            for urn in lost:
                del state.resources[urn]
            if lost:
                store.save(state)
                touched.append(stack)
    finally:
        store.close()
    return (
        [f"noted that {names} is gone; run 'mesh up {' '.join(touched)}' to make it again"] if touched else []
    )


def _about(item: engine.ResourceState, finding: Finding) -> bool:
    """Whether a kept resource is the thing that is gone, or hangs on it."""
    given, name = item.inputs, finding.name
    account = str(given.get("catalogId") or item.account)
    if finding.what != "role" and account != finding.account:
        return False
    match finding.what:
        case "database" | "link":
            return item.type == "aws:glue/catalogDatabase:CatalogDatabase" and given.get("name") == name[0]
        case "table":
            columns = given.get("tableWithColumns") or given.get("table") or {}
            made = item.type == "aws:glue/catalogTable:CatalogTable" and given.get("name") == name[1]
            tagged = item.type.endswith(":ResourceLfTags") and columns.get("name") == name[1]
            database = given.get("databaseName") or columns.get("databaseName")
            return (made or tagged) and database == name[0]
        case "filter":
            data = given.get("tableData") or {}
            return bool(data) and (data["databaseName"], data["tableName"], data["name"]) == name
        case "location":
            return item.type == "aws:lakeformation/resource:Resource" and given.get("arn") == name[0]
        case _:
            role = item.type == "aws:iam/role:Role" and item.outputs.get("arn") == name[0]
            return role or (
                item.type == "aws:iam/rolePolicy:RolePolicy"
                and item.account == finding.account
                and given.get("role") == name[0].rsplit("/", 1)[-1]
            )
