"""Grants as they are made, merged, listed and taken away."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.local_cloud.world import ANALYST, CENTRAL, CONSUMER, PRODUCER, code, columns, policy, role, who

ALICE, BOB = role(CENTRAL, "alice"), role(CENTRAL, "bob")
TABLE = {"Table": {"CatalogId": CENTRAL, "DatabaseName": "sales", "Name": "orders"}}


def listed(world, **wanted):
    entries = world.client("lakeformation").list_permissions(**wanted)["PrincipalResourcePermissions"]
    return [
        (next(iter(entry["Resource"])), entry["Permissions"], entry["PermissionsWithGrantOption"])
        for entry in entries
    ]


def test_select_on_a_table_comes_back_apart_with_a_column_wildcard(governed):
    governed.grant(ALICE, TABLE, "SELECT", "DESCRIBE", option=True)
    found = listed(governed, Principal=who(ALICE), Resource=TABLE)
    assert found == [
        ("Table", ["DESCRIBE"], ["DESCRIBE"]),
        ("TableWithColumns", ["SELECT"], ["SELECT"]),
    ], "Lake Formation lists SELECT on a table as one on all its columns"


def test_all_comes_back_spelled_out(governed):
    governed.grant(ALICE, TABLE, "ALL")
    found = listed(governed, Principal=who(ALICE), Resource=TABLE)
    assert found[0][1] == ["ALL", "ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT"], (
        "ALL is listed with its parts"
    )
    assert found[1][1] == ["SELECT"], "and its SELECT as a column grant"


def test_granting_again_adds_to_what_is_held(governed):
    governed.grant(ALICE, TABLE, "DESCRIBE")
    governed.grant(ALICE, TABLE, "ALTER")
    assert listed(governed, Principal=who(ALICE), Resource=TABLE) == [("Table", ["ALTER", "DESCRIBE"], [])], (
        "two grants on one resource are one entry"
    )


@pytest.mark.parametrize(
    ("shape", "back"),
    [
        ({"ColumnNames": ["id", "amount"]}, {"ColumnNames": ["amount", "id"]}),
        (
            {"ColumnWildcard": {"ExcludedColumnNames": ["age"]}},
            {"ColumnWildcard": {"ExcludedColumnNames": ["age"]}},
        ),
        ({"ColumnWildcard": {}}, {"ColumnWildcard": {}}),
    ],
)
def test_column_grants_come_back_with_the_columns_they_were_made_for(governed, shape, back):
    governed.grant(
        ALICE, {"TableWithColumns": {"DatabaseName": "sales", "Name": "orders", **shape}}, "SELECT"
    )
    entries = governed.client("lakeformation").list_permissions(Principal=who(ALICE), Resource=TABLE)
    found = [entry["Resource"]["TableWithColumns"] for entry in entries["PrincipalResourcePermissions"]]
    whole = {"CatalogId": CENTRAL, "DatabaseName": "sales", "Name": "orders", **back}
    assert found == [whole], "a table lists the grants on its columns"


def test_every_kind_of_resource_is_found_by_itself_and_by_its_type(governed):
    lake = governed.client("lakeformation")
    lake.register_resource(ResourceArn="arn:aws:s3:::lake/curated", RoleArn=role(CENTRAL, "registration"))
    cells = {"TableCatalogId": CENTRAL, "DatabaseName": "sales", "TableName": "orders", "Name": "few"}
    lake.create_data_cells_filter(
        TableData={**cells, "ColumnNames": ["id"], "RowFilter": {"AllRowsWildcard": {}}}
    )
    resources = {
        "CATALOG": ({"Catalog": {}}, "CREATE_DATABASE"),
        "DATABASE": ({"Database": {"Name": "sales"}}, "DESCRIBE"),
        "TABLE": ({"Table": {"DatabaseName": "sales", "TableWildcard": {}}}, "DESCRIBE"),
        "DATA_LOCATION": (
            {"DataLocation": {"ResourceArn": "arn:aws:s3:::lake/curated"}},
            "DATA_LOCATION_ACCESS",
        ),
        "LF_TAG": ({"LFTag": {"TagKey": "product", "TagValues": ["sales"]}}, "ASSOCIATE"),
        "LF_TAG_POLICY_DATABASE": (policy("DATABASE", product=["sales"]), "DESCRIBE"),
        "LF_TAG_POLICY_TABLE": (policy("TABLE", product=["sales"]), "SELECT"),
    }
    for resource, permission in resources.values():
        governed.grant(BOB, resource, permission)
    governed.grant(BOB, {"DataCellsFilter": cells}, "SELECT")
    for kind, (resource, permission) in resources.items():
        assert [entry[1] for entry in listed(governed, Principal=who(BOB), Resource=resource)] == [
            [permission]
        ], f"{kind} is found by its resource"
        of_type = listed(governed, Principal=who(BOB), ResourceType=kind)
        assert [permission] in [entry[1] for entry in of_type], f"{kind} is found by its type"
    assert listed(governed, Principal=who(BOB), Resource={"DataCellsFilter": cells}) == [
        ("DataCellsFilter", ["SELECT"], [])
    ], "a filter is found by its name"


def test_a_tag_policy_is_the_same_in_whatever_order_it_is_written(governed):
    governed.grant(
        ALICE, policy("TABLE", sensitivity=["restricted", "internal"], product=["sales"]), "SELECT"
    )
    wanted = policy("TABLE", product=["sales"], sensitivity=["internal", "restricted"])
    assert len(listed(governed, Principal=who(ALICE), Resource=wanted)) == 1, (
        "order means nothing in an expression"
    )
    fewer = policy("TABLE", product=["sales"], sensitivity=["internal"])
    assert listed(governed, Principal=who(ALICE), Resource=fewer) == [], (
        "another expression is another policy"
    )


def test_lists_come_in_pages(governed):
    for number in range(5):
        governed.grant(role(CENTRAL, f"role{number}"), TABLE, "DESCRIBE")
    lake, token, found = governed.client("lakeformation"), {}, []
    for _ in range(3):
        answer = lake.list_permissions(Resource=TABLE, MaxResults=2, **token)
        found += answer["PrincipalResourcePermissions"]
        token = {"NextToken": answer.get("NextToken")}
    assert len(found) == 5, "all pages together hold everything"
    assert token == {"NextToken": None}, "the last page has no token"


def test_revoking_takes_what_is_named_and_leaves_the_rest(governed):
    governed.grant(ALICE, TABLE, "SELECT", "DESCRIBE", "ALTER", option=True)
    lake = governed.client("lakeformation")
    lake.revoke_permissions(Principal=who(ALICE), Resource=TABLE, Permissions=["ALTER"])
    found = listed(governed, Principal=who(ALICE), Resource=TABLE)
    assert found == [("Table", ["DESCRIBE"], ["DESCRIBE"]), ("TableWithColumns", ["SELECT"], ["SELECT"])], (
        "the grant option goes with the permission"
    )
    lake.revoke_permissions(
        Principal=who(ALICE),
        Resource=TABLE,
        Permissions=["SELECT", "DESCRIBE"],
        PermissionsWithGrantOption=["SELECT", "DESCRIBE"],
    )
    assert listed(governed, Principal=who(ALICE), Resource=TABLE) == [], "nothing is left"


def test_revoking_nothing_is_an_error_that_says_so(governed):
    with pytest.raises(ClientError, match=r"No permissions revoked\. Grantee has no permissions") as caught:
        governed.client("lakeformation").revoke_permissions(
            Principal=who(ALICE), Resource=TABLE, Permissions=["SELECT"]
        )
    assert code(caught) == "InvalidInputException", (
        "deployers take exactly this for proof that a grant is gone"
    )


def test_batches_report_failures_and_do_the_rest(governed):
    lake = governed.client("lakeformation")
    missing = {"Table": {"DatabaseName": "sales", "Name": "nothing"}}
    entries = [
        {"Id": "1", "Principal": who(ALICE), "Resource": TABLE, "Permissions": ["SELECT"]},
        {"Id": "2", "Principal": who(ALICE), "Resource": missing, "Permissions": ["SELECT"]},
    ]
    failures = lake.batch_grant_permissions(Entries=entries)["Failures"]
    assert [failure["RequestEntry"]["Id"] for failure in failures] == ["2"], "only the bad entry fails"
    assert failures[0]["Error"]["ErrorCode"] == "EntityNotFoundException", "and says why"
    assert len(listed(governed, Principal=who(ALICE), Resource=TABLE)) == 1, "the good one was made"
    failures = lake.batch_revoke_permissions(Entries=entries)["Failures"]
    assert [failure["RequestEntry"]["Id"] for failure in failures] == ["2"], "revoking likewise"
    assert listed(governed, Principal=who(ALICE), Resource=TABLE) == [], "the good one is gone"


@pytest.mark.parametrize(
    ("resource", "permission", "error"),
    [
        ({"Database": {"Name": "nothing"}}, "DESCRIBE", "EntityNotFoundException"),
        (policy("TABLE", product=["unheard-of"]), "SELECT", "EntityNotFoundException"),
        ({"LFTag": {"TagKey": "colour", "TagValues": ["red"]}}, "DESCRIBE", "EntityNotFoundException"),
        (
            {"DataLocation": {"ResourceArn": "arn:aws:s3:::unknown"}},
            "DATA_LOCATION_ACCESS",
            "InvalidInputException",
        ),
        (
            {"TableWithColumns": {"DatabaseName": "sales", "Name": "orders", "ColumnNames": ["shoe"]}},
            "SELECT",
            "InvalidInputException",
        ),
        (TABLE, "CREATE_TABLE", "InvalidInputException"),
    ],
)
def test_grants_on_what_is_not_there_or_cannot_be_granted_are_refused(governed, resource, permission, error):
    with pytest.raises(ClientError) as caught:
        governed.grant(ALICE, resource, permission)
    assert code(caught) == error, "the refusal has Lake Formation's own code"


def test_defaults_of_a_fresh_account_open_new_databases_and_tables_to_iam(world):
    glue, lake = world.client("glue"), world.client("lakeformation")
    settings = lake.get_data_lake_settings()["DataLakeSettings"]
    assert settings["Parameters"] == {"CROSS_ACCOUNT_VERSION": "1", "SET_CONTEXT": "TRUE"}, (
        "a fresh account's"
    )
    glue.create_database(DatabaseInput={"Name": "open"})
    glue.create_table(DatabaseName="open", TableInput={"Name": "t", **columns("a")})
    for resource in ({"Database": {"Name": "open"}}, {"Table": {"DatabaseName": "open", "Name": "t"}}):
        entries = lake.list_permissions(Principal=who("IAM_ALLOWED_PRINCIPALS"), Resource=resource)
        found = [entry["Permissions"] for entry in entries["PrincipalResourcePermissions"]]
        assert found == [["ALL"]], "IAMAllowedPrincipals hold ALL, and only ALL is listed"
    stranger = world.client("glue", name="stranger")
    assert stranger.get_table(DatabaseName="open", Name="t")["Table"]["Name"] == "t", (
        "so anybody of it may look"
    )


def test_cleared_settings_open_nothing_and_everything_granted_goes_with_the_table(governed):
    glue, lake = governed.client("glue"), governed.client("lakeformation")
    assert listed(governed, Principal=who("IAM_ALLOWED_PRINCIPALS"), Resource=TABLE) == [], (
        "nobody by IAM alone"
    )
    governed.grant(ALICE, TABLE, "SELECT")
    glue.delete_table(DatabaseName="sales", Name="orders")
    glue.create_table(DatabaseName="sales", TableInput={"Name": "orders", **columns("id")})
    assert listed(governed, Principal=who(ALICE), Resource=TABLE) == [], (
        "a new table starts without old grants"
    )
    tags = lake.get_resource_lf_tags(Resource=TABLE, ShowAssignedLFTags=True)
    assert tags["LFTagsOnTable"] == [], "and without old tags"


def test_a_list_without_a_resource_holds_re_grants_on_other_catalogs_too(governed):
    governed.together(CENTRAL, CONSUMER)
    governed.govern(CONSUMER)
    governed.grant(CONSUMER, policy("TABLE", product=["sales"]), "SELECT", "DESCRIBE", option=True)
    lake = governed.client("lakeformation", CONSUMER)
    analyst = role(CONSUMER, ANALYST)
    lake.grant_permissions(
        Principal=who(analyst), Resource=policy("TABLE", product=["sales"]), Permissions=["SELECT"]
    )
    found = lake.list_permissions()["PrincipalResourcePermissions"]
    assert [entry["Principal"] for entry in found] == [who(analyst)], "the re-grant is kept where it was made"
    assert found[0]["Resource"]["LFTagPolicy"]["CatalogId"] == CENTRAL, "on the catalog it is about"
    assert listed(governed, Principal=who(analyst), ResourceType="LF_TAG_POLICY") == [], (
        "central does not see it"
    )
    elsewhere = governed.client("lakeformation", PRODUCER).list_permissions()
    assert elsewhere["PrincipalResourcePermissions"] == [], "nor does anybody else"
