"""The job: what is done once, what after a crash, and what the catalog says then."""

from __future__ import annotations

import io
import json

import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from functions import curation
from functions.curation_checks import Refused
from mesh.demo.faulty_batch import expected_quarantine, make_faulty_batch
from tests.contracts.texts import parse_contract, text
from tests.curation.product import BUCKET, DATABASE
from tests.curation.specs import CREDIT_DATA, prop

TRUE = CREDIT_DATA.read_text(encoding="utf-8")
FAULTY = make_faulty_batch(TRUE, 3, rows=50)
QUALITY = ("completeness", "validity", "rows", "quarantined", "batch", "updated")


def test_a_delivery_is_curated_reported_and_figured(product):
    product.deliver("2024-01.csv", TRUE)
    summary, refusals = product.run()
    assert refusals == []
    assert summary["rows"] == {"read": 1000, "curated": 1000, "quarantined": 0}
    (key,) = product.keys("curated/")
    batch = summary["batches"][0]["batch"]
    assert key == f"curated/credit_card/{batch}.parquet"
    assert batch.startswith("2024-01-"), "a batch's name says which delivery it came from"
    table = pq.read_table(io.BytesIO(product.read(key)))
    assert table.num_rows == 1000
    assert table.schema.metadata[b"contract_version"] == b"1.0.0"
    assert product.keys("quarantine/") == []
    assert product.keys("reports/") == [f"reports/credit_card/{batch}.json"]


def test_the_catalog_gets_figures_and_keeps_all_else(product):
    product.deliver("true.csv", TRUE)
    product.deliver("faulty.csv", FAULTY)
    before = product.glue.get_table(DatabaseName=DATABASE, Name="credit_card")["Table"]
    product.run()
    after = product.glue.get_table(DatabaseName=DATABASE, Name="credit_card")["Table"]
    bad = expected_quarantine()
    figures = {key: value for key, value in after["Parameters"].items() if key.startswith("quality_")}
    assert set(figures) == {f"quality_{name}" for name in QUALITY}
    assert (figures["quality_rows"], figures["quality_quarantined"]) == (str(1050 - bad), str(bad))
    assert figures["quality_completeness"] == "1.0"
    assert 0.98 < float(figures["quality_validity"]) == int((1050 - bad) / 1050 * 1e6) / 1e6
    assert figures["quality_batch"].startswith("true-"), "the batch that was curated last"
    assert after["Parameters"]["owner"] == "kept"
    for key in ("StorageDescriptor", "Description", "TableType", "PartitionKeys"):
        assert after[key] == before[key], f"{key} is as it was"


def test_a_second_run_does_nothing_and_changes_nothing(product, monkeypatch):
    product.deliver("true.csv", TRUE)
    product.run()
    monkeypatch.setattr(curation, "curate_file", lambda *_: pytest.fail("curated again"))
    monkeypatch.setattr(product.glue, "update_table", lambda **_: pytest.fail("updated again"))
    assert product.run()[0]["batches"] == []


def test_a_replaced_delivery_is_a_new_batch_and_an_asked_for_one_is_repeated_in_place(product):
    key = product.deliver("day.csv", FAULTY)
    product.run()
    (curated,) = product.keys("curated/")
    product.deliver("other.csv", TRUE)
    summary, _ = product.run("--batch", key)
    assert [one["read"] for one in summary["batches"]] == [50], "only the batch asked for, though done"
    assert product.keys("curated/") == [curated], "rewritten in place"
    product.deliver("day.csv", TRUE)
    summary, _ = product.run("--batch", key)
    assert len(product.keys("curated/")) == 2


def test_bad_rows_go_to_quarantine_and_the_summary_counts_per_rule(product):
    product.deliver("faulty.csv", FAULTY)
    summary, refusals = product.run()
    assert (refusals, summary["rows"]["quarantined"]) == ([], expected_quarantine())
    (key,) = product.keys("quarantine/")
    rows = pq.read_table(io.BytesIO(product.read(key))).to_pylist()
    assert len(rows) == expected_quarantine()
    assert any(row["verw"] == "A99" and row["_rule"] == "purpose: must be a known code" for row in rows)
    assert summary["rules"]["purpose: must be a known code"] == 1
    (report,) = product.keys("reports/")
    assert product.report(report)["rules"] == summary["rules"]


