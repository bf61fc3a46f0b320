"""Parts of requests that the job steps share: processors, inputs and outputs, the trainer, its channels and the tuner.

Owns where jobs read and write, as whom, on what network and under which key. Deliberately not here: which job does
what (`steps`).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from training.model.tuning import OBJECTIVES
from training.pipelines.parameters import parameter_name
from training.pipelines.sdk import processor, tuner
from training.pipelines.settings import CATALOG, PipelineSettings

PROCESSING = "/opt/ml/processing"
PROGRAM = f"{PROCESSING}/input/code/training.zip"
CODE_CHANNEL = "code"
SOURCE = f"/opt/ml/input/data/{CODE_CHANNEL}/sourcedir.tar.gz"
"""Where the script-mode archive is found: in a channel, since an isolated container cannot download it."""
TRAIN_PROGRAM = "train.py"
NOBODY = "arn:aws:iam::000000000000:role/nobody"
"""A model trainer looks its role up in IAM unless it is an ARN, and in a preview it need not be one yet."""


def metric_name(printed: str) -> str:
    """SageMaker's name of a metric that training prints as ``<name>=<number>;``.

    >>> metric_name("validation-auc")
    'validation:auc'
    """
    return printed.replace("-", ":", 1)


METRICS = {metric_name(name): rf"{name}=([0-9.eE+-]+);" for name in ("train-auc", *OBJECTIVES)}
"""Metrics that SageMaker reads from the log of a training job -> how it finds them."""


def joined(*parts: Any, on: str = "/") -> Any:
    """A text, by default an address, of parts that are known when the pipeline runs."""
    from sagemaker.core.workflow.functions import Join

    return Join(on=on, values=list(parts))


def run_folder(settings: PipelineSettings, role: str, *parts: str) -> Any:
    """Folder of one run below a role's prefix in the models bucket, or something in it."""
    from sagemaker.core.workflow.execution_variables import ExecutionVariables

    runs = f"s3://{settings.models_bucket}/{role}/runs"
    return joined(runs, ExecutionVariables.PIPELINE_EXECUTION_ID, *parts)


def processing(
    settings: PipelineSettings, session: Any, *, image: str, role: str, step: str, kind: Any, count: Any,
    environment: dict[str, Any] | None = None,
) -> Any:  # fmt: skip
    """A processor that runs one step of the program, isolated from the network."""
    from sagemaker.core.network import NetworkConfig

    return processor(
        role=role,
        image_uri=image,
        entrypoint=["python3", PROGRAM, step],
        instance_type=kind,
        instance_count=count,
        volume_size_in_gb=settings.instances.volume_gb,
        volume_kms_key=settings.key_arn,
        output_kms_key=settings.key_arn,
        max_runtime_in_seconds=settings.instances.max_hours * 3600,
        env=environment,
        sagemaker_session=session,
        network_config=NetworkConfig(
            enable_network_isolation=True,
            encrypt_inter_container_traffic=True,
            security_group_ids=list(settings.security_groups),
            subnets=list(settings.subnets),
        ),
    )


def query_input(
    settings: PipelineSettings,
    name: str,
    query: Any,
    database: Any,
    *,
    workgroup: str,
    role: str,
    sharded: bool,
) -> Any:
    """Input that SageMaker fetches by a query before the container starts, as the job's role.

    Results are copies of governed data, so they go to the role's own prefix.
    """
    from sagemaker.core.shapes import AthenaDatasetDefinition, DatasetDefinition, ProcessingInput

    return ProcessingInput(
        input_name=name,
        dataset_definition=DatasetDefinition(
            athena_dataset_definition=AthenaDatasetDefinition(
                catalog=CATALOG,
                database=database,
                query_string=query,
                work_group=workgroup,
                output_s3_uri=f"s3://{settings.results_bucket}/{role}/processing/",
                kms_key_id=settings.key_arn,
                output_format="PARQUET",
                output_compression="SNAPPY",
            ),
            local_path=f"{PROCESSING}/input/{name}",
            data_distribution_type="ShardedByS3Key" if sharded else "FullyReplicated",
            input_mode="File",
        ),
    )


def object_input(name: str, uri: Any) -> Any:
    """Input of objects in S3."""
    from sagemaker.core.shapes import ProcessingInput, ProcessingS3Input

    place = f"{PROCESSING}/input/{name}"
    return ProcessingInput(
        input_name=name,
        s3_input=ProcessingS3Input(
            s3_uri=uri, local_path=place, s3_data_type="S3Prefix", s3_input_mode="File"
        ),
    )


