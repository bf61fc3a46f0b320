"""LF-tags: their definitions, what they are put on, and what is inherited."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.local_cloud.world import CENTRAL, STEWARD, code, columns, role, tag

DATABASE = {"Database": {"Name": "sales"}}
TABLE = {"Table": {"DatabaseName": "sales", "Name": "orders"}}


def of_columns(*names):
    return {"TableWithColumns": {"DatabaseName": "sales", "Name": "orders", "ColumnNames": list(names)}}


def pairs(tags):
    return {each["TagKey"]: each["TagValues"][0] for each in tags}


def test_values_are_kept_in_lower_case_and_keys_once(governed):
    lake = governed.client("lakeformation")
    lake.create_lf_tag(TagKey="Team", TagValues=["Red", "BLUE", "red"])
    found = lake.get_lf_tag(TagKey="team")
    assert (found["TagKey"], found["TagValues"]) == ("team", ["red", "blue"]), "case is folded"
    with pytest.raises(ClientError) as caught:
        lake.create_lf_tag(TagKey="TEAM", TagValues=["green"])
    assert code(caught) == "AlreadyExistsException", "a key is defined once"


def test_a_tag_is_put_beside_those_of_other_keys_and_in_place_of_its_own(governed):
    lake = governed.client("lakeformation")
    assert tag(lake, DATABASE, sensitivity="internal") == [], "nothing fails"
    found = pairs(lake.get_resource_lf_tags(Resource=DATABASE)["LFTagOnDatabase"])
    assert found == {"product": "sales", "sensitivity": "internal"}, (
        "the other key stays, the value is replaced"
    )


@pytest.mark.parametrize(("key", "value"), [("colour", "red"), ("sensitivity", "unheard-of")])
def test_an_undefined_tag_or_value_fails_without_stopping_the_others(governed, key, value):
    lake = governed.client("lakeformation")
    failures = tag(lake, DATABASE, **{key: value, "product": "other"})
    assert [failure["LFTag"]["TagKey"] for failure in failures] == [key], "the bad tag fails"
    assert failures[0]["Error"]["ErrorCode"] == "EntityNotFoundException", "because nobody defined it"
    found = pairs(lake.get_resource_lf_tags(Resource=DATABASE)["LFTagOnDatabase"])
    assert found["product"] == "other", "the good tag is put on"


def test_tables_and_columns_inherit_unless_assigned_tags_alone_are_asked_for(governed):
    lake = governed.client("lakeformation")
    seen = lake.get_resource_lf_tags(Resource=TABLE)
    assert pairs(seen["LFTagsOnTable"]) == {"product": "sales", "sensitivity": "internal"}, (
        "own over inherited"
    )
    by_column = {each["Name"]: pairs(each["LFTags"]) for each in seen["LFTagsOnColumns"]}
    assert by_column == {
        "id": {"product": "sales", "sensitivity": "internal"},
        "amount": {"product": "sales", "sensitivity": "internal"},
        "age": {"product": "sales", "sensitivity": "restricted"},
    }, "each column has what it inherits and what it overrides"
    own = lake.get_resource_lf_tags(Resource=TABLE, ShowAssignedLFTags=True)
    assert pairs(own["LFTagsOnTable"]) == {"sensitivity": "internal"}, "assigned to the table itself"
    assert [each["Name"] for each in own["LFTagsOnColumns"]] == ["age"], "assigned to columns themselves"
    asked = lake.get_resource_lf_tags(Resource=of_columns("age"), ShowAssignedLFTags=True)
    assert pairs(asked["LFTagsOnColumns"][0]["LFTags"]) == {"sensitivity": "restricted"}, (
        "of the column asked for"
    )


def test_removing_a_tag_leaves_the_inherited_one(governed):
    lake = governed.client("lakeformation")
    lake.remove_lf_tags_from_resource(
        Resource=TABLE, LFTags=[{"TagKey": "sensitivity", "TagValues": ["internal"]}]
    )
    seen = lake.get_resource_lf_tags(Resource=TABLE)
    assert pairs(seen["LFTagsOnTable"])["sensitivity"] == "restricted", "the database's value shows through"


def test_a_value_or_key_that_is_deleted_comes_off_what_carries_it(governed):
    lake = governed.client("lakeformation")
    lake.update_lf_tag(TagKey="sensitivity", TagValuesToAdd=["secret"], TagValuesToDelete=["internal"])
    assert lake.get_lf_tag(TagKey="sensitivity")["TagValues"] == ["restricted", "secret"], "values change"
    own = lake.get_resource_lf_tags(Resource=TABLE, ShowAssignedLFTags=True)
    assert own["LFTagsOnTable"] == [], "the deleted value is off the table"
    lake.delete_lf_tag(TagKey="sensitivity")
    found = pairs(lake.get_resource_lf_tags(Resource=DATABASE)["LFTagOnDatabase"])
    assert found == {"product": "sales"}, "the deleted key is off the database"
    with pytest.raises(ClientError) as caught:
        lake.get_lf_tag(TagKey="sensitivity")
    assert code(caught) == "EntityNotFoundException", "and is defined no more"


def test_a_column_that_is_dropped_takes_its_tags_along(governed):
    glue, lake = governed.client("glue"), governed.client("lakeformation")
    glue.update_table(DatabaseName="sales", TableInput={"Name": "orders", **columns("id", "amount")})
    glue.update_table(DatabaseName="sales", TableInput={"Name": "orders", **columns("id", "amount", "age")})
    own = lake.get_resource_lf_tags(Resource=TABLE, ShowAssignedLFTags=True)
    assert own["LFTagsOnColumns"] == [], "a column of the same name starts anew"


def test_resources_are_found_by_their_tags(governed):
    lake = governed.client("lakeformation")
    wanted = [{"TagKey": "sensitivity", "TagValues": ["internal"]}]
    tables = lake.search_tables_by_lf_tags(Expression=wanted)["TableList"]
    assert [each["Table"]["Name"] for each in tables] == ["orders"], "the table matches by its own tag"
    assert lake.search_databases_by_lf_tags(Expression=wanted)["DatabaseList"] == [], "the database does not"
    lake.remove_lf_tags_from_resource(
        Resource=DATABASE, LFTags=[{"TagKey": "product", "TagValues": ["sales"]}]
    )
    gone = [{"TagKey": "product", "TagValues": ["sales"]}]
    assert lake.search_tables_by_lf_tags(Expression=gone)["TableList"] == [], (
        "what is not inherited is not found"
    )


def test_only_administrators_and_creators_define_tags(governed):
    steward = governed.client("lakeformation", name=STEWARD)
    with pytest.raises(ClientError) as caught:
        steward.create_lf_tag(TagKey="mine", TagValues=["a"])
    assert code(caught) == "AccessDeniedException", "a steward is no administrator"
    with pytest.raises(ClientError) as caught:
        steward.delete_lf_tag(TagKey="sensitivity")
    assert code(caught) == "AccessDeniedException", "nor may it delete another's tag"
    governed.grant(role(CENTRAL, STEWARD), {"Catalog": {}}, "CREATE_LF_TAG")
    steward.create_lf_tag(TagKey="mine", TagValues=["a"])
    steward.update_lf_tag(TagKey="mine", TagValuesToAdd=["b"])
    assert steward.get_lf_tag(TagKey="mine")["TagValues"] == ["a", "b"], "what it made it may change"


def test_a_steward_tags_its_own_tables_with_values_it_may_associate(governed):
    steward, glue = governed.client("lakeformation", name=STEWARD), governed.client("glue", name=STEWARD)
    arn = role(CENTRAL, STEWARD)
    governed.grant(arn, DATABASE, "CREATE_TABLE")
    governed.grant(arn, {"LFTag": {"TagKey": "sensitivity", "TagValues": ["internal"]}}, "ASSOCIATE")
    glue.create_table(DatabaseName="sales", TableInput={"Name": "mine", **columns("a")})
    mine = {"Table": {"DatabaseName": "sales", "Name": "mine"}}
    assert tag(steward, mine, sensitivity="internal") == [], "its table, its value"
    refused = tag(steward, mine, sensitivity="restricted")
    assert refused[0]["Error"]["ErrorCode"] == "AccessDeniedException", "a value it may not associate"
    refused = tag(steward, TABLE, sensitivity="internal")
    assert refused[0]["Error"]["ErrorCode"] == "AccessDeniedException", "a table that is not its own"
