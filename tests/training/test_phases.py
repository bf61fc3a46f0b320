"""All phases against an account in memory: what they ask, what they write and what they register."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import pyarrow as pa
import pytest

from governance.errors import MeshError
from tests.training.conftest import Cloud
from tests.training.tables import CONTRACT, german_credit, loans, loans_config
from training import evaluate, explore, preprocess, train
from training.config import TrainingConfig, load_config
from training.registry import register
from training.session import Context

_TRAINED: list[Path] = []
IMAGE = "123.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.0-5"


def context(
    cloud: Cloud, work: Path, config: TrainingConfig | None = None, role: str = "data-scientist"
) -> Context:
    return Context(config=config or loans_config(), outputs_from=cloud.outputs, work=work, role=role)


@pytest.fixture
def trained(cloud: Cloud, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Context:
    """A context with a trained and evaluated model; trained once, and a fresh copy for each test."""
    if not _TRAINED:
        cloud.answers["loans"] = loans()
        first = context(cloud, tmp_path_factory.mktemp("trained"))
        preprocess.run(first)
        train.run(first)
        evaluate.run(first)
        _TRAINED.append(first.work)
    shutil.copytree(_TRAINED[0], tmp_path, dirs_exist_ok=True)
    return context(cloud, tmp_path)


def test_every_type_of_column_comes_back_from_athena_as_a_feature_of_its_kind(
    cloud: Cloud, tmp_path: Path
) -> None:
    cloud.answers["loans"] = loans()
    schema = preprocess.run(context(cloud, tmp_path)).schema
    kinds = {feature.name: feature.kind for feature in schema.features}
    assert kinds == {
        "grade": "category",
        "income": "number",
        "months": "number",
        "score": "number",
        "owner": "boolean",
        "opened": "date",
        "seen": "timestamp",
    }, "key and target are no features, all others are"


def test_splits_from_athena_equal_splits_from_the_table_itself(cloud: Cloud, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    from training.data.split import split_table

    cloud.answers["loans"] = loans()
    preprocess.run(context(cloud, tmp_path / "athena"))
    (tmp_path / "direct").mkdir()
    split_table([loans()], loans_config(), tmp_path / "direct")
    for name in ("train", "validation", "test"):
        first, second = (pq.read_table(tmp_path / side / name) for side in ("athena", "direct"))
        assert first.drop_columns("grade").equals(second.drop_columns("grade")), (
            f"numbers of {name} survive the CSV"
        )
        assert first["grade"].to_pylist() == second["grade"].to_pylist(), (
            f"texts and nulls of {name} survive the CSV"
        )


def test_memory_is_bounded_by_reading_in_chunks(cloud: Cloud, tmp_path: Path) -> None:
    cloud.answers["loans"] = loans()
    lines: list[str] = []
    made = context(cloud, tmp_path, loans_config(chunk_rows=100))
    made.say = lines.append
    schema = preprocess.run(made).schema
    assert sum("rows split" in line for line in lines) == 6, "600 rows come in six chunks of 100"
    assert sum(counts["rows"] for counts in schema.rows.values()) == 600, "no row is lost between chunks"


def test_schema_records_where_the_rows_came_from(trained: Context) -> None:
    written = json.loads((trained.work / "features" / "features.json").read_text())
    assert written["contract_version"] == "1.2.0", "the version that the stack shares"
    assert len(written["query_ids"][0]) == 36, "the id of the Athena query"
    assert written["columns_seen"] == loans().column_names, "what the role was shown"


def test_explore_profiles_what_the_role_sees_and_names_what_it_does_not(cloud: Cloud, tmp_path: Path) -> None:
    cloud.answers["credit_card"] = german_credit()
    cloud.outputs["resourceLinks"] = {"credit-card": "rl_credit-card"}
    config = load_config(contract=str(CONTRACT))
    lines: list[str] = []
    made = context(cloud, tmp_path, config)
    made.say = lines.append
    found = explore.run(made)
    assert found.hidden == dict.fromkeys(("personal_status_sex", "age", "foreign_worker"), "restricted")
    assert found.profile["target"]["rate"] == pytest.approx(0.3), "300 of 1,000 loans went bad"
    amount = next(entry for entry in found.profile["columns"] if entry["column"] == "amount")
    assert (amount["quantiles"]["min"], amount["quantiles"]["max"]) == (250, 18424), "as UCI documents"
    assert cloud.queries == ['SELECT * FROM "credit_card" LIMIT 10000'], "one query, limited"
    assert "hidden from this role: personal_status_sex (restricted)" in "\n".join(lines)


def test_profile_shows_dates_nulls_and_top_values(cloud: Cloud, tmp_path: Path) -> None:
    cloud.answers["loans"] = loans()
    found = explore.run(context(cloud, tmp_path))
    columns = {entry["column"]: entry for entry in found.profile["columns"]}
    assert columns["grade"]["nulls"] == loans()["grade"].null_count
    assert columns["opened"]["quantiles"]["min"] == str(min(loans()["opened"].to_pylist()))
    assert {item["value"] for item in columns["owner"]["top"]} == {"true", "false"}
    assert found.hidden is None, "without a contract nobody can tell what is hidden"


def test_a_query_of_ones_own_is_limited_from_outside(cloud: Cloud, tmp_path: Path) -> None:
    cloud.answers["loans"] = loans()
    config = loans_config(query='SELECT * FROM "{table}" ORDER BY loan;')
    explore.run(context(cloud, tmp_path, config), rows=50)
    assert cloud.queries == ['SELECT * FROM (SELECT * FROM "loans" ORDER BY loan) AS sample LIMIT 50']


def test_register_creates_a_pending_package_that_leads_back_to_the_data(
    cloud: Cloud, trained: Context
) -> None:
    registered = register.run(trained, image=IMAGE)
    package = cloud.client("sagemaker").describe_model_package(ModelPackageName=registered.package_arn)
    schema = json.loads((trained.work / "features" / "features.json").read_text())
    report = json.loads((trained.work / "evaluation" / "evaluation.json").read_text())
    metadata = package["CustomerMetadataProperties"]
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert package["InferenceSpecification"]["Containers"][0]["Image"] == IMAGE
    assert metadata["contract-version"] == "1.2.0"
    assert metadata["query-id"] == schema["query_ids"][0]
    assert metadata["training-rows"] == str(schema["rows"]["train"]["rows"])
    assert float(metadata["auc"]) == pytest.approx(report["metrics"]["auc"]["value"], abs=1e-6)
    statistics = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    stored = cloud.client("s3").get_object(Bucket="models", Key=statistics.removeprefix("s3://models/"))
    assert json.loads(stored["Body"].read()) == report, "the evaluation is stored beside the model"
    assert stored["SSEKMSKeyId"] == cloud.outputs["keyArn"], "and encrypted with the stack's key"


def test_registered_archive_holds_model_schema_metrics_and_code_and_is_reproducible(
    trained: Context, tmp_path: Path
) -> None:
    first = register.pack(trained.work / "model", tmp_path / "a.tar.gz").read_bytes()
    second = register.pack(trained.work / "model", tmp_path / "b.tar.gz").read_bytes()
    assert first == second, "the same files give the same archive"
    with tarfile.open(tmp_path / "a.tar.gz") as tar:
        names = tar.getnames()
    assert names[:3] == ["xgboost-model", "features.json", "metrics.json"]
    assert {"code/inference.py", "code/training/serving_entry.py", "code/governance/errors.py"} <= set(
        names[3:]
    )


def test_container_image_is_the_one_of_the_region() -> None:
    image = register.container_image("eu-west-1")
    assert image == "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.0-5"
    with pytest.raises(MeshError, match=r"no XGBoost container 3\.0-5 for this region"):
        register.container_image("atlantis-1")


def test_nothing_is_registered_when_the_evaluation_is_of_another_model(
    cloud: Cloud, trained: Context
) -> None:
    path = trained.work / "evaluation" / "evaluation.json"
    report = json.loads(path.read_text())
    report["lineage"]["query_ids"] = ["another"]
    path.write_text(json.dumps(report))
    with pytest.raises(MeshError, match="belongs to another model"):
        register.run(trained, image=IMAGE)
    packages = cloud.client("sagemaker").list_model_packages(ModelPackageGroupName="mesh-credit-risk")
    assert packages["ModelPackageSummaryList"] == [], "no package was made"


def test_nothing_is_registered_when_the_model_is_corrupt(trained: Context) -> None:
    (trained.work / "model" / "xgboost-model").write_bytes(b"not a model")
    with pytest.raises(MeshError, match="xgboost-model: is corrupt"):
        register.run(trained, image=IMAGE)


def test_a_refusal_by_aws_is_one_line_with_its_code(cloud: Cloud, trained: Context) -> None:
    cloud.client("s3").delete_bucket(Bucket="models")
    with pytest.raises(MeshError, match=r"^register as data-scientist: NoSuchBucket: .* \(PutObject\)$"):
        register.run(trained, image=IMAGE)


def test_the_reason_of_a_failed_query_is_in_the_error(cloud: Cloud, tmp_path: Path) -> None:
    cloud.answers["loans"] = "COLUMN_NOT_FOUND: line 1:8: Column 'age' cannot be resolved"
    with pytest.raises(MeshError) as caught:
        preprocess.run(context(cloud, tmp_path))
    assert str(caught.value) == (
        "preprocess as data-scientist: query on rl_lending: QueryFailed: "
        "COLUMN_NOT_FOUND: line 1:8: Column 'age' cannot be resolved"
    )


def test_a_query_that_returns_nothing_is_an_error_and_leaves_no_split(cloud: Cloud, tmp_path: Path) -> None:
    cloud.answers["loans"] = loans(1).slice(0, 0)
    with pytest.raises(MeshError, match="returned no rows"):
        preprocess.run(context(cloud, tmp_path))
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_a_type_that_is_no_feature_is_named(cloud: Cloud, tmp_path: Path) -> None:
    from training.data.query import arrow_type

    with pytest.raises(MeshError, match="column history: has the type array, which is no feature"):
        arrow_type("array", "history")
    assert arrow_type("decimal(12,2)") == pa.decimal128(12, 2)


def test_a_nested_column_is_explored_and_stands_in_nobodys_way_once_it_is_excluded(
    cloud: Cloud, tmp_path: Path
) -> None:
    cloud.answers["loans"] = loans().append_column("address", pa.array([{"street": "a", "no": 1}] * 600))
    profile = explore.run(context(cloud, tmp_path)).profile
    entry = next(entry for entry in profile["columns"] if entry["column"] == "address")
    assert (entry["type"], entry["kind"], entry["nulls"]) == ("row", "other", 0)
    with pytest.raises(
        MeshError, match="column address: has the type row, which is no feature; name it under 'excl"
    ):
        preprocess.run(context(cloud, tmp_path / "bad"))
    schema = preprocess.run(context(cloud, tmp_path / "good", loans_config(exclude="address"))).schema
    assert "address" not in schema.names
    assert "address" in schema.columns_seen


def test_an_unknown_role_and_an_unknown_product_are_named(cloud: Cloud, tmp_path: Path) -> None:
    cloud.answers["loans"] = loans()
    with pytest.raises(MeshError, match="roles: has no 'intern'; the stack offers auditor, data-scientist"):
        preprocess.run(context(cloud, tmp_path, role="intern"))
    other = loans_config()
    cloud.outputs["resourceLinks"] = {"cards": "rl_cards"}
    with pytest.raises(MeshError, match="resourceLinks: has no 'lending'; the stack offers cards"):
        preprocess.run(context(cloud, tmp_path, other))


def test_the_session_is_the_role_and_stays_so_for_a_caller_who_is_it(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.session import assume

    arn = cloud.outputs["roles"]["data-scientist"]
    session = assume(arn, "eu-west-1")
    identity = session.client("sts").get_caller_identity()["Arn"]
    assert "assumed-role/mesh-data-scientist/" in identity
    keys = session.get_credentials()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret_key)
    monkeypatch.setenv("AWS_SESSION_TOKEN", keys.token)
    again = assume(arn, "eu-west-1")
    assert again.get_credentials().access_key == keys.access_key, "it keeps the credentials it has"
