"""Training jobs in script mode.

Owns the states a training job goes through, its channels, code, checkpoints, artefacts and metrics.
Deliberately not here: what the script sees (toolkit), processes (container), tuning (tuning). A built-in
algorithm is not run: the job needs `sagemaker_program`, or an entry point of its own.
"""

from __future__ import annotations

import json
import threading
from typing import Any

from local.cloud.sagemaker import metrics, shapes, toolkit
from local.cloud.sagemaker import training_files as files
from local.cloud.sagemaker.container import Room, Run, image_refused
from local.cloud.sagemaker.errors import invalid
from local.cloud.sagemaker.job import Failed, Job
from local.cloud.sagemaker.place import Session

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
_DAY = 86400
_SAID = {
    "Starting": "Starting the training job",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job reached its maximum runtime",
}


class TrainingJob(Job):
    """A training job.

    Attributes
    ----------
    tuned
        Hyperparameters that a tuning job chose; empty for a job of its own.
    metrics
        Final metrics.
    """

    kind, arn_kind, shelf = "Training", "training-job", "training_jobs"

    def __init__(self, place: Any, request: dict[str, Any]) -> None:
        super().__init__(place, request)
        resources = request["ResourceConfig"]
        groups = resources.get("InstanceGroups") or []
        self.instance = str(
            resources.get("InstanceType") or (groups[0]["InstanceType"] if groups else "local")
        )
        counted = sum(int(group.get("InstanceCount") or 0) for group in groups)
        self.instances = int(resources.get("InstanceCount") or counted or 1)
        self.tuned: dict[str, str] = {}
        self.tuning_arn = self.definition_name = ""
        self.metrics: list[dict[str, Any]] = []
        self.transitions: list[dict[str, Any]] = []
        self.training_ended: float | None = None
        self.exceeded = False
        self._run: Run | None = None
        self._enter("Starting")

    @property
    def training_job_name(self) -> str:
        """Name, as moto's Search asks for it."""
        return self.name

    @property
    def training_job_status(self) -> str:
        """Status, as moto's Search asks for it."""
        return self.status

    @property
    def output(self) -> str:
        """Prefix of the artefacts."""
        return f"{self.request['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{self.name}/output"

    @property
    def artefact(self) -> str:
        """URI of the model, or of the folder with its files when they are not to be packed."""
        plain = self.request["OutputDataConfig"].get("CompressionType") == "NONE"
        return f"{self.output}/model{'/' if plain else '.tar.gz'}"

    @property
    def seconds(self) -> int:
        """Limit of the run time."""
        return int((self.request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds") or _DAY)

    def demand(self) -> None:
        """Refuse a role that cannot be passed, bad expressions, channels twice, and impossible waiting."""
        self.place.demand_role(self.request["RoleArn"], self.arn)
        algorithm = self.request["AlgorithmSpecification"]
        if bool(algorithm.get("TrainingImage")) == bool(algorithm.get("AlgorithmName")):
            raise invalid("You must specify exactly one of TrainingImage and AlgorithmName.")
        metrics.demand(algorithm.get("MetricDefinitions") or [])
        names = [channel["ChannelName"] for channel in self.request.get("InputDataConfig") or []]
        if len(names) != len(set(names)):
            raise invalid("Channel names must be unique within InputDataConfig.")
        waiting = (self.request.get("StoppingCondition") or {}).get("MaxWaitTimeInSeconds")
        spot = self.request.get("EnableManagedSpotTraining")
        if spot and (waiting is None or int(waiting) < self.seconds):
            raise invalid(
                "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
                "MaxRuntimeInSeconds when EnableManagedSpotTraining is true."
            )
        if waiting is not None and not spot:
            raise invalid("MaxWaitTimeInSeconds above 0 is not allowed for non-spot training jobs.")

    def _enter(self, status: str) -> None:
        """Note the beginning of a phase and the end of the one before."""
        now = self._now()
        if self.transitions:
            self.transitions[-1]["EndTime"] = now
        self.transitions.append(
            {"Status": status, "StartTime": now, "StatusMessage": _SAID.get(status, status)}
        )
        self.modified = now

    def entered(self, status: str) -> None:
        """Note the last phase."""
        last = "MaxRuntimeExceeded" if self.exceeded and status == "Stopped" else status
        self._enter(last)
        if last == "Failed":
            self.transitions[-1]["StatusMessage"] = self.reason
        self.ended = self.transitions[-1]["EndTime"] = self.transitions[-1]["StartTime"]

    def work(self) -> str:
        """Bring channels and code in, train, take model, output and checkpoints out."""
        refused = image_refused(self.request["AlgorithmSpecification"].get("TrainingImage") or "an algorithm")
        if refused:
            raise Failed(refused)
        session = self.place.session(self.request["RoleArn"])
        with Room(self.instances) as room:
            self._enter("Downloading")
            for channel in self.request.get("InputDataConfig") or []:
                files.bring(self.request, session, room, channel)
            files.checkpoints(self.request, session, room, back=True)
            if self.stopping.is_set():
                return "Stopped"
            return self._train(session, room)

    def _train(self, session: Session, room: Room) -> str:
        hyperparameters = self.request.get("HyperParameters") or {}
        values = toolkit.decoded(hyperparameters)
        inputs = toolkit.input_data_config(self.request.get("InputDataConfig") or [])
        isolated = bool(self.request.get("EnableNetworkIsolation"))
        commands, environments, folders = {}, {}, {}
        for host in room.hosts:
            opt_ml = room.opt_ml(host)
            resources = toolkit.resource_config(host, room.hosts, self.instance)
            contents = {
                "hyperparameters": hyperparameters,
                "resourceconfig": resources,
                "inputdataconfig": inputs,
            }
            for name, content in contents.items():
                (opt_ml / "input/config" / f"{name}.json").write_text(json.dumps(content))
            moved = room.moved(host, values)
            environments[host] = {
                "TRAINING_JOB_NAME": self.name,
                "TRAINING_JOB_ARN": self.arn,
                **toolkit.variables(moved, resources, inputs, self.name, opt_ml),
                **{key: str(value) for key, value in (self.request.get("Environment") or {}).items()},
            }
            folders[host] = files.code(self.request, session, room, host, moved)
            commands[host] = self._command(moved)
        self._run = Run(
            place=self.place,
            room=room,
            job=self.name,
            group=LOG_GROUP,
            session=None if isolated else session,
            commands=commands,
            environments=environments,
            folders=folders,
        )
        if self.stopping.is_set():
            return "Stopped"
        return self._supervise(session, room, self._run)

    def _command(self, values: dict[str, Any]) -> list[str]:
        algorithm = self.request["AlgorithmSpecification"]
        if algorithm.get("ContainerEntrypoint"):
            return [*algorithm["ContainerEntrypoint"], *(algorithm.get("ContainerArguments") or [])]
        return toolkit.command(str(values["sagemaker_program"]), toolkit.user_values(values))

    def _supervise(self, session: Session, room: Room, run: Run) -> str:
        self._enter("Training")
        self.started = self._now()
        ended, code = run.wait(self.seconds)
        self.training_ended = self._now()
        lines = [line for host in room.hosts for line in run.lines[host]]
        definitions = self.request["AlgorithmSpecification"].get("MetricDefinitions") or []
        self.metrics = metrics.final(definitions, lines)
        files.checkpoints(self.request, session, room, back=False)
        failed = ended == "exited" and code != 0
        self._enter("Uploading")
        files.take(self.request, session, room, self.output, model=not failed)
        if failed:
            raise Failed(f"AlgorithmError: {self._said(room, run, code)}, exit code: {code}")
        self.exceeded = ended == "timeout"
        return "Completed" if ended == "exited" else "Stopped"

    def _said(self, room: Room, run: Run, code: int) -> str:
        for host in room.hosts:
            path = room.opt_ml(host) / "output/failure"
            text = path.read_text(errors="replace").strip()[:800] if path.is_file() else ""
            if text:
                return text
        if self.request["AlgorithmSpecification"].get("ContainerEntrypoint"):
            return "See job logs for more information"
        lines = next((found for found in reversed(list(run.lines.values())) if found), [])
        failed = [found for found in run.lines.values() if any("Error" in line for line in found)]
        return toolkit.failure(code, failed[0] if failed else lines, next(iter(run.commands.values())))

    def interrupt(self) -> None:
        """Stop the processes."""
        self._enter("Stopping")
        if self._run is not None:
            self._run.stop()

    @property
    def training_seconds(self) -> int | None:
        """Seconds that the instances trained, at least one once they began."""
        if self.started is None:
            return None
        return max(1, round((self.training_ended or self._now()) - self.started))

    def describe(self) -> dict[str, Any]:
        """Return the answer of DescribeTrainingJob."""
        found = {
            **self.request,
            **self.summary(),
            "FailureReason": self.reason or None,
            "ModelArtifacts": {"S3ModelArtifacts": self.artefact},
            "StoppingCondition": self.request.get("StoppingCondition") or {"MaxRuntimeInSeconds": _DAY},
            "TrainingStartTime": self.started,
            "TuningJobArn": self.tuning_arn or None,
            "SecondaryStatusTransitions": list(self.transitions),
            "FinalMetricDataList": self.metrics or None,
            "TrainingTimeInSeconds": self.training_seconds,
            "BillableTimeInSeconds": self.training_seconds,
        }
        for flag in ("NetworkIsolation", "InterContainerTrafficEncryption", "ManagedSpotTraining"):
            found[f"Enable{flag}"] = bool(self.request.get(f"Enable{flag}"))
        return shapes.picked("DescribeTrainingJob", found)

    def summary(self) -> dict[str, Any]:
        """Return the entry of ListTrainingJobs."""
        return {
            "TrainingJobName": self.name,
            "TrainingJobArn": self.arn,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
            "TrainingEndTime": self.ended,
            "TrainingJobStatus": self.status,
            "SecondaryStatus": self.transitions[-1]["Status"],
        }


def wait(job: TrainingJob, stopping: threading.Event) -> None:
    """Wait for a job's end, stopping it when asked."""
    while not job.done.wait(0.05):
        if stopping.is_set():
            job.stop()
