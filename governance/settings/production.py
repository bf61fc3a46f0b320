"""Reading a production stack's settings: what is served, from where, and on which instances.

Owns the keys of that role and the network keys that consumers have too. Deliberately not here: which version is
promoted (`mesh promote` writes it) and whether it is approved, which the registry knows.
"""

from __future__ import annotations

import re
from typing import Any

from governance.errors import MeshError
from governance.names import check_name
from governance.reader import Reader, as_mapping
from governance.settings.model import PackageVersion, ProductionSettings

MODES = ("endpoint", "batch")
CURRENT, PREVIOUS = "current", "previous"
_PACKAGE = re.compile(
    r"arn:aws(?:-cn|-us-gov)?:sagemaker:([a-z0-9-]{9,16}):([0-9]{12}):model-package/([a-z0-9-]{1,63})/([1-9][0-9]*)\Z"
)


def load_production(reader: Reader, common: dict[str, Any]) -> ProductionSettings:
    """Settings of a production stack, from its checked common part.

    Raises
    ------
    MeshError
        For the first key that is missing or wrong.
    """
    mode = reader.text("mode", "endpoint")
    if mode not in MODES:
        raise MeshError(f"'{mode}' is no mode; use one of {', '.join(MODES)}", reader.where("mode"))
    capture = reader.number("dataCapturePercent", 0, least=0)
    if capture > 100:
        raise MeshError(f"must be at most 100, not {capture}", reader.where("dataCapturePercent"))
    if capture and mode != "endpoint":
        raise MeshError(
            "captures an endpoint's requests, and the mode is batch", reader.where("dataCapturePercent")
        )
    current, previous = _versions(reader, common["place"].region)
    return ProductionSettings(
        **common,
        serving=check_name(reader.text("serving"), "serving", reader.where("serving")),
        consumer_stack=reader.text("consumerStack", "consumer"),
        current=current,
        previous=previous,
        mode=mode,
        instance_type=_instance_type(reader),
        instance_count=reader.number("instanceCount", 1),
        data_capture_percent=capture,
        **read_network(reader, "the model runs inside your VPC only"),
    )


def read_network(reader: Reader, why: str) -> dict[str, Any]:
    """VPC, subnets and security groups, as fields of the settings; `why` none of them may be missing."""
    ids = {key: reader.strings(key) for key in ("subnetIds", "securityGroupIds")}
    for key, found in ids.items():
        if not found:
            raise MeshError(f"is missing; {why}", reader.where(key))
    return {
        "vpc_id": reader.matching("vpcId", r"vpc-\w+", "vpc-0a1b2c3d4e5f60718"),
        "subnet_ids": ids["subnetIds"],
        "security_group_ids": ids["securityGroupIds"],
    }


def package_version(arn: Any, where: str) -> PackageVersion:
    """A model package's ARN in its parts.

    Raises
    ------
    MeshError
        It is no ARN of a version in a model package group.
    """
    match = _PACKAGE.match(arn) if isinstance(arn, str) else None
    if match is None:
        raise MeshError(
            f"'{arn}' is no model package; write it with 'mesh promote', such as "
            "arn:aws:sagemaker:eu-west-1:333344445555:model-package/mesh-credit-risk/3",
            where,
        )
    region, account, group, version = match.groups()
    return PackageVersion(arn=arn, account_id=account, region=region, group=group, version=int(version))


def _versions(reader: Reader, region: str) -> tuple[PackageVersion | None, PackageVersion | None]:
    """What is served and what was before; two different versions of one group, in the stack's region."""
    where = reader.where("modelPackages")
    entry = as_mapping(reader.mapping("modelPackages", required=False), (CURRENT, PREVIOUS), where)
    found = {key: package_version(arn, f"{where}.{key}") for key, arn in entry.items()}
    for key, item in found.items():
        if item.region != region:
            raise MeshError(f"is in {item.region}, and this stack in {region}", f"{where}.{key}")
    current, previous = found.get(CURRENT), found.get(PREVIOUS)
    if previous and not current:
        raise MeshError("is there without current; promote a version first", f"{where}.{PREVIOUS}")
    if current and previous:
        if (current.account_id, current.group) != (previous.account_id, previous.group):
            raise MeshError(f"is not of {current.group} as current is; take it out", f"{where}.{PREVIOUS}")
        if current.version == previous.version:
            raise MeshError("is the current version too; take it out", f"{where}.{PREVIOUS}")
    return current, previous


def _instance_type(reader: Reader) -> str:
    """An instance whose volume the stack's key can encrypt.

    SageMaker takes no KmsKeyId for instances with local storage, which their hardware encrypts (CreateEndpointConfig,
    KmsKeyId): families with a `d` after their generation, and g4dn, g5, g6, p4d, p5, i3en and their like.
    """
    kind = reader.text("instanceType", "ml.m5.large")
    where = reader.where("instanceType")
    match = re.fullmatch(r"ml\.([a-z]+)(\d+)([a-z]*)\.\d*[a-z]+", kind)
    if match is None:
        raise MeshError(f"'{kind}' is nothing like ml.m5.large", where)
    family, generation, traits = match.groups()
    if "d" in traits or family in ("i", "trn") or f"{family}{generation}" in ("g5", "g6", "p5"):
        raise MeshError(
            f"{kind} has local storage, which a customer's key cannot encrypt; use another such as ml.m5.large",
            where,
        )
    return kind
