"""The SageMaker Python SDK as the pipeline uses it: imported late, without credentials, without a call to AWS.

Owns the offline session and the two places where version 3 of the SDK loses a setting of the request that it makes
(docs/adr/0008). Deliberately not here: which steps there are.
"""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator
from typing import Any

_SILENT = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}


@contextlib.contextmanager
def quiet(region: str) -> Iterator[None]:
    """The surroundings the SDK needs: a region, roles taken as given, and no word on every captured request.

    Imports and calls of the SDK go inside. Environment and logging are afterwards as before.
    """
    import boto3

    wanted = {
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",  # a client made on import would look there for credentials
        "SAGEMAKER_VALIDATE_ROLE": "false",  # else each role is simulated against IAM, to write a definition down
    }
    common = boto3.DEFAULT_SESSION
    before = {name: os.environ.get(name) for name in wanted}
    disabled, level, handlers = logging.root.manager.disable, logging.root.level, list(logging.root.handlers)
    os.environ.update(wanted)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            warnings.filterwarnings(
                "ignore", message="Running within a PipelineSession", category=UserWarning
            )
            logging.disable(logging.WARNING)  # the SDK warns of each name that the service will give
            yield
    finally:
        logging.disable(disabled)
        logging.root.setLevel(level)  # a module of the SDK sets up the root logger when it is imported
        logging.root.handlers[:] = handlers
        boto3.DEFAULT_SESSION = common
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def session(region: str, bucket: str) -> Any:
    """A pipeline session that captures requests: no credentials are looked for, no configuration file is read.

    Parameters
    ----------
    region
        Region of the requests.
    bucket
        Stands as default bucket, so that the SDK never makes one; nothing is put into it, as every address is given.
    """
    import boto3
    from sagemaker.core.workflow.pipeline_context import PipelineSession

    # placeholders: with any credentials given, botocore asks no instance metadata service for some
    nobody = boto3.Session(region_name=region, aws_access_key_id="offline", aws_secret_access_key="offline")
    made = PipelineSession(boto_session=nobody, default_bucket=bucket, sagemaker_config=_SILENT)
    made.expand_role = lambda role: role  # roles come as ARNs; anything else it would look up in IAM
    made.sagemaker_config = {}  # the SDK checks one against its schema at each of some forty look-ups
    return made


@contextlib.contextmanager
def silent(given: Any) -> Iterator[None]:
    """No usage report of the SDK's calls inside, which would go over the network."""
    given.sagemaker_config = _SILENT
    try:
        yield
    finally:
        given.sagemaker_config = {}


def processor(**settings: Any) -> Any:
    """A `Processor` whose request keeps the dataset definitions of its inputs."""
    from sagemaker.core.processing import Processor
    from sagemaker.core.utils.utils import serialize

    class DatasetProcessor(Processor):  # type: ignore[misc]
        """Adds what the SDK's conversion of an input to a request leaves out."""

        def _get_process_args(self, inputs: Any, outputs: Any, experiment_config: Any) -> Any:
            request = super()._get_process_args(inputs, outputs, experiment_config)
            for entry, given in zip(request["inputs"], inputs, strict=True):
                if given.dataset_definition:
                    entry["DatasetDefinition"] = serialize(given.dataset_definition)
            return request

    return DatasetProcessor(**settings)


def tuner(**settings: Any) -> Any:
    """A `HyperparameterTuner` whose training jobs keep network isolation and the key of their volumes."""
    from sagemaker.train.tuner import HyperparameterTuner

    class IsolatedTuner(HyperparameterTuner):  # type: ignore[misc]
        """Adds what the SDK does not take over from the model trainer."""

        def _build_training_job_definition(self, inputs: Any) -> Any:
            definition = super()._build_training_job_definition(inputs)
            network, compute = self.model_trainer.networking, self.model_trainer.compute
            definition.enable_network_isolation = network.enable_network_isolation
            definition.enable_inter_container_traffic_encryption = (
                network.enable_inter_container_traffic_encryption
            )
            definition.resource_config.volume_kms_key_id = compute.volume_kms_key_id
            return definition

    return IsolatedTuner(**settings)