def test_a_refused_batch_publishes_nothing_says_why_and_leaves_the_raw_file(product):
    key = product.deliver("wrong.csv", "a;b\n1;2\n")
    product.deliver("true.csv", TRUE)
    summary, refusals = product.run()
    assert refusals == [
        f"credit_card: s3://{BUCKET}/{key} is separated by ';', the contract says ','; deliver it so, or set "
        "custom property delimiter of the table in the contract"
    ]
    assert (summary["refused"], summary["rows"]["curated"]) == (1, 1000), (
        "the others are curated all the same"
    )
    assert len(product.keys("curated/")) == 1
    assert product.read(key) == b"a;b\n1;2\n"
    (report,) = [one for one in product.keys("reports/") if one.endswith(".refused.json")]
    assert product.report(report)["status"] == "refused"
    assert "separated by ';'" in product.report(report)["why"]


def test_a_refused_batch_is_tried_again_and_its_refusal_forgotten_when_it_passes(product):
    key = product.deliver("few.csv", TRUE)
    spec = product.report("scripts/contract.json")
    strict = json.loads(json.dumps(spec))
    rule = next(rule for rule in strict["tables"]["credit_card"]["rules"] if rule["check"] == "rows")
    rule["compare"] = [["gt", 5000]]
    product.s3.put_object(Bucket=BUCKET, Key="scripts/contract.json", Body=json.dumps(strict))
    _, refusals = product.run()
    assert len(refusals) == 1
    assert f"{key} breaks credit_card: number of rows must be greater than 0 (found 1000)" in refusals[0]
    assert product.keys("curated/") == []
    assert "quality_rows" not in product.parameters()
    product.s3.put_object(Bucket=BUCKET, Key="scripts/contract.json", Body=json.dumps(spec))
    assert product.run()[1] == []
    assert [one.endswith(".refused.json") for one in product.keys("reports/")] == [False]


@pytest.mark.parametrize("step", ["put_object", "upload_file", "update_table"])
def test_a_run_that_died_is_simply_run_again(product, monkeypatch, step):
    product.deliver("faulty.csv", FAULTY)
    client = product.glue if step == "update_table" else product.s3
    with monkeypatch.context() as patch:
        patch.setattr(client, step, lambda *_, **__: (_ for _ in ()).throw(RuntimeError("power cut")))
        with pytest.raises(RuntimeError, match="power cut"):
            product.run()
    summary, refusals = product.run()
    assert refusals == []
    assert product.parameters()["quality_quarantined"] == str(expected_quarantine())
    assert (
        len(product.keys("curated/"))
        == len(product.keys("quarantine/"))
        == len(product.keys("reports/"))
        == 1
    )
    assert (summary["batches"] == []) == (step == "update_table"), "what was marked as done is not done again"


def _conflict() -> ClientError:
    return ClientError(
        {"Error": {"Code": "ConcurrentModificationException", "Message": "busy"}}, "UpdateTable"
    )


def test_a_catalog_that_is_being_changed_is_asked_again(product, monkeypatch):
    waits = []
    monkeypatch.setattr(curation.time, "sleep", waits.append)
    real, calls = product.glue.update_table, []

    def update(**arguments):
        calls.append(arguments)
        if len(calls) < 3:
            raise product.glue.exceptions.ConcurrentModificationException(_conflict().response, "UpdateTable")
        return real(**arguments)

    monkeypatch.setattr(product.glue, "update_table", update)
    product.deliver("true.csv", TRUE)
    assert product.run()[1] == []
    assert (len(calls), waits) == (3, [0.2, 0.4])
    assert product.parameters()["quality_rows"] == "1000"


def test_a_catalog_that_stays_busy_fails_the_run_but_not_the_data(product, monkeypatch):
    monkeypatch.setattr(curation.time, "sleep", lambda _: None)

    def busy(**_):
        raise product.glue.exceptions.ConcurrentModificationException(_conflict().response, "UpdateTable")

    monkeypatch.setattr(product.glue, "update_table", busy)
    product.deliver("true.csv", TRUE)
    _, refusals = product.run()
    assert len(refusals) == 1
    assert refusals[0].startswith("credit_card: curated, but without figures in the catalog (")
    assert len(product.keys("curated/")) == 1


def test_a_missing_table_is_one_line(product):
    product.glue.delete_table(DatabaseName=DATABASE, Name="credit_card")
    product.deliver("true.csv", TRUE)
    _, refusals = product.run()
    assert "EntityNotFoundException" in refusals[0]


def test_without_a_batch_there_are_no_figures(product):
    assert product.run()[0]["batches"] == []
    assert product.parameters() == {"owner": "kept"}


