"""The training pipeline as MLConsumer deploys it: the very bytes that the training makes, after the rights it needs."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import component_parts as parts
import pytest

from components.ml_consumer import MLConsumer
from governance.errors import MeshError
from governance.pipelines import PipelineConfig, PipelineFacts
from local.engine import Recording
from training.pipelines.deploy import TrainingCode, training_code

PIPELINE = "aws:sagemaker/pipeline:Pipeline"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
BUCKET = "mesh-science-models-333344445555-eu-west-1"


@pytest.fixture(scope="module")
def code(root: Path) -> TrainingCode:
    return training_code(PipelineConfig(), root, "eu-west-1")


def with_pipeline(code: TrainingCode, **more: Any) -> Any:
    subscribed = {
        "subscriptions": [parts.subscription("credit-card")],
        "shared": {"credit-card": ["credit_card"]},
    }
    return parts.consumer_args(
        **{**subscribed, "published": {"credit-card": "1.4.0"}, "pipeline": code, **more}
    )


@pytest.fixture(scope="module")
def deployed(declare: Callable[..., Recording], code: TrainingCode) -> Recording:
    return declare(lambda: MLConsumer("science", with_pipeline(code), opts=parts.within("k", parts.CONSUMER)))


def facts(recording: Recording, code: TrainingCode) -> PipelineFacts:
    """What the stack knows, put together by hand."""
    folder = f"s3://{BUCKET}/code/{code.revision[:16]}"
    return PipelineFacts(
        name="mesh-risk",
        region="eu-west-1",
        role_arn=parts.CONSUMER.role_arn("mesh-pipeline"),
        auditor_role_arn=parts.CONSUMER.role_arn("mesh-auditor"),
        key_arn=recording.get("aws:kms/key:Key", "science-workbench-key").outputs["arn"],
        results_bucket="mesh-science-results-333344445555-eu-west-1",
        models_bucket=BUCKET,
        workgroup="mesh-science-pipeline",
        auditor_workgroup="mesh-science-auditor",
        database="rl_credit-card",
        contract_version="1.4.0",
        model_package_group="mesh-risk",
        source_uri=f"{folder}/sourcedir.tar.gz",
        code_uri=f"{folder}/training.zip",
        subnets=("subnet-1",),
        security_groups=("sg-1",),
    )


def test_the_deployed_definition_is_the_made_one_byte_for_byte(
    deployed: Recording, code: TrainingCode
) -> None:
    pipeline = deployed.get(PIPELINE, "science-training-pipeline")
    assert pipeline.inputs["pipelineName"] == "mesh-risk"
    assert pipeline.inputs["roleArn"] == parts.CONSUMER.role_arn("mesh-pipeline")
    assert pipeline.inputs["pipelineDefinition"] == code.definition(facts(deployed, code))


def test_the_code_is_deployed_by_its_revision_and_stays(deployed: Recording, code: TrainingCode) -> None:
    found = {item.inputs["key"]: item for item in deployed.of_type(OBJECT)}
    folder = f"code/{code.revision[:16]}"
    assert set(found) == {f"{folder}/sourcedir.tar.gz", f"{folder}/training.zip"}
    for name, content in (("sourcedir.tar.gz", code.source), ("training.zip", code.program)):
        item = found[f"{folder}/{name}"]
        assert item.inputs["bucket"] == BUCKET
        assert base64.b64decode(item.inputs["contentBase64"]) == content
        assert item.retain_on_delete, "runs and models refer to older code"


def test_the_pipeline_waits_for_its_code_and_for_the_rights_of_both_roles(deployed: Recording) -> None:
    waits = parts.waits_for(deployed, deployed.get(PIPELINE, "science-training-pipeline"))
    names = {item.name for item in deployed if item.urn in waits}
    assert {"science-training-sourcedir.tar.gz", "science-training-training.zip"} <= names
    for policy in ("pipeline-build", "pipeline-evaluate", "pipeline-jobs", "auditor-approve", "auditor-read"):
        assert f"science-workbench-{policy}" in names


def test_a_role_s_inline_policies_stay_within_iam_s_limit(deployed: Recording) -> None:
    sizes: dict[str, int] = {}
    for item in deployed.of_type(parts.ROLE_POLICY):
        text = json.dumps(json.loads(item.inputs["policy"]), separators=(",", ":"))
        sizes[item.inputs["role"]] = sizes.get(item.inputs["role"], 0) + len(text)
    assert len(sizes) == 3
    assert max(sizes.values()) < 10_240, sizes


def test_without_the_key_there_is_no_pipeline(consumer: Recording) -> None:
    assert consumer.of_type(parts.ROLE), "the consumer itself is there"
    assert not consumer.of_type(PIPELINE)


@pytest.mark.parametrize(("more", "message"), [
    ({"subscriptions": [parts.subscription("loans")]}, r"trains on 'credit-card', which is no subscription \(loans\)"),
    ({"roles": parts.roles()[:2]}, "needs the role 'auditor' to evaluate"),
])  # fmt: skip
def test_a_pipeline_that_could_not_run_is_refused_before_anything_is_registered(
    code: TrainingCode, more: dict[str, Any], message: str
) -> None:
    with pytest.raises(MeshError, match=message):
        with_pipeline(code, **more)


@pytest.mark.parametrize(("text", "message"), [
    (None, "no such training configuration"),
    ("name: x\nproduct: y\n", "table: is missing"),
    ("nonsense: 1\n", "nonsense"),
])  # fmt: skip
def test_a_wrong_training_configuration_is_one_line_naming_the_key(
    tmp_path: Path, text: str | None, message: str
) -> None:
    if text is not None:
        (tmp_path / "train.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(MeshError, match=message) as caught:
        training_code(PipelineConfig(config="train.yaml"), tmp_path, "eu-west-1")
    assert str(caught.value).startswith("mesh:pipeline.config: ")
    assert "\n" not in str(caught.value)


def test_a_region_without_the_container_is_refused_before_anything_is_registered(root: Path) -> None:
    with pytest.raises(MeshError, match="no XGBoost container"):
        training_code(PipelineConfig(), root, "eu-west-9")
