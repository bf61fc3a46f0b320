"""Inputs of few outputs: the text Pulumi would have made, its dependencies, and no waiting where all is known."""

from __future__ import annotations

import json
from collections.abc import Callable

import component_parts as parts
import pulumi
import pulumi_aws as aws
import pytest

from components.inputs import document_text, s3_url
from local.engine import Recording

KNOWN = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "One", "Resource": ["a", 1, True, None], "Text": 'ä\n"x"'}],
}


def test_a_document_of_known_values_is_text_at_once() -> None:
    assert document_text(KNOWN) == json.dumps(KNOWN)


def test_an_address_in_a_known_bucket_is_text_at_once() -> None:
    assert s3_url("vault", "curated/x/") == "s3://vault/curated/x/"


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x"])
def test_what_is_neither_json_nor_an_output_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match=type(value).__name__):
        document_text({"Resource": value})


@pytest.fixture(scope="module")
def recording(declare: Callable[..., Recording]) -> Recording:
    """Parameters whose values are documents and addresses of two keys' ARNs, by our way and by Pulumi's own."""

    def program() -> None:
        opts = pulumi.ResourceOptions(provider=parts.provider("p", parts.PRODUCER))
        one, two = (aws.kms.Key(name, opts=opts) for name in ("one", "two"))
        bucket = aws.s3.Bucket("bucket", bucket="vault", opts=opts)
        documents = {
            "single": {**KNOWN, "Key": one.arn},
            "same-twice": {"Keys": [one.arn, {"again": one.arn}], "Known": KNOWN},
            "both": {"Keys": [two.arn, "known", one.arn], one.urn.__class__.__name__: "Output"},
        }
        for name, document in documents.items():
            aws.ssm.Parameter(f"{name}-ours", type="String", value=document_text(document), opts=opts)
            theirs = pulumi.Output.json_dumps(document)
            aws.ssm.Parameter(f"{name}-theirs", type="String", value=theirs, opts=opts)
        aws.ssm.Parameter("url", type="String", value=s3_url(bucket.bucket, "curated/x/"), opts=opts)

    return declare(program)


@pytest.mark.parametrize("name", ["single", "same-twice", "both"])
def test_a_document_with_outputs_is_what_pulumi_makes_of_it_and_waits_for_the_same(
    recording: Recording, name: str
) -> None:
    token = "aws:ssm/parameter:Parameter"
    ours, theirs = (recording.get(token, f"{name}-{whose}") for whose in ("ours", "theirs"))
    assert ours.inputs["value"] == theirs.inputs["value"]
    assert "arn:aws" in ours.inputs["value"], "the key's ARN is filled in"
    assert set(ours.dependencies) == set(theirs.dependencies) != set()


def test_an_address_in_a_bucket_to_come_waits_for_it(recording: Recording) -> None:
    url = recording.get("aws:ssm/parameter:Parameter", "url")
    assert url.inputs["value"] == "s3://vault/curated/x/"
    assert [recording.by_urn(urn).name for urn in url.dependencies] == ["bucket"]
