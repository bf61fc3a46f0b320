"""A product that looks nothing like the sample, from its contract to a registered model, by configuration alone."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from story import Mesh, edit
from test_training_pipeline import LENIENT, run

from mesh.aws import environment
from mesh.cli.commands import main
from training import evaluate, preprocess, train
from training.config import load_config
from training.session import Context

NUMBERS = [f"m{number:02d}" for number in range(40)]
COLUMNS = {
    "policy": "bigint", "region": "string", "premium": "decimal(18,4)", "opened": "date", "seen": "timestamp",
    "flag": "boolean", "nothing": "string", "nothing_counted": "double", "customer": "string", "constant": "int",
    "gender": "string", "fraud": "boolean", "address": "struct<street:string,no:int>",
    **dict.fromkeys(NUMBERS, "double"),
}  # fmt: skip
LOGICAL = {
    "bigint": "integer",
    "int": "integer",
    "double": "number",
    "decimal(18,4)": "number",
    "struct": "object",
}
READ = [
    f'CAST("{name}" AS double) AS "{name}"' if name in NUMBERS else name
    for name in COLUMNS
    if name != "gender"
]
QUERY = f'SELECT {", ".join(READ)} FROM "{{table}}"'
"""Longer than one parameter of a pipeline may be."""
TRAINING = {
    "name": "claims-fraud", "product": "claims", "table": "claim", "target": "fraud", "positive": True, "key": "policy",
    "query": QUERY, "exclude": ["address"], "groups": ["gender"], "contract": "contracts/claims.odcs.yaml",
    "hyperparameters": {"rounds": 100, "eta": 0.1, "early_stopping_rounds": 10},
}  # fmt: skip


def contract(sample: dict[str, Any]) -> dict[str, Any]:
    """A contract of the shipped one's team for a table of its own."""
    properties = []
    for name, kind in COLUMNS.items():
        entry: dict[str, Any] = {
            "name": name, "physicalType": kind, "logicalType": LOGICAL.get(kind.split("<")[0], kind),
            "classification": "restricted" if name == "gender" else "internal", "description": "A column.",
        }  # fmt: skip
        if kind.startswith("struct"):
            inner = {"classification": "internal", "description": "Part of it."}
            entry["properties"] = [
                {"name": "street", "logicalType": "string", "physicalType": "string", **inner},
                {"name": "no", "logicalType": "integer", "physicalType": "int", **inner},
            ]
        properties.append(entry)
    properties[0] |= {"primaryKey": True, "primaryKeyPosition": 1, "required": True, "unique": True}
    table = {
        "name": "claim",
        "logicalType": "object",
        "physicalType": "table",
        "description": "Claims.",
        "properties": properties,
    }
    kept = ("apiVersion", "kind", "version", "status", "domain", "tenant", "description", "team", "support")
    server = {
        "server": "s",
        "type": "glue",
        "account": "111122223333",
        "database": "claims",
        "format": "parquet",
    }
    server["location"] = "s3://mesh-claims-222233334444-eu-west-1/curated/"
    told = {
        "id": "urn:claims",
        "name": "claims",
        "dataProduct": "claims",
        "schema": [table],
        "servers": [server],
    }
    return {name: sample[name] for name in kept} | told


def rows(start: int, count: int, seed: int) -> pa.Table:
    """Claims; who lies follows one number. Some numbers hold nothing in nine rows of ten, and now and then too much."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=count)
    numbers = {name: rng.normal(size=count) for name in NUMBERS}
    numbers["m00"] = np.where(rng.random(count) < 0.9, np.nan, signal)
    numbers["m01"] = np.where(rng.random(count) < 0.01, np.inf, signal)
    made = {
        "policy": np.arange(start, start + count),
        "region": rng.choice(["north", "south"], count),
        "premium": pa.array([Decimal(int(v * 10_000)) / 10_000 for v in signal], pa.decimal128(18, 4)),
        "opened": pa.array(
            [dt.date(2010, 1, 1) + dt.timedelta(days=int(d)) for d in rng.integers(0, 999, count)]
        ),
        "seen": pa.array(rng.integers(1_500_000_000, 1_700_000_000, count), pa.timestamp("s")).cast(
            "timestamp[us]"
        ),
        "flag": pa.array([None if v < 0.9 else True for v in rng.random(count)], pa.bool_()),
        "nothing": pa.nulls(count, pa.string()),
        "nothing_counted": pa.nulls(count, pa.float64()),
        "customer": [f"c{number}" for number in range(start, start + count)],
        "constant": pa.array([1] * count, pa.int32()),
        "gender": rng.choice(["f", "m", "x"], count),
        "fraud": rng.random(count) < 1 / (1 + np.exp(2.5 - 1.5 * signal)),
        "address": pa.array(
            [{"street": "a", "no": 1}] * count, pa.struct({"street": pa.string(), "no": pa.int32()})
        ),
        **numbers,
    }
    return pa.table(made).select(list(COLUMNS))


def test_any_table_with_a_binary_target_trains_from_its_contract_alike_in_the_pipeline_and_by_hand(
    fresh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fresh.folder
    sample = yaml.safe_load((folder / "contracts" / "credit-card.odcs.yaml").read_text())
    (folder / "contracts" / "claims.odcs.yaml").write_text(yaml.safe_dump(contract(sample), sort_keys=False))
    (folder / "training" / "claims.yaml").write_text(yaml.safe_dump(TRAINING))
    monkeypatch.chdir(folder)
    onboard = [
        "onboard",
        "product",
        "--contract",
        "contracts/claims.odcs.yaml",
        "--share",
        "ml-coe=restricted",
    ]
    assert len(QUERY) > 1024
    assert main(onboard) == 0, "one command makes it a product"
    edit(folder, "consumer", pipeline={"config": "training/claims.yaml"})
    fresh.up()
    bucket, s3 = (
        fresh.outputs("producer")["products"]["claims"]["bucket"],
        fresh.acting("producer").client("s3"),
    )
    for number, (start, count) in enumerate([(0, 1500), (1500, 1000)]):
        buffer = io.BytesIO()
        pq.write_table(rows(start, count, number), buffer)
        s3.put_object(Bucket=bucket, Key=f"curated/claim/part-{number}.parquet", Body=buffer.getvalue())

    found, steps = run(fresh, **LENIENT)
    assert found["PipelineExecutionStatus"] == "Succeeded", steps
    arn = steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    package = fresh.acting("consumer").client("sagemaker").describe_model_package(ModelPackageName=arn)
    facts = package["CustomerMetadataProperties"]
    columns = facts["columns-0"].split(" ") + facts["columns-1"].split(" ")
    assert {"policy", "fraud", "premium", "opened", "seen", "m39"} <= set(columns)
    assert not {"gender", "address", "nothing"} & set(columns), "restricted, excluded, and without any value"
    assert float(facts["auc"]) > 0.7

    exports = fresh.outputs("consumer")
    for name, value in environment(fresh.endpoint, "eu-west-1").items():
        monkeypatch.setenv(name, value)
    context = Context(config=load_config("training/claims.yaml"), outputs_from=exports, work=folder / "work")
    preprocess.run(context)
    train.run(context)
    report = evaluate.run(context).report
    assert report["metrics"]["auc"]["value"] == pytest.approx(float(facts["auc"]), abs=1e-6), "the same model"
    assert str(report["lineage"]["training_rows"]) == facts["training-rows"]
