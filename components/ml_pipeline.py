"""The training pipeline of a consumer: the code its jobs run, and the definition that SageMaker executes.

What the pipeline does is made elsewhere and handed in, so that the program deploys the very bytes that `training`
makes. Deliberately not here: the roles it runs as (`consumer_workbench`).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pulumi
import pulumi_aws as aws

from components.job_documents import CODE
from governance.pipelines import PipelineFacts

STEPS_AT_ONCE = 4
"""Steps of one run side by side; the pipeline has fewer that do not wait for one another."""


class PipelineCode(Protocol):
    """What a pipeline is made of, from outside: archives, and the definition once the stack's facts are known."""

    @property
    def product(self) -> str:
        """Product that is trained on."""

    @property
    def revision(self) -> str:
        """Digest of the code."""

    @property
    def source(self) -> bytes:
        """Script-mode archive."""

    @property
    def program(self) -> bytes:
        """Program of the processing steps."""

    def definition(self, facts: PipelineFacts) -> str:
        """The pipeline's definition."""


@dataclass(frozen=True, kw_only=True)
class MLPipelineArgs:
    """Inputs of an MLPipeline."""

    pipeline: str
    """Name of the pipeline."""

    region: str
    """Region it runs in."""

    code: PipelineCode
    """What it runs."""

    role_arn: pulumi.Input[str]
    """Role of the pipeline, its preprocessing and its training."""

    auditor_role_arn: pulumi.Input[str]
    """Role of its evaluation."""

    key_arn: pulumi.Input[str]
    """Key of volumes and outputs."""

    results_bucket: pulumi.Input[str]
    """Bucket of query results."""

    models_bucket: pulumi.Input[str]
    """Bucket of code, data splits, models and reports."""

    workgroup: pulumi.Input[str]
    """Athena workgroup of the pipeline's role."""

    auditor_workgroup: pulumi.Input[str]
    """Athena workgroup of the auditor's role."""

    database: pulumi.Input[str]
    """Resource link of the product."""

    contract_version: pulumi.Input[str]
    """Version of the product's contract."""

    model_package_group: pulumi.Input[str]
    """Group that models are registered in."""

    subnet_ids: Sequence[str]
    """Subnets of the jobs."""

    security_group_ids: Sequence[str]
    """Security groups of the jobs."""

    tags: Mapping[str, str]
    """Tags of everything here."""


class MLPipeline(pulumi.ComponentResource):
    """Code objects and the pipeline."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: MLPipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mesh:ml:MLPipeline", name, None, opts)
        source = self._code(name, args, "sourcedir.tar.gz", args.code.source)
        program = self._code(name, args, "training.zip", args.code.program)
        facts: dict[str, pulumi.Input[str]] = {
            "name": args.pipeline,
            "region": args.region,
            "role_arn": args.role_arn,
            "auditor_role_arn": args.auditor_role_arn,
            "key_arn": args.key_arn,
            "results_bucket": args.results_bucket,
            "models_bucket": args.models_bucket,
            "workgroup": args.workgroup,
            "auditor_workgroup": args.auditor_workgroup,
            "database": args.database,
            "contract_version": args.contract_version,
            "model_package_group": args.model_package_group,
            "source_uri": _address(source),
            "code_uri": _address(program),
        }

        def written(values: dict[str, Any]) -> str:
            subnets, groups = tuple(args.subnet_ids), tuple(args.security_group_ids)
            return args.code.definition(PipelineFacts(**values, subnets=subnets, security_groups=groups))

        pipeline = aws.sagemaker.Pipeline(
            f"{name}-pipeline",
            pipeline_name=args.pipeline,
            pipeline_display_name=args.pipeline,
            pipeline_description=f"Trains on {args.code.product}, evaluates as the auditor, registers for approval",
            role_arn=args.role_arn,
            pipeline_definition=pulumi.Output.all(**facts).apply(written),
            parallelism_configuration=aws.sagemaker.PipelineParallelismConfigurationArgs(
                max_parallel_execution_steps=STEPS_AT_ONCE
            ),
            tags=dict(args.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = pipeline.pipeline_name
        self.arn = pipeline.arn
        self.register_outputs({"name": self.name, "arn": self.arn})

    def _code(self, name: str, args: MLPipelineArgs, file: str, content: bytes) -> aws.s3.BucketObjectv2:
        """An archive below the code's revision; older ones stay, since runs and models refer to them."""
        return aws.s3.BucketObjectv2(
            f"{name}-{file}",
            bucket=args.models_bucket,
            key=f"{CODE}/{args.code.revision[:16]}/{file}",
            content_base64=base64.b64encode(content).decode(),
            content_type="application/gzip" if file.endswith(".gz") else "application/zip",
            tags=dict(args.tags),
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )


def _address(item: aws.s3.BucketObjectv2) -> pulumi.Output[str]:
    return pulumi.Output.concat("s3://", item.bucket, "/", item.key)
