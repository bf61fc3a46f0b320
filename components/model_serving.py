"""Production's account: what was promoted from the registry, as an endpoint or as a model for transform jobs.

Key, roles and bucket stand from the beginning; a model comes with the first promotion. Names carry the version, so a
promotion adds a model and an endpoint configuration, swaps them in the running endpoint, and only then takes away what
is no longer named: SageMaker moves traffic when the new instances answer, and requests see no gap (UpdateEndpoint). The
version before stays beside the current one, so that a rollback waits for nothing else.

Deliberately not here: who approves and promotes (`training.registry.packages`, `mesh promote`), and who asks
(`training.endpoint`, `training.batch`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.documents import (
    Document,
    account_trust,
    document,
    key_policy,
    logs_key_use,
    service_trust,
    tls_only,
)
from components.dynamic_session import Actor
from components.private_bucket import PrivateBucket, PrivateBucketArgs
from components.serving_approval import ApprovedPackage
from components.serving_documents import ARTEFACT, CAPTURE, batch_caller_policy, caller_policy, serving_policy
from governance.names import Names, Place, fit
from governance.settings import PackageVersion

VARIANT = "champion"
CAPTURE_DAYS = 30
"""Days that captured requests, and the input and output of transform jobs, are kept."""


@dataclass(frozen=True, kw_only=True)
class ModelServingArgs:
    """Inputs of a ModelServing."""

    serving: str
    """Name of what is served."""

    place: Place
    """Account and region."""

    names: Names
    """Physical names of the mesh."""

    admin: Actor
    """The deploy role, which asks the registry for approvals."""

    models_bucket: pulumi.Input[str]
    """The consumer's bucket with model artefacts."""

    models_key_arn: pulumi.Input[str]
    """Key that encrypts them."""

    current: PackageVersion | None
    """What is served; None before the first promotion."""

    previous: PackageVersion | None
    """What was served before."""

    endpoint: bool
    """Whether there is an endpoint; else a model for transform jobs only."""

    instance_type: str
    instance_count: int

    data_capture_percent: int
    """Share of requests kept with their answers; 0 keeps none."""

    subnet_ids: Sequence[str]
    security_group_ids: Sequence[str]

    disposable: bool = False
    """Whether destroying the stack may delete captured data and the results of jobs."""

    tags: Mapping[str, str] = field(default_factory=dict)
    """Added to the provider's default tags."""


