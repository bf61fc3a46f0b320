"""Transform jobs of the embedded cloud: a model over files in S3, file by file, and then it is gone.

Owns splitting a file into requests and putting the answers together under the file's name with `.out`. Deliberately not
here: filters and joins of DataProcessing, which are refused, and RecordIO and TFRecord as ways to split.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.responses import SageMakerResponse

from local.cloud import iam_calls
from local.cloud.sagemaker import place as places
from local.cloud.sagemaker import shapes, transfer
from local.cloud.sagemaker.api import listed
from local.cloud.sagemaker.errors import invalid
from local.cloud.sagemaker.job import Failed, Job
from local.cloud.sagemaker.paging import request_of
from local.cloud.sagemaker.serving.host import Hosted, HostingFailed

LOG_GROUP = "/aws/sagemaker/TransformJobs"
MEGABYTE = 1024 * 1024
_ROOM = "ClientError: See job logs for more information"


class TransformJob(Job):
    """A model over all files of an input."""

    kind = "Transform"
    arn_kind = "transform-job"
    shelf = "transform_jobs"

    def demand(self) -> None:
        """Refuse an unknown model and what is not done here."""
        self.instances = int(self.request["TransformResources"]["InstanceCount"])
        model = self.place.backend._models.get(self.request["ModelName"])
        if model is None:
            raise invalid(f'Could not find model "{self.place.arn("model", self.request["ModelName"])}".')
        self.model: Any = model
        split = self.request["TransformInput"].get("SplitType") or "None"
        if split not in ("None", "Line"):
            raise invalid(f"SplitType {split} is not served by the embedded cloud; use None or Line.")
        iam_calls.demand(
            "sagemaker:CreateTransformJob",
            self.arn,
            self.place.region,
            {"sagemaker:ModelArn": self.place.arn("model", self.request["ModelName"])},
        )
        processing = self.request.get("DataProcessing") or {}
        if processing and processing != {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}:
            raise invalid("DataProcessing is not served by the embedded cloud; leave it out.")

    def work(self) -> str:
        """Host the model, ask it for every file, and take the answers out."""
        if len(self.model.resolved) != 1:
            raise Failed(
                "ClientError: the embedded cloud hosts models of one container, not inference pipelines"
            )
        role = self.model.execution_role_arn
        session = self.place.session(role)
        given = self.request["TransformInput"]
        source = given["DataSource"]["S3DataSource"]
        inputs = transfer.objects(session, source["S3Uri"], source["S3DataType"])
        container = self.model.resolved[0]
        extra = {key: str(value) for key, value in (self.request.get("Environment") or {}).items()}
        hosted = Hosted(
            self.place,
            type(container)(
                image=container.image,
                model_data=container.model_data,
                environment={**container.environment, "SAGEMAKER_BATCH": "true", **extra},
            ),
            role=role,
            isolated=self.model.enable_network_isolation,
            group=LOG_GROUP,
            stream=self.name,
        )
        try:
            hosted.wait()
            self.started = self.modified = self._now()
            for bucket, key, relative in inputs:
                if self.stopping.is_set():
                    return "Stopped"
                self._file(session, hosted, f"s3://{bucket}/{key}", relative)
        except HostingFailed as problem:
            raise Failed(f"AlgorithmError: {problem}") from None
        finally:
            hosted.stop()
        return "Completed"

    def _file(self, session: Any, hosted: Hosted, uri: str, relative: str) -> None:
        given, output = self.request["TransformInput"], self.request["TransformOutput"]
        content = transfer.read(session, uri)
        if (given.get("CompressionType") or "None") != "None":
            raise Failed(f"{_ROOM}: {uri}: compressed input is not served by the embedded cloud")
        answers = []
        for part in self._parts(content, uri):
            answer = hosted.ask(part, given.get("ContentType") or "", output.get("Accept") or "")
            if answer.status != 200:
                first = (answer.message.splitlines() or [""])[0]
                raise Failed(
                    f"{_ROOM}: {uri}: Bad HTTP status received from algorithm: {answer.status}, {first}"
                )
            answers.append(answer.body)
        joined = _assembled(answers, output.get("AssembleWith") or "None")
        target = f"{output['S3OutputPath'].rstrip('/')}/{relative}.out"
        self._put(session, joined, target, output.get("KmsKeyId"))

    def _parts(self, content: bytes, uri: str) -> Iterator[bytes]:
        """The requests a file is sent as: whole, by line, or as many lines as fit into a payload."""
        limit = int(self.request.get("MaxPayloadInMB", 6)) * MEGABYTE or len(content) + 1
        split = self.request["TransformInput"].get("SplitType") or "None"
        if split == "None":
            if len(content) > limit:
                raise Failed(f"{_ROOM}: {uri}: is larger than MaxPayloadInMB; split it by line")
            yield content
            return
        single = self.request.get("BatchStrategy") == "SingleRecord"
        held: list[bytes] = []
        size = 0
        for line in content.splitlines(keepends=True):
            if not line.strip():
                continue
            if held and (single or size + len(line) > limit):
                yield b"".join(held)
                held, size = [], 0
            held.append(line)
            size += len(line)
        if held:
            yield b"".join(held)

    @staticmethod
    def _put(session: Any, content: bytes, uri: str, key: str | None) -> None:
        with tempfile.TemporaryDirectory(prefix="transform-") as folder:
            path = Path(folder) / "answers"
            path.write_bytes(content)
            transfer.put(session, path, uri, key)

    def describe(self) -> dict[str, Any]:
        """Return the answer of DescribeTransformJob."""
        found = {
            **self.request,
            **self.summary(),
            "TransformStartTime": self.started,
        }
        return shapes.picked("DescribeTransformJob", found)

    def summary(self) -> dict[str, Any]:
        """Return the entry of ListTransformJobs."""
        return {
            "TransformJobName": self.name,
            "TransformJobArn": self.arn,
            "CreationTime": self.created,
            "TransformEndTime": self.ended,
            "LastModifiedTime": self.modified,
            "TransformJobStatus": self.status,
            "FailureReason": self.reason or None,
        }


def _assembled(answers: list[bytes], how: str) -> bytes:
    """Answers one after the other; by line each ends in exactly one line break."""
    if how == "Line":
        return b"".join(answer if answer.endswith(b"\n") else answer + b"\n" for answer in answers)
    return b"".join(answers)


def create_transform_job(self: Any) -> Any:
    """Serve CreateTransformJob."""
    return ActionResult({"TransformJobArn": TransformJob.create(places.of(self), request_of(self)).arn})


def describe_transform_job(self: Any) -> Any:
    """Serve DescribeTransformJob."""
    return ActionResult(TransformJob.find(places.of(self), self._get_param("TransformJobName")).describe())


def list_transform_jobs(self: Any) -> Any:
    """Serve ListTransformJobs."""
    found = [job.summary() for job in list(TransformJob.known(places.of(self)).values())]
    request = request_of(self, "ListTransformJobs")
    return ActionResult(listed(found, request, "TransformJob", "TransformJobSummaries"))


def stop_transform_job(self: Any) -> Any:
    """Serve StopTransformJob."""
    TransformJob.find(places.of(self), self._get_param("TransformJobName")).stop()
    return EmptyResult()


def install() -> None:
    """Put transform jobs that run in the place of moto's records."""
    for call in (create_transform_job, describe_transform_job, list_transform_jobs, stop_transform_job):
        setattr(SageMakerResponse, call.__name__, call)
