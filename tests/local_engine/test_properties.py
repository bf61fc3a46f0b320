"""Every property that pulumi-aws has for a known type finds its member in boto3's model, or is named here."""

from __future__ import annotations

import importlib
import re
import sys
from typing import Any

import botocore.validate
import pytest

from local.engine import shapes
from local.engine.tables import TABLE

# Left out on purpose: the program uses the separate resources of pulumi-aws, or AWS fills the value in.
UNSUPPORTED = {
    "aws:iam/policy:Policy": {"delayAfterPolicyCreationInMs"},
    "aws:s3/bucket:Bucket": {
        "accelerationStatus",
        "corsRules",
        "grants",
        "lifecycleRules",
        "logging",
        "objectLockConfiguration",
        "policy",
        "replicationConfiguration",
        "requestPayer",
        "serverSideEncryptionConfiguration",
        "versioning",
        "website",
    },
    "aws:s3/bucketNotification:BucketNotification": {"lambdaFunctions", "queues", "topics"},
    "aws:glue/catalogTable:CatalogTable": {"openTableFormatInput", "partitionIndices"},
    "aws:cloudwatch/eventTarget:EventTarget": {
        "appsyncTarget",
        "batchTarget",
        "ecsTarget",
        "redshiftTarget",
        "runCommandTargets",
    },
    "aws:sns/topic:Topic": {"*"},
    "aws:lambda/function:Function": {"snapStart", "vpcConfig"},
}


def _inputs(token: str) -> dict[str, Any]:
    """A value of the right shape for every input property of a type."""
    module_name, type_name = token.split(":")[1].split("/")[0], token.split(":")[2]
    module = importlib.import_module(f"pulumi_aws.{'lambda_' if module_name == 'lambda' else module_name}")
    nested = importlib.import_module(f"{module.__name__}._inputs")
    source = sys.modules[getattr(module, type_name).__module__]
    args = getattr(source, f"{type_name}InitArgs", None) or getattr(source, f"{type_name}Args")
    return _sample(args, nested, ())


def _sample(args: type, module: object, seen: tuple[type, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, member in vars(args).items():
        if not isinstance(member, property):
            continue
        text = str(member.fget.__annotations__.get("return"))
        value = _value(text, module, seen)
        if value is not None:
            values[getattr(member.fget, "_pulumi_name", name)] = value
    return values


def _value(text: str, module: object, seen: tuple[type, ...]) -> Any:
    if "Asset" in text or "Archive" in text:
        return None
    if "PolicyDocument" in text:
        return "{}"
    found = [getattr(module, name, None) for name in re.findall(r"(\w+Args)\b", text)]
    inner = next((item for item in found if item is not None and item not in seen), None)
    value: Any = "x" * 16
    if inner is not None:
        value = _sample(inner, module, (*seen, inner))
    elif "bool" in text:
        value = True
    elif "int]" in text or "int," in text:
        value = 60
    elif "float" in text:
        value = 1.0
    if "Mapping" in text and inner is None:
        value = {"k": value}
    return [value] if "Sequence" in text else value


@pytest.mark.parametrize("token", sorted(TABLE))
def test_every_property_has_a_member(token: str) -> None:
    api, inputs = TABLE[token], _inputs(token)
    assert inputs, "the type was found"
    allowed = UNSUPPORTED.get(token, set())
    skipped = api.ignore | {"region", f"{api.name}Prefix"}
    properties = {key: value for key, value in inputs.items() if key not in skipped}
    _, unplaced = shapes.build(
        api.service, api.create, properties, wrap=api.wrap, top=api.top, rename=api.rename
    )
    assert {path.split(".")[0] for path in unplaced} <= allowed or "*" in allowed, unplaced


@pytest.mark.parametrize("token", sorted(TABLE))
def test_the_parameters_have_the_types_that_boto3_wants(token: str) -> None:
    api, inputs = TABLE[token], _inputs(token)
    properties = {key: value for key, value in inputs.items() if key not in api.ignore | {"region"}}
    params, _ = shapes.build(
        api.service, api.create, properties, wrap=api.wrap, top=api.top, rename=api.rename
    )
    report = botocore.validate.ParamValidator().validate(
        params, shapes.operation(api.service, api.create).input_shape
    )
    lines = report.generate_report().splitlines()
    wrong = [line for line in lines if "Invalid type" in line and "timestamp-string" not in line]
    assert not wrong


@pytest.mark.parametrize("token", sorted(TABLE))
def test_an_entry_names_only_what_exists(token: str) -> None:
    api, inputs = TABLE[token], _inputs(token)
    known = {*inputs, *inputs.get("tags", {}), "source", "code", "expectedBucketOwner", "overrideProvider"}
    named = {*api.ignore, *api.defaults, *api.top, *filter(None, [api.name])}
    assert named - known == set()
    if "*" not in api.replace:
        assert api.replace - known == set()
    for method, keys in (
        (api.create, api.constants),
        (api.update, api.update_keys),
        (api.delete, api.delete_keys),
    ):
        if method:
            shape = shapes.operation(api.service, method).input_shape
            assert set(keys) <= set(shape.members), f"{method} has no such member"
    if api.delete:
        required = shapes.operation(api.service, api.delete).input_shape.required_members
        assert set(required) <= {*api.delete_keys}, "a delete that misses a parameter cannot work"
    assert api.delete or api.on_delete, "every type can be deleted"


@pytest.mark.parametrize("token", sorted(token for token in TABLE if TABLE[token].update))
def test_an_update_reaches_all_that_does_not_replace(token: str) -> None:
    api, inputs = TABLE[token], _inputs(token)
    skipped = {
        *api.ignore,
        *api.replace,
        "region",
        "tags",
        *UNSUPPORTED.get(token, set()),
        f"{api.name}Prefix",
    }
    properties = {key: value for key, value in inputs.items() if key not in skipped}
    wrap = api.wrap if api.update_wrap is None else api.update_wrap
    rename = api.rename if api.update_rename is None else api.update_rename
    params, unplaced = shapes.build(
        api.service, api.update, properties, wrap=wrap, top=api.top, rename=rename
    )
    assert params
    later = {
        "configuration.identityCenterConfiguration",
        "configuration.managedQueryResultsConfiguration",
        "domainSettings.rStudioServerProDomainSettings",
    }
    assert set(unplaced) <= later, "changes of these replace the resource instead"