class ModelServing(pulumi.ComponentResource):
    """Key, roles and bucket, and what was promoted."""

    role_arn: pulumi.Output[str]
    caller_role_arn: pulumi.Output[str]
    key_arn: pulumi.Output[str]
    bucket: pulumi.Output[str]
    model: pulumi.Output[str]
    endpoint: pulumi.Output[str]

    def __init__(self, name: str, args: ModelServingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mesh:ml:ModelServing", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        key = aws.kms.Key(
            f"{name}-key",
            description=f"Encrypts what {args.serving} serves, captures and scores",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=json.dumps(key_policy(args.place, logs_key_use(args.place))),
            tags=dict(args.tags),
            opts=pulumi.ResourceOptions(parent=self, protect=not args.disposable or None),
        )
        alias = f"alias/{args.names.namespace}-serving-{args.serving}"
        aws.kms.Alias(f"{name}-key-alias", name=alias, target_key_id=key.key_id, opts=child)
        self.key_arn = key.arn
        bucket = args.names.serving_bucket(args.serving, args.place)
        self.bucket = PrivateBucket(
            f"{name}-data",
            PrivateBucketArgs(
                bucket=bucket,
                policy=document(tls_only(args.place.bucket_arn(bucket))),
                key_arn=key.arn,
                expire_days=CAPTURE_DAYS,
                disposable=args.disposable,
                tags=args.tags,
            ),
            opts=child,
        ).name
        self.role_arn = self._role(name, args, key.arn, args.place.bucket_arn(bucket))
        self.caller_role_arn = self._caller(name, args, key.arn, args.place.bucket_arn(bucket))
        self.model = self.endpoint = pulumi.Output.from_input("")
        if args.current:
            approved = ApprovedPackage(
                f"{name}-approved", actor=args.admin, package=args.current.arn, opts=child
            )
            config, model = self._declared(name, args, args.current, approved)
            self.model = model.name
            if args.previous:
                self._declared(name, args, args.previous, None)
            if config:
                self.endpoint = aws.sagemaker.Endpoint(
                    f"{name}-endpoint",
                    name=args.names.endpoint(args.serving),
                    endpoint_config_name=config.name,
                    tags=dict(args.tags),
                    opts=child,
                ).name
        self.register_outputs(
            {
                "role_arn": self.role_arn,
                "caller_role_arn": self.caller_role_arn,
                "key_arn": self.key_arn,
                "bucket": self.bucket,
                "model": self.model,
                "endpoint": self.endpoint,
            }
        )

    def _role(
        self, name: str, args: ModelServingArgs, key_arn: pulumi.Output[str], bucket_arn: str
    ) -> pulumi.Output[str]:
        """The role that models run as."""
        models_arn = pulumi.Output.from_input(args.models_bucket).apply(args.place.bucket_arn)
        policy = serving_policy(
            args.place,
            models_key_arn=args.models_key_arn,
            bucket_arn=bucket_arn,
            key_arn=key_arn,
            artefacts=pulumi.Output.concat(models_arn, f"/*/{ARTEFACT}"),
            subnet_ids=args.subnet_ids,
            security_group_ids=args.security_group_ids,
        )
        role = aws.iam.Role(
            f"{name}-role",
            name=args.names.serving_role(args.serving),
            description=f"What {args.serving} runs as",
            assume_role_policy=json.dumps(
                service_trust("sagemaker.amazonaws.com", account_id=args.place.account_id)
            ),
            tags=dict(args.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return self._able(role, f"{name}-serve", policy)

    def _caller(
        self, name: str, args: ModelServingArgs, key_arn: pulumi.Output[str], bucket_arn: str
    ) -> pulumi.Output[str]:
        """The role that asks for scores: applications and people of the account whom IAM lets assume it."""
        policy = (
            caller_policy(args.place, args.names.endpoint(args.serving))
            if args.endpoint
            else batch_caller_policy(
                args.place,
                jobs=args.names.transform_jobs(args.serving),
                models=[_physical(args, each, "") for each in (args.current, args.previous) if each],
                bucket_arn=bucket_arn,
                key_arn=key_arn,
            )
        )
        role = aws.iam.Role(
            f"{name}-caller",
            name=args.names.caller_role(args.serving),
            description=f"Asks {args.serving} for scores",
            assume_role_policy=json.dumps(account_trust(args.place, (), None)),
            tags=dict(args.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return self._able(role, f"{name}-ask", policy)

    def _able(self, role: aws.iam.Role, logical: str, document: Document) -> pulumi.Output[str]:
        """ARN of a role, known once it may do what it is for: whoever uses it waits for that."""
        policy = aws.iam.RolePolicy(
            logical,
            role=role.name,
            policy=pulumi.Output.json_dumps(document),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return pulumi.Output.all(role.arn, policy.id).apply(lambda values: str(values[0]))

    def _declared(
        self, name: str, args: ModelServingArgs, package: PackageVersion, approved: pulumi.Resource | None
    ) -> tuple[aws.sagemaker.EndpointConfiguration | None, aws.sagemaker.Model]:
        """A version as a model, and in endpoint mode the configuration that puts it on instances."""
        part, logical = aws.sagemaker, f"{name}-v{package.version}"
        model = part.Model(
            f"{logical}-model",
            name=_physical(args, package, ""),
            execution_role_arn=self.role_arn,
            containers=[part.ModelContainerArgs(model_package_name=package.arn)],
            enable_network_isolation=True,
            vpc_config=part.ModelVpcConfigArgs(
                subnets=list(args.subnet_ids), security_group_ids=list(args.security_group_ids)
            ),
            tags=dict(args.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[approved] if approved else None),
        )
        if not args.endpoint:
            return None, model
        capture = part.EndpointConfigurationDataCaptureConfigArgs(
            enable_capture=True,
            initial_sampling_percentage=args.data_capture_percent,
            destination_s3_uri=pulumi.Output.concat("s3://", self.bucket, f"/{CAPTURE}"),
            kms_key_id=self.key_arn,
            capture_options=[
                part.EndpointConfigurationDataCaptureConfigCaptureOptionArgs(capture_mode=mode)
                for mode in ("Input", "Output")
            ],
        )
        settings = f"{args.instance_type}|{args.instance_count}|{args.data_capture_percent}"
        config = part.EndpointConfiguration(
            f"{logical}-config",
            # all of a configuration is fixed when it is made, so other settings are another name
            name=_physical(args, package, hashlib.sha256(settings.encode()).hexdigest()[:6]),
            kms_key_arn=self.key_arn,
            production_variants=[
                part.EndpointConfigurationProductionVariantArgs(
                    variant_name=VARIANT,
                    model_name=model.name,
                    instance_type=args.instance_type,
                    initial_instance_count=args.instance_count,
                    initial_variant_weight=1,
                )
            ],
            data_capture_config=capture if args.data_capture_percent else None,
            tags=dict(args.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return config, model


def _physical(args: ModelServingArgs, package: PackageVersion, suffix: str) -> str:
    """Name of a version's model or configuration; group and network are in it, for both are fixed in a model."""
    network = "|".join((package.arn, *args.subnet_ids, *args.security_group_ids))
    mark = hashlib.sha256(network.encode()).hexdigest()[:6]
    return fit(
        "-".join(filter(None, (args.names.endpoint(args.serving), f"v{package.version}", mark, suffix))), 63
    )