def object_output(name: str, uri: Any) -> Any:
    """Output folder of the same name, uploaded when the job has ended."""
    from sagemaker.core.shapes import ProcessingOutput, ProcessingS3Output

    place = f"{PROCESSING}/output/{name}"
    return ProcessingOutput(
        output_name=name,
        s3_output=ProcessingS3Output(s3_uri=uri, local_path=place, s3_upload_mode="EndOfJob"),
    )


def words(flags: dict[str, Any]) -> list[Any]:
    """Flags and values as arguments; a flag with several values comes several times."""
    return [
        word
        for flag, value in flags.items()
        for each in (value if isinstance(value, list) else [value])
        for word in (f"--{flag}", each)
    ]


def trainer(settings: PipelineSettings, session: Any, parameters: dict[str, Any], image: str) -> Any:
    """A model trainer in script mode, isolated, on spot capacity where the settings say so."""
    from sagemaker.core.training.configs import (
        CheckpointConfig,
        Compute,
        Networking,
        OutputDataConfig,
        StoppingCondition,
    )  # fmt: skip
    from sagemaker.train.model_trainer import ModelTrainer

    instances, further = settings.instances, {}
    if instances.spot:
        further["checkpoint_config"] = CheckpointConfig(
            s3_uri=run_folder(settings, settings.role, "checkpoints"), local_path="/opt/ml/checkpoints"
        )
    made = ModelTrainer(
        sagemaker_session=session,
        role=NOBODY,
        base_job_name=settings.name,
        training_image=image,
        training_input_mode="File",
        hyperparameters=_hyperparameters(settings, parameters),
        compute=Compute(
            instance_type=parameters["TrainInstanceType"],
            instance_count=parameters["TrainInstanceCount"],
            volume_size_in_gb=instances.volume_gb,
            volume_kms_key_id=settings.key_arn,
            enable_managed_spot_training=instances.spot,
        ),
        stopping_condition=StoppingCondition(
            max_runtime_in_seconds=instances.max_hours * 3600,
            **({"max_wait_time_in_seconds": instances.spot_wait_hours * 3600} if instances.spot else {}),
        ),
        output_data_config=OutputDataConfig(
            s3_output_path=f"s3://{settings.models_bucket}/{settings.role}/models",
            kms_key_id=settings.key_arn,
            compression_type="GZIP",
        ),
        networking=Networking(
            security_group_ids=list(settings.security_groups),
            subnets=list(settings.subnets),
            enable_network_isolation=True,
            enable_inter_container_traffic_encryption=True,
        ),
        **further,
    )
    made.role = settings.role_arn
    return made


def _hyperparameters(settings: PipelineSettings, parameters: dict[str, Any]) -> dict[str, Any]:
    """Texts all: what is tuned is left out, what script mode needs is added."""
    config = settings.config
    names = {name: parameter_name(name) for name in asdict(config.hyperparameters)}
    chosen = {name: parameters[given].to_string() for name, given in names.items() if given in parameters}
    return {
        **chosen,
        "seed": parameters["Seed"].to_string(),
        "name": config.name,
        "chunk-rows": str(config.chunk_rows),
        "cost-false-negative": f"{config.cost_false_negative:g}",
        "cost-false-positive": f"{config.cost_false_positive:g}",
        "sagemaker_program": TRAIN_PROGRAM,
        "sagemaker_submit_directory": SOURCE,
        "sagemaker_region": settings.region,
        "sagemaker_container_log_level": "20",
    }


def channels(settings: PipelineSettings, splits: Any) -> list[Any]:
    """Channels of a training job: the splits whole to every host, which takes its share, and the code."""
    from sagemaker.core.training.configs import InputData

    found = {part: splits[part].S3Output.S3Uri for part in ("train", "validation", "features")}
    found[CODE_CHANNEL] = settings.source_uri
    return [InputData(channel_name=name, data_source=uri) for name, uri in found.items()]


def tuned(settings: PipelineSettings, model_trainer: Any) -> Any:
    """A tuner over the configured ranges."""
    from sagemaker.core.parameter import ContinuousParameter, IntegerParameter

    tuning = settings.config.tuning
    assert tuning is not None, "asked for only where something is tuned"
    ranges = {
        entry.name: IntegerParameter(int(entry.low), int(entry.high), entry.scale.capitalize())
        if entry.whole
        else ContinuousParameter(entry.low, entry.high, entry.scale.capitalize())
        for entry in tuning.ranges
    }
    return tuner(
        model_trainer=model_trainer,
        objective_metric_name=metric_name(tuning.objective),
        objective_type=tuning.direction,
        hyperparameter_ranges=ranges,
        metric_definitions=[{"Name": name, "Regex": regex} for name, regex in METRICS.items()],
        strategy="Bayesian",
        max_jobs=tuning.trials,
        max_parallel_jobs=min(tuning.parallel, tuning.trials),
        random_seed=settings.config.seed,
    )
