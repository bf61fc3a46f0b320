"""The embedded Feature Store's own rules: what a record must be, which one wins, and what deletion leaves."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from features_case import World

GROUP = "mesh-ml-coe-claims"
_ids = itertools.count(10_000)


@pytest.fixture
def number() -> str:
    """An identifier that no other test uses."""
    return str(next(_ids))


@pytest.fixture(scope="module")
def runtime(world: World):
    return world.acting("pipeline").client("sagemaker-featurestore-runtime")


def record(number: str, at: str, **values: str) -> list[dict[str, str]]:
    given = {"claim_no": number, "filed_at": at, **values}
    return [{"FeatureName": name, "ValueAsString": value} for name, value in given.items()]


def online(runtime: Any, number: str) -> dict[str, str] | None:
    found = runtime.get_record(FeatureGroupName=GROUP, RecordIdentifierValueAsString=number).get("Record")
    return {each["FeatureName"]: each["ValueAsString"] for each in found} if found else None


def offline(world: World, number: str) -> list[tuple[Any, ...]]:
    sql = f"SELECT filed_at, vehicle, is_deleted FROM claims WHERE claim_no = {number} ORDER BY write_time"
    answer = world.ask("pipeline", sql)
    assert answer.error is None, answer.error
    return list(answer.rows)


def test_the_newest_event_time_wins_online_and_every_record_is_kept_offline(world, runtime, number) -> None:
    for at, vehicle in (
        ("2026-02-01T00:00:00Z", "car"),
        ("2026-03-01T00:00:00Z", "van"),
        ("2026-01-01T00:00:00Z", "late"),
    ):
        runtime.put_record(FeatureGroupName=GROUP, Record=record(number, at, vehicle=vehicle))
    found = online(runtime, number)
    assert found is not None
    assert found["vehicle"] == "van", "a late arrival does not go back in time"
    assert [row[1] for row in offline(world, number)] == ["car", "van", "late"]


def test_a_record_of_the_same_event_time_is_history_only(world, runtime, number) -> None:
    for vehicle in ("first", "second"):
        runtime.put_record(
            FeatureGroupName=GROUP, Record=record(number, "2026-02-01T00:00:00.000Z", vehicle=vehicle)
        )
    assert online(runtime, number)["vehicle"] == "first", "only a greater event time replaces"
    assert len(offline(world, number)) == 2


def test_a_put_replaces_the_whole_record(runtime, number) -> None:
    runtime.put_record(
        FeatureGroupName=GROUP, Record=record(number, "2026-02-01T00:00:00Z", vehicle="car", mileage="1.5")
    )
    runtime.put_record(FeatureGroupName=GROUP, Record=record(number, "2026-02-02T00:00:00Z", vehicle="van"))
    assert "mileage" not in online(runtime, number), "what is not sent has no value"


@pytest.mark.parametrize("store", ["OnlineStore", "OfflineStore"])
def test_one_store_can_be_written_alone(world, runtime, number, store: str) -> None:
    sent = record(number, "2026-02-01T00:00:00Z", vehicle="car")
    runtime.put_record(FeatureGroupName=GROUP, Record=sent, TargetStores=[store])
    assert (online(runtime, number) is not None) is (store == "OnlineStore")
    assert bool(offline(world, number)) is (store == "OfflineStore")


def test_a_soft_deletion_hides_the_record_and_leaves_a_marker(world, runtime, number) -> None:
    runtime.put_record(FeatureGroupName=GROUP, Record=record(number, "2026-02-01T00:00:00Z", vehicle="car"))
    runtime.delete_record(
        FeatureGroupName=GROUP, RecordIdentifierValueAsString=number, EventTime="2026-03-01T00:00:00Z"
    )
    assert online(runtime, number) is None
    assert offline(world, number)[-1] == ("2026-03-01T00:00:00Z", None, "true"), "all other features are null"
    runtime.put_record(FeatureGroupName=GROUP, Record=record(number, "2026-02-15T00:00:00Z", vehicle="van"))
    assert online(runtime, number) is None, "older than the deletion"
    runtime.put_record(FeatureGroupName=GROUP, Record=record(number, "2026-04-01T00:00:00Z", vehicle="van"))
    assert online(runtime, number) is not None, "newer than the deletion"


def test_a_soft_deletion_of_the_past_leaves_the_record(world, runtime, number) -> None:
    runtime.put_record(FeatureGroupName=GROUP, Record=record(number, "2026-02-01T00:00:00Z", vehicle="car"))
    runtime.delete_record(
        FeatureGroupName=GROUP, RecordIdentifierValueAsString=number, EventTime="2026-01-01T00:00:00Z"
    )
    assert online(runtime, number) is not None
    assert [row[2] for row in offline(world, number)] == ["false", "true"], (
        "the marker is written all the same"
    )


def test_a_hard_deletion_forgets_and_one_of_the_past_is_refused(world, runtime, number) -> None:
    runtime.put_record(FeatureGroupName=GROUP, Record=record(number, "2026-02-01T00:00:00Z", vehicle="car"))
    with pytest.raises(ClientError) as caught:
        runtime.delete_record(
            FeatureGroupName=GROUP, RecordIdentifierValueAsString=number, EventTime="2026-02-01T00:00:00Z",
            DeletionMode="HardDelete",
        )  # fmt: skip
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert "EventTime" in str(caught.value)
    assert len(offline(world, number)) == 1, "no marker was written"
    runtime.delete_record(
        FeatureGroupName=GROUP, RecordIdentifierValueAsString=number, EventTime="2026-02-02T00:00:00Z",
        DeletionMode="HardDelete",
    )  # fmt: skip
    assert online(runtime, number) is None
    runtime.put_record(FeatureGroupName=GROUP, Record=record(number, "2026-01-15T00:00:00Z", vehicle="van"))
    assert online(runtime, number) is not None, "nothing is left to compare with"


def test_a_record_ends_when_its_time_to_live_is_over(runtime, number) -> None:
    ended = {"Unit": "Days", "Value": 1}
    runtime.put_record(
        FeatureGroupName=GROUP, Record=record(number, "2026-01-01T00:00:00Z"), TtlDuration=ended
    )
    assert online(runtime, number) is None
    lasting = {"Unit": "Weeks", "Value": 5_000}
    runtime.put_record(
        FeatureGroupName=GROUP, Record=record(number, "2026-01-02T00:00:00Z"), TtlDuration=lasting
    )
    answer = runtime.get_record(
        FeatureGroupName=GROUP, RecordIdentifierValueAsString=number, ExpirationTimeResponse="Enabled"
    )
    assert answer["ExpiresAt"] > "2100-"


WRONG: list[tuple[str, Callable[[str], list[dict[str, str]]]]] = [
    ("no feature colour", lambda n: record(n, "2026-01-01T00:00:00Z", colour="red")),
    ("Missing record identifier feature claim_no", lambda n: record(n, "2026-01-01T00:00:00Z")[1:]),
    ("Missing event time feature filed_at", lambda n: record(n, "x")[:1]),
    ("is not Integral", lambda n: record(n, "2026-01-01T00:00:00Z", garaged="true")),
    ("is not Integral", lambda n: record("12.5", "2026-01-01T00:00:00Z")),
    ("is not Integral", lambda n: record(str(2**63), "2026-01-01T00:00:00Z")),
    ("is not Fractional", lambda n: record(n, "2026-01-01T00:00:00Z", mileage="far")),
    (
        "more than once",
        lambda n: [*record(n, "2026-01-01T00:00:00Z"), {"FeatureName": "claim_no", "ValueAsString": "1"}],
    ),
    ("none of the formats", lambda n: record(n, "2026-01-01")),
    ("none of the formats", lambda n: record(n, "2026-01-01T00:00:00+01:00")),
    ("none of the formats", lambda n: record(n, "2026-13-01T00:00:00Z")),
    ("none of the formats", lambda n: record(n, "1767225600")),
]


@pytest.mark.parametrize(
    ("said", "wrong"), WRONG, ids=[f"{index}: {said}" for index, (said, _) in enumerate(WRONG)]
)
def test_a_wrong_record_is_refused_and_nothing_of_it_is_kept(
    world, runtime, number, said: str, wrong: Callable[[str], list[dict[str, str]]]
) -> None:
    with pytest.raises(ClientError) as caught:
        runtime.put_record(FeatureGroupName=GROUP, Record=wrong(number))
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert said in str(caught.value)
    assert online(runtime, number) is None
    assert offline(world, number) == []


def test_a_batch_takes_what_is_right_and_names_what_is_not(runtime, number) -> None:
    good, bad = record(number, "2026-01-01T00:00:00Z"), record(number, "yesterday")
    answer = runtime.batch_write_record(
        Entries=[{"FeatureGroupName": GROUP, "Record": good}, {"FeatureGroupName": GROUP, "Record": bad}]
    )
    assert [error["Entry"]["Record"] for error in answer["Errors"]] == [bad]
    assert answer["Errors"][0]["ErrorCode"] == "ValidationError"
    assert answer["UnprocessedEntries"] == []
    assert online(runtime, number) is not None, "the other one was written"


def test_a_batch_get_gives_what_is_there_with_the_features_asked_for(runtime, number) -> None:
    runtime.put_record(FeatureGroupName=GROUP, Record=record(number, "2026-01-01T00:00:00Z", vehicle="car"))
    answer = runtime.batch_get_record(
        Identifiers=[
            {
                "FeatureGroupName": GROUP,
                "RecordIdentifiersValueAsString": [number, "0"],
                "FeatureNames": ["vehicle"],
            }
        ]
    )
    (found,) = answer["Records"]
    assert found["Record"] == [{"FeatureName": "vehicle", "ValueAsString": "car"}]
    assert answer["Errors"] == [], "nobody's record is no error"


def test_a_group_that_is_not_there_is_said_so(world) -> None:
    admin = world.acting().client("sagemaker")
    with pytest.raises(ClientError) as caught:
        admin.describe_feature_group(FeatureGroupName="nobody")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFound"
    assert "can't find a FeatureGroup with name nobody" in str(caught.value)


@pytest.fixture
def admin(world: World) -> Iterator[Any]:
    client = world.acting().client("sagemaker")
    yield client
    for each in client.list_feature_groups(NameContains="extra")["FeatureGroupSummaries"]:
        client.delete_feature_group(FeatureGroupName=each["FeatureGroupName"])


def definition(**more: Any) -> dict[str, Any]:
    return {
        "FeatureGroupName": "extra",
        "RecordIdentifierFeatureName": "id",
        "EventTimeFeatureName": "at",
        "FeatureDefinitions": [
            {"FeatureName": "id", "FeatureType": "String"},
            {"FeatureName": "at", "FeatureType": "Fractional"},
        ],
        "OnlineStoreConfig": {"EnableOnlineStore": True},
        **more,
    }


ROLE = "arn:aws:iam::333344445555:role/mesh-ml-coe-features-writer"
ELSEWHERE = {"S3StorageConfig": {"S3Uri": "s3://mesh-ml-coe-models-333344445555-eu-west-1/x"}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"RecordIdentifierFeatureName": "key"}, "not part of the FeatureDefinitions"),
        ({"EventTimeFeatureName": "key"}, "not part of the FeatureDefinitions"),
        ({"OnlineStoreConfig": {"EnableOnlineStore": False}}, "OnlineStore or an OfflineStore"),
        ({"FeatureGroupName": "no spaces"}, "failed to satisfy constraint"),
        ({"FeatureDefinitions": [{"FeatureName": "is_deleted", "FeatureType": "String"}]}, "reserved"),
        ({"FeatureDefinitions": [{"FeatureName": "id", "FeatureType": "String"},
                                 {"FeatureName": "at", "FeatureType": "Integral"}]}, "String or Fractional"),
        ({"OfflineStoreConfig": ELSEWHERE}, "RoleArn is required"),
        ({"OfflineStoreConfig": ELSEWHERE, "RoleArn": ROLE}, "Invalid S3Uri"),
        ({"OfflineStoreConfig": ELSEWHERE, "RoleArn": f"{ROLE}-nobody"}, "Could not assume role"),
    ],
)  # fmt: skip
def test_a_wrong_group_is_refused(admin, change: dict[str, Any], said: str) -> None:
    with pytest.raises(ClientError) as caught:
        admin.create_feature_group(**definition(**change))
    assert said in str(caught.value)
    assert admin.list_feature_groups(NameContains="extra")["FeatureGroupSummaries"] == []


def test_a_group_lives_from_create_to_delete(admin) -> None:
    arn = admin.create_feature_group(**definition())["FeatureGroupArn"]
    with pytest.raises(ClientError, match="already exists"):
        admin.create_feature_group(**definition())
    admin.update_feature_group(
        FeatureGroupName="extra", FeatureAdditions=[{"FeatureName": "more", "FeatureType": "Integral"}]
    )
    described = admin.describe_feature_group(FeatureGroupName="extra")
    assert [each["FeatureName"] for each in described["FeatureDefinitions"]] == ["id", "at", "more"]
    assert described["FeatureGroupArn"] == arn
    assert described["LastUpdateStatus"]["Status"] == "Successful"
    with pytest.raises(ClientError, match="already exists in the FeatureGroup"):
        admin.update_feature_group(
            FeatureGroupName="extra", FeatureAdditions=[{"FeatureName": "more", "FeatureType": "String"}]
        )
    names = [each["FeatureGroupName"] for each in admin.list_feature_groups()["FeatureGroupSummaries"]]
    assert set(names) == {"extra", GROUP, "mesh-ml-coe-claims-audit"}
    admin.delete_feature_group(FeatureGroupName="extra")
    with pytest.raises(ClientError, match="can't find"):
        admin.delete_feature_group(FeatureGroupName="extra")


def test_the_table_that_feature_store_would_make_is_refused_by_lake_formation(world, admin) -> None:
    uri = "s3://mesh-ml-coe-features-333344445555-eu-west-1/offline/extra"
    admin.create_feature_group(
        **definition(
            OfflineStoreConfig={"S3StorageConfig": {"S3Uri": uri}}, RoleArn=ROLE, OnlineStoreConfig={}
        )
    )
    described = admin.describe_feature_group(FeatureGroupName="extra")
    assert described["FeatureGroupStatus"] == "CreateFailed"
    assert "Insufficient Lake Formation permission(s)" in described["FailureReason"], (
        "so the program makes it"
    )