def test_folders_and_hidden_objects_are_no_deliveries(product):
    for name in ("", "_SUCCESS", ".part", "day/_tmp"):
        product.deliver(name, "")
    assert product.run() == (
        {"rows": {"read": 0, "curated": 0, "quarantined": 0}, "rules": {}, "batches": [], "refused": 0},
        [],
    )


def test_all_tables_of_a_product_are_curated_or_the_one_asked_for(product, monkeypatch):
    tables = [{"name": name, "properties": [prop("id", "integer")]} for name in ("first", "second")]
    spec = parse_contract(text(schema=tables), "x").to_job_spec()
    product.s3.put_object(Bucket=BUCKET, Key="scripts/contract.json", Body=json.dumps(spec))
    written = []
    monkeypatch.setattr(
        curation, "write_figures", lambda glue, where, table, figures: written.append((where, table))
    )
    for name in ("first", "second"):
        product.deliver("a.csv", "id\n1\n", name)
    summary, _ = product.run("--table", "second", "--catalog-id", "111122223333", "--job-language", "python")
    assert [one["table"] for one in summary["batches"]] == ["second"]
    assert written == [({"DatabaseName": DATABASE, "CatalogId": "111122223333"}, "second")]
    assert [one["table"] for one in product.run()[0]["batches"]] == ["first"]
    assert [one["table"] for one in product.run("--batch", "raw/second/a.csv")[0]["batches"]] == ["second"]


def test_places_may_be_named_one_by_one(product):
    product.s3.put_object(Bucket=BUCKET, Key="in/x.csv", Body=TRUE)
    where = [
        f"--{area}=s3://{BUCKET}/{prefix}"
        for area, prefix in (("raw", "in"), ("curated", "lake/curated/t/"), ("quarantine", "q/"))
    ]
    summary, refusals = product.run("--table", "credit_card", *where)
    assert (refusals, summary["rows"]["curated"]) == ([], 1000)
    assert len(product.keys("lake/curated/t/")) == 1
    assert len(product.keys("lake/reports/credit_card/")) == 1, "beside the curated data, not within it"


WRONG = {
    "an unknown table": (
        ["--table", "nothing"],
        "no table 'nothing' in s3://product-bucket/scripts/contract.json; it has",
    ),
    "places without table": (
        ["--bucket", BUCKET, "--raw", "s3://x/y"],
        "are for one table; name it with --table",
    ),
    "no place": (
        ["--raw", f"s3://{BUCKET}/raw", "--table", "credit_card"],
        "say where the data is: --bucket, or --raw",
    ),
    "no S3 address": (
        ["--table", "credit_card", "--bucket", BUCKET, "--raw", "/tmp"],
        "'/tmp' is no S3 address",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG.keys())
def test_wrong_arguments_are_one_line(product, arguments, message):
    with pytest.raises(Refused) as caught:
        product.run(*arguments)
    assert message in str(caught.value)


def test_a_batch_that_is_not_there_is_named(product):
    _, refusals = product.run("--batch", "raw/credit_card/gone.csv")
    assert refusals == [
        "credit_card: no raw object s3://product-bucket/raw/credit_card/gone.csv under raw/credit_card/"
    ]


def test_main_prints_a_summary_and_a_line_per_refusal(product, capsys):
    product.deliver("wrong.csv", "a\n")
    argv = ["--spec", f"s3://{BUCKET}/scripts/contract.json", "--bucket", BUCKET, "--database", DATABASE]
    assert curation.main(argv) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["refused"] == 1
    assert err.count("\n") == 1
    assert err.startswith("curation: credit_card: s3://")
    product.s3.delete_object(Bucket=BUCKET, Key="raw/credit_card/wrong.csv")
    assert curation.main(argv) == 0
    assert curation.main(["--spec", "s3://nowhere-bucket/x", "--bucket", BUCKET, "--database", DATABASE]) == 1
    assert "curation: AWS refuses: An error occurred (NoSuchBucket)" in capsys.readouterr().err


def test_batch_names_are_readable_and_differ_with_key_and_content():
    names = {
        curation.batch_name(key, etag) for key in ("a/x.csv", "a-x.csv", "b/x.csv.gz") for etag in ("1", "2")
    }
    assert len(names) == 6
    assert all(name.startswith(("a-x-", "b-x-")) for name in names), names
    assert len(curation.batch_name("ä" * 300 + ".csv", "1")) < 80


def test_a_share_is_rounded_down_so_that_one_means_all():
    assert curation.share(9_999_999, 10_000_000) == "0.999999"
    assert curation.share(5, 5) == curation.share(0, 0) == "1.0"
