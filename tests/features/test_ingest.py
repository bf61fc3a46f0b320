"""`python -m training features`: rows become records and none is lost, and a training set is the product again."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import claims
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from features_case import World

from governance.errors import MeshError
from training.cli import main
from training.feature_store import Group, group_from
from training.feature_store import ingest as feature_ingest
from training.feature_store.ingest import BATCH, record_of, text
from training.outputs import outputs_from

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def training(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """The command line against the world, from a folder of its own."""
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(world.outputs()), encoding="utf-8")
    for name, value in (
        ("ENDPOINT_URL", world.endpoint),
        ("ACCESS_KEY_ID", "test"),
        ("SECRET_ACCESS_KEY", "test"),
    ):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        given = ["features", *arguments, "--outputs", str(outputs), "--work", str(tmp_path / "work")]
        code = main(given)
        said = capsys.readouterr()
        return code, said.out.strip(), said.err.strip()

    return run


def test_groups_are_listed(training: Run) -> None:
    code, out, _ = training("list")
    assert code == 0
    assert (
        "claims: 8 features of motor-claims.claims by claim_no, event time filed_at, online and offline"
        in out
    )
    assert "claims-audit: 4 features" in out


def test_every_row_of_the_product_is_a_record_in_both_stores(
    world: World, training: Run, tmp_path: Path
) -> None:
    code, out, err = training("ingest", "claims")
    assert code == 0, err
    assert f"{claims.ROWS} records" in out
    assert not list(tmp_path.rglob("*-refused.jsonl")), "nothing was refused, so there is no file"
    source = {row["claim_no"]: row for row in claims.rows()}
    answer = world.ask(
        "pipeline",
        f"SELECT count(*), count(mileage) FROM claims WHERE claim_no <= {claims.ROWS} AND NOT is_deleted",
    )
    with_mileage = sum(row["mileage"] is not None for row in source.values())
    assert answer.rows[0] == (str(claims.ROWS), str(with_mileage)), "each once, gaps as gaps"
    runtime = world.acting("data-scientist").client("sagemaker-featurestore-runtime")
    found = runtime.get_record(FeatureGroupName="mesh-ml-coe-claims", RecordIdentifierValueAsString="1")[
        "Record"
    ]
    online = {each["FeatureName"]: each["ValueAsString"] for each in found}
    assert online["filed_at"] == source[1]["filed_at"].replace("Z", ".000Z")
    assert online["amount"] == source[1]["amount"], "no digit is lost on the way"
    assert online["garaged"] == str(int(source[1]["garaged"]))
    assert "postcode" not in online


def test_a_training_set_from_the_store_is_the_product_again(
    world: World, training: Run, tmp_path: Path
) -> None:
    assert training("ingest", "claims")[0] == 0
    path = tmp_path / "set.parquet"
    code, query, err = training("dataset", "claims", "--at", "2026-12-31", "--save", str(path))
    assert code == 0, err
    names = ", ".join(claims.FEATURES)
    order = "ORDER BY claim_no"
    again = world.ask(
        "data-scientist", f"SELECT {names} FROM ({query}) WHERE claim_no <= {claims.ROWS} {order}"
    )
    source = world.ask("data-scientist", f"SELECT {names} FROM claims {order}", "rl_motor-claims")
    assert again.error is None, again.error
    assert len(again.rows) == claims.ROWS
    assert again.rows == source.rows, "types and values"
    kinds = {field.name: str(field.type) for field in pq.read_schema(path)}
    assert kinds["amount"] == "decimal128(10, 2)"
    assert kinds["insured_since"].startswith("date32")


def test_a_cutoff_leaves_the_future_out(world: World, training: Run) -> None:
    assert training("ingest", "claims")[0] == 0
    cutoff = "2026-01-10T00:00:00Z"
    _, query, _ = training("dataset", "claims", "--at", cutoff, "--columns", "claim_no")
    answer = world.ask("pipeline", f"SELECT count(*) FROM ({query}) WHERE claim_no <= {claims.ROWS}")
    known = sum(row["filed_at"] <= cutoff for row in claims.rows())
    assert 0 < known < claims.ROWS
    assert answer.rows == ((str(known),),)


def test_labels_with_times_of_their_own(training: Run, tmp_path: Path) -> None:
    assert training("ingest", "claims")[0] == 0
    labels = (
        'SELECT claim_no, filed_at - INTERVAL \'1\' DAY AS known, fraud FROM "rl_motor-claims"."claims" WHERE claim_no < 5 '
        'UNION ALL SELECT claim_no, filed_at AS known, fraud FROM "rl_motor-claims"."claims" WHERE claim_no < 5'
    )
    path = tmp_path / "labelled.parquet"
    code, out, err = training(
        "dataset", "claims", "--labels", labels, "--label-time", "known", "--save", str(path), "--json"
    )
    assert code == 0, err
    made = json.loads(out)
    assert made["database"] == "mesh_features", "what the pipeline takes beside the query"
    rows = pq.read_table(path).to_pylist()
    assert sorted(row["claim_no"] for row in rows) == [1, 2, 3, 4], "a day before, nothing was known"
    assert "vehicle" in rows[0], "the features are there"


def test_hidden_features_are_named_and_left_out(training: Run) -> None:
    code, query, err = training("dataset", "claims-audit", "--as", "data-scientist")
    assert code == 0, err
    assert "hidden from data-scientist: postcode" in err
    assert "postcode" not in query
    code, out, err = training("dataset", "claims-audit", "--as", "data-scientist", "--columns", "postcode")
    assert (code, out) == (2, "")
    assert err.splitlines() == ["--columns: 'postcode' is hidden from role 'data-scientist'"]
    code, query, _ = training("dataset", "claims-audit", "--as", "auditor")
    assert code == 0
    assert "postcode" in query, "who is cleared for it gets it"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ingest",), "name one of claims, claims-audit"),
        (("ingest", "claim"), "did you mean 'claims'"),
        (
            ("ingest", "claims", "--as", "data-scientist"),
            "not authorized to perform: sagemaker:BatchWriteRecord",
        ),
        (("ingest", "claims-audit", "--as", "pipeline"), "'postcode' cannot be resolved"),
        (("dataset", "claims", "--at", "tomorrow"), "'tomorrow' is no time"),
        (("dataset", "claims", "--label-time", "x"), "go together"),
        (
            ("dataset", "claims", "--labels", "SELECT 1", "--label-time", "x", "--at", "2026-01-01"),
            "leave one",
        ),
        (
            ("dataset", "claims", "--labels", "SELECT 1 AS x", "--label-time", "x"),
            "gives no column 'claim_no'",
        ),
        (("dataset", "claims", "--labels", "SELECT claim_no FROM nowhere", "--label-time", "x"), "nowhere"),
        (("dataset", "claims", "--columns", "vehicles"), "did you mean 'vehicle'"),
    ],
)
def test_what_cannot_be_done_is_one_line(training: Run, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = training(*arguments)
    assert code == 2
    assert out == ""
    assert said in err
    assert len(err.splitlines()) == 1, "no traceback"


GROUP = Group(
    name="g", group="mesh-g", product="p", table="t", database="d", offline_table="t", record_id="id", event_time="at",
    ingestion_time=False, online=False, role="pipeline", columns={"id": "bigint", "at": "timestamp", "x": "double"},
)  # fmt: skip
AT = dt.datetime(2026, 1, 2, 3, 4, 5, 678_901)


@pytest.mark.parametrize(
    ("value", "sent"),
    [(True, "1"), (False, "0"), (7, "7"), (0.1, "0.1"), (float("nan"), None), (float("inf"), None), (None, None),
     (Decimal("12.50"), "12.50"), (Decimal("1E+3"), "1000"), ("", ""), (dt.date(2026, 1, 2), "2026-01-02"),
     (AT, "2026-01-02T03:04:05.678Z")],
)  # fmt: skip
def test_values_are_sent_as_feature_store_reads_them(value: Any, sent: str | None) -> None:
    assert text(value) == sent


def test_a_row_without_identifier_or_event_time_is_no_record() -> None:
    assert record_of({"id": 1, "at": dt.date(2026, 1, 2), "x": None}, GROUP, "now") == [
        {"FeatureName": "id", "ValueAsString": "1"},
        {"FeatureName": "at", "ValueAsString": "2026-01-02T00:00:00.000Z"},
    ], "a date is its first moment, a gap is left out"
    with pytest.raises(ValueError, match="has no id"):
        record_of({"id": None, "at": AT}, GROUP, "now")
    with pytest.raises(ValueError, match="has no at"):
        record_of({"id": 1, "at": None}, GROUP, "now")


class Service:
    """A client whose answers are decided by the record's identifier."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.offers: dict[str, int] = {}
        self.taken: list[str] = []

    def batch_write_record(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.calls.append(len(Entries))
        errors, unprocessed = [], []
        for entry in Entries:
            name = entry["Record"][0]["ValueAsString"]
            self.offers[name] = self.offers.get(name, 0) + 1
            if int(name) % 10 == 3:
                errors.append({"Entry": entry, "ErrorCode": "ValidationError", "ErrorMessage": "bad"})
            elif int(name) % 10 == 7 and (self.offers[name] < 3 or name == "7"):
                unprocessed.append(entry)
            else:
                self.taken.append(name)
        return {"Errors": errors, "UnprocessedEntries": unprocessed}


def put(
    rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> tuple[Service, int, list[dict[str, str]]]:
    monkeypatch.setattr(feature_ingest.time, "sleep", lambda _: None)
    service, tally = Service(), feature_ingest._Tally()
    table = pa.Table.from_pylist(rows)
    feature_ingest._write(service, GROUP, feature_ingest._records(table, GROUP, "now"), tally)
    return service, tally.written, tally.failures


def test_no_row_is_lost_whatever_the_service_says(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[dict[str, Any]] = [{"id": number, "at": AT, "x": 1.0} for number in range(100)]
    rows[40]["id"] = None
    service, written, failures = put(rows, monkeypatch)
    assert written + len(failures) == 100
    assert written == len(service.taken) == len(set(service.taken)), "each record once"
    reasons = {failure["record"]: failure["reason"] for failure in failures}
    assert {name for name in reasons if name != "None"} == {str(n) for n in range(3, 100, 10)} | {"7"}
    assert reasons["13"] == "bad"
    assert "unprocessed" in reasons["7"], "it was offered again, and then given up with a reason"
    assert service.offers["17"] == 3, "what is left unprocessed is offered again"
    assert "has no id" in reasons["None"]
    assert max(service.calls) <= BATCH


def test_refused_records_are_in_a_file_and_the_run_fails(
    world: World, training: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = feature_ingest.record_of

    def spoilt(row: dict[str, Any], group: Group, now: str) -> Any:
        made = honest(row, group, now)
        if row["claim_no"] in (5, 6):
            made.append({"FeatureName": "colour", "ValueAsString": "red"})
        return made

    monkeypatch.setattr(feature_ingest, "record_of", spoilt)
    code, out, err = training("ingest", "claims")
    assert (code, out) == (2, "")
    assert f"2 of {claims.ROWS} records were not taken" in err
    assert "no feature colour" in err
    (path,) = tmp_path.rglob("*-refused.jsonl")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert sorted(line["record"] for line in lines) == ["5", "6"]
    assert str(path) in err
    monkeypatch.setattr(feature_ingest, "record_of", honest)
    assert training("ingest", "claims")[0] == 0
    assert not path.exists(), "a run without failures leaves no file of an earlier one"


def test_outputs_without_features_are_still_outputs(world: World) -> None:
    exported = world.outputs()
    assert group_from("claims", exported["featureGroups"]["claims"]).record_id == "claim_no"
    for without in (
        {**exported, "featureGroups": {}},
        {k: v for k, v in exported.items() if k != "featureGroups"},
    ):
        assert outputs_from(without).featureGroups == {}
    with pytest.raises(MeshError, match="featureGroups"):
        outputs_from({**exported, "featureGroups": ["claims"]})
