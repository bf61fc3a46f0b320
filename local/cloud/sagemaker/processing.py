"""Processing jobs.

Owns what is special about them: inputs from S3 and from queries, `/opt/ml/config`, the entry point, outputs.
What AWS does with outputs when a job fails: `EndOfJob` outputs are uploaded by a job that completes,
`Continuous` ones are there as far as they were written (ProcessingS3Output, S3UploadMode). Deliberately not
here: processes (container), copies (transfer), queries (dataset).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local.cloud.sagemaker import dataset, shapes, transfer
from local.cloud.sagemaker.container import Room, Run, image_refused
from local.cloud.sagemaker.errors import invalid
from local.cloud.sagemaker.job import Failed, Job
from local.cloud.sagemaker.place import Session
from local.cloud.sagemaker.toolkit import resource_config

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
DAY = 86400
_MESSAGE = 1024


class ProcessingJob(Job):
    """A processing job."""

    kind, arn_kind, shelf = "Processing", "processing-job", "processing_jobs"

    def __init__(self, place: Any, request: dict[str, Any]) -> None:
        super().__init__(place, request)
        self.cluster = request["ProcessingResources"]["ClusterConfig"]
        self.instances = int(self.cluster.get("InstanceCount") or 1)
        self.message = ""
        self._run: Run | None = None

    @property
    def seconds(self) -> int:
        """Limit of the run time."""
        return int((self.request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds") or DAY)

    @property
    def isolated(self) -> bool:
        """Whether the containers have no network."""
        return bool((self.request.get("NetworkConfig") or {}).get("EnableNetworkIsolation"))

    def demand(self) -> None:
        """Refuse a role that cannot be passed, and names that occur twice."""
        self.place.demand_role(self.request["RoleArn"], self.arn)
        for member, field in (("ProcessingInputs", "InputName"), ("Outputs", "OutputName")):
            names = [each[field] for each in self._outputs(member)]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise invalid(f"{field} must be unique within {member}: {', '.join(twice)}")

    def _outputs(self, member: str = "Outputs") -> list[dict[str, Any]]:
        if member == "Outputs":
            return list((self.request.get("ProcessingOutputConfig") or {}).get("Outputs") or [])
        return list(self.request.get(member) or [])

    def work(self) -> str:
        """Bring the inputs in, run, take the outputs out."""
        refused = image_refused(self.request["AppSpecification"]["ImageUri"])
        if refused:
            raise Failed(refused)
        other = [each["OutputName"] for each in self._outputs() if "FeatureStoreOutput" in each]
        if other:
            raise Failed(f"ClientError: the embedded cloud has no FeatureStoreOutput: {', '.join(other)}")
        session = self.place.session(self.request["RoleArn"])
        with Room(self.instances) as room:
            for each in self._outputs("ProcessingInputs"):
                self._bring(session, room, each)
            if self.stopping.is_set():
                return "Stopped"
            for host in room.hosts:
                self._configure(room, host)
            return self._supervise(session, room)

    def _bring(self, session: Session, room: Room, given: dict[str, Any]) -> None:
        name = given["InputName"]
        if given.get("AppManaged"):
            return
        if "S3Input" in given:
            source = given["S3Input"]
            uri, kind = source["S3Uri"], source["S3DataType"]
            distribution = source.get("S3DataDistributionType") or "FullyReplicated"
            local, mode = source.get("LocalPath"), source.get("S3InputMode")
            unzip = source.get("S3CompressionType") == "Gzip"
        else:
            source = given.get("DatasetDefinition") or {}
            uri, kind = dataset.unload(session, name, source, self.name, self.stopping), "S3Prefix"
            distribution = source.get("DataDistributionType") or transfer.SHARDED
            local, mode, unzip = source.get("LocalPath"), source.get("InputMode"), False
        if mode == "Pipe":
            raise Failed(f"ClientError: input '{name}': the embedded cloud has the input mode File only")
        found = transfer.objects(session, uri, kind)
        for number, host in enumerate(room.hosts):
            mine = transfer.share(found, distribution, number, len(room.hosts))
            folder = room.path(host, local or f"/opt/ml/processing/{name}")
            transfer.bring(session, mine, folder, unzip=unzip)

    def _configure(self, room: Room, host: str) -> None:
        config = room.opt_ml(host) / "config"
        described = {**self.request, "ProcessingJobArn": self.arn}
        (config / "processingjobconfig.json").write_text(json.dumps(described, default=str))
        resources = resource_config(host, room.hosts, str(self.cluster.get("InstanceType")))
        (config / "resourceconfig.json").write_text(json.dumps(resources))
        for each in self._outputs():
            if "S3Output" in each:
                room.path(host, self._local(each)).mkdir(parents=True, exist_ok=True)

    @staticmethod
    def _local(output: dict[str, Any]) -> str:
        found: str = (
            output["S3Output"].get("LocalPath") or f"/opt/ml/processing/output/{output['OutputName']}"
        )
        return found

    def _supervise(self, session: Session, room: Room) -> str:
        application = self.request["AppSpecification"]
        entry = application.get("ContainerEntrypoint") or []
        if not entry:
            raise Failed(
                "ClientError: AppSpecification.ContainerEntrypoint is missing, and the images of the embedded "
                "cloud have no entry point of their own"
            )
        given = {key: str(value) for key, value in (self.request.get("Environment") or {}).items()}
        given = {"PROCESSING_JOB_NAME": self.name, **given}
        self._run = Run(
            place=self.place,
            room=room,
            job=self.name,
            group=LOG_GROUP,
            session=None if self.isolated else session,
            commands={host: [*entry, *(application.get("ContainerArguments") or [])] for host in room.hosts},
            environments=dict.fromkeys(room.hosts, given),
            folders={host: room.root(host) for host in room.hosts},
        )
        if self.stopping.is_set():
            return "Stopped"
        self.started = self.modified = self._now()
        ended, code = self._run.wait(self.seconds)
        self.message = self._said(room, "message")
        completed = ended == "exited" and code == 0
        self._take(session, room, completed)
        if completed:
            return "Completed"
        if ended == "exited":
            said = self._said(room, "failure") or "See job logs for more information"
            raise Failed(f"AlgorithmError: {said}, exit code: {code}")
        return "Stopped"

    def interrupt(self) -> None:
        """Stop the processes."""
        if self._run is not None:
            self._run.stop()

    def _take(self, session: Session, room: Room, completed: bool) -> None:
        key = (self.request.get("ProcessingOutputConfig") or {}).get("KmsKeyId")
        for each in self._outputs():
            target = each.get("S3Output")
            if each.get("AppManaged") or target is None:
                continue
            if completed or target["S3UploadMode"] == "Continuous":
                for host in room.hosts:
                    transfer.take(session, room.path(host, self._local(each)), target["S3Uri"], key)

    @staticmethod
    def _said(room: Room, file: str) -> str:
        paths: list[Path] = [room.opt_ml(host) / "output" / file for host in room.hosts]
        texts = [path.read_text(errors="replace").strip() for path in paths if path.is_file()]
        return next((text for text in texts if text), "")[:_MESSAGE]

    def describe(self) -> dict[str, Any]:
        """Return the answer of DescribeProcessingJob."""
        found = {
            **self.request,
            **self.summary(),
            "StoppingCondition": {"MaxRuntimeInSeconds": self.seconds},
            "ProcessingStartTime": self.started,
        }
        return shapes.picked("DescribeProcessingJob", found)

    def summary(self) -> dict[str, Any]:
        """Return the entry of ListProcessingJobs."""
        return {
            "ProcessingJobName": self.name,
            "ProcessingJobArn": self.arn,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
            "ProcessingEndTime": self.ended,
            "ProcessingJobStatus": self.status,
            "FailureReason": self.reason or None,
            "ExitMessage": self.message or None,
        }
