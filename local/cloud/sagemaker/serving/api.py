"""SageMaker hosting of the embedded cloud: models, endpoint configurations, endpoints that answer, InvokeEndpoint.

An endpoint is a process with the artefact's own inference code (host). It is updated as on AWS: the new
one comes up first, requests go to the old one meanwhile, and when the new one fails the old one stays. Deliberately
not here: model packages (packages), transform jobs (transform); weights, variants
beyond the first, autoscaling and asynchronous inference.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.core.utils import utcnow
from moto.sagemaker.models import FakeEndpoint
from moto.sagemaker.responses import SageMakerResponse
from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

from local.cloud import iam_calls
from local.cloud.sagemaker import place as places
from local.cloud.sagemaker.errors import invalid
from local.cloud.sagemaker.place import Place
from local.cloud.sagemaker.serving import capture as sagemaker_serving_capture
from local.cloud.sagemaker.serving import packages as sagemaker_serving_packages
from local.cloud.sagemaker.serving import transform as sagemaker_serving_transform
from local.cloud.sagemaker.serving.host import Answer, Hosted, HostingFailed
from local.cloud.sagemaker.serving.runtime import BODY_LIMIT, denied, refusal, too_large, unknown_endpoint

LOG_GROUP = "/aws/sagemaker/Endpoints"
CREATING, UPDATING, IN_SERVICE, FAILED, DELETING = "Creating", "Updating", "InService", "Failed", "Deleting"
_lock = threading.RLock()


def create_model(self: Any) -> Any:
    """Serve CreateModel: of containers or of approved model packages, whose artefacts the role must be able to read."""
    place, name = places.of(self), self._get_param("ModelName")
    if name in place.backend._models:
        raise invalid(f'Cannot create already existing model "{place.arn("model", name)}".')
    primary, several = self._get_param("PrimaryContainer"), self._get_param("Containers")
    if bool(primary) == bool(several):
        raise invalid("Specify one of either PrimaryContainer or Containers.")
    role = self._get_param("ExecutionRoleArn")
    if not role:
        raise invalid("ExecutionRoleArn is missing.")
    resolved = sagemaker_serving_packages.containers(place, several or [primary])
    place.demand_role(role, place.arn("model", name))
    for container in resolved:
        if container.model_data:
            sagemaker_serving_packages.demand_artefact(place, role, container.model_data)
    answer = _create_model(self)
    model = place.backend._models[name]
    model.enable_network_isolation = bool(self._get_param("EnableNetworkIsolation"))
    model.resolved = resolved
    return answer


def describe_model(self: Any) -> Any:
    """Serve DescribeModel with what was given, and nothing empty."""
    found = self.sagemaker_backend.describe_model(self._get_param("ModelName")).response_object
    found.pop("Resolved", None)
    empty = [key for key in ("PrimaryContainer", "Containers", "VpcConfig", "Tags") if not found.get(key)]
    return ActionResult({key: value for key, value in found.items() if key not in (*empty, "Tags")})


def create_endpoint_config(self: Any) -> Any:
    """Serve CreateEndpointConfig, whose names are taken once."""
    place, name = places.of(self), self._get_param("EndpointConfigName")
    if name in place.backend.endpoint_configs:
        raise invalid(
            f'Cannot create already existing endpoint configuration "{place.arn("endpoint-config", name)}".'
        )
    return _create_endpoint_config(self)


def create_endpoint(self: Any) -> Any:
    """Serve CreateEndpoint; the endpoint is in service once its model answers."""
    place, name = places.of(self), self._get_param("EndpointName")
    with _lock:
        if name in place.backend.endpoints:
            raise invalid(f'Cannot create already existing endpoint "{place.arn("endpoint", name)}".')
        config = _config(place, self._get_param("EndpointConfigName"))
        answer = _create_endpoint(self)
        endpoint = place.backend.endpoints[name]
        endpoint.endpoint_status, endpoint.hosted = CREATING, None
    _roll_out(place, endpoint, config)
    return answer


def update_endpoint(self: Any) -> Any:
    """Serve UpdateEndpoint: blue and green, and back to blue when green does not come up."""
    place, name = places.of(self), self._get_param("EndpointName")
    with _lock:
        endpoint = _endpoint(place, name)
        if endpoint.endpoint_status != IN_SERVICE:
            raise invalid(f'Cannot update in-progress endpoint "{endpoint.arn}".')
        config = _config(place, self._get_param("EndpointConfigName"))
        endpoint.endpoint_status, endpoint.failure_reason = UPDATING, None
    _roll_out(place, endpoint, config)
    return ActionResult({"EndpointArn": endpoint.arn})


def describe_endpoint(self: Any) -> Any:
    """Serve DescribeEndpoint."""
    place = places.of(self)
    found = dict(_endpoint(place, self._get_param("EndpointName")).response_object)
    for key in ("Hosted", "Served", "Tags"):
        found.pop(key, None)
    if not found.get("DataCaptureConfig"):
        found.pop("DataCaptureConfig", None)
    return ActionResult(found)


def delete_endpoint(self: Any) -> Any:
    """Serve DeleteEndpoint, which ends its process."""
    place, name = places.of(self), self._get_param("EndpointName")
    with _lock:
        endpoint = _endpoint(place, name)
        if endpoint.endpoint_status in (CREATING, UPDATING):
            raise invalid(f'Cannot update in-progress endpoint "{endpoint.arn}".')
        endpoint.endpoint_status = DELETING
        del place.backend.endpoints[name]
        if endpoint.hosted is not None:
            endpoint.hosted.stop()
    return EmptyResult()


def _config(place: Place, name: str) -> dict[str, Any]:
    """An endpoint configuration with its models, as it is now."""
    found = place.backend.endpoint_configs.get(name)
    if found is None:
        raise invalid(f'Could not find endpoint configuration "{place.arn("endpoint-config", name)}".')
    variant = found.production_variants[0]
    model = place.backend._models.get(variant["ModelName"])
    if model is None:
        raise invalid(f'Could not find model "{place.arn("model", variant["ModelName"])}".')
    return {
        "name": name,
        "variants": found.production_variants,
        "capture": found.data_capture_config,
        "model": model,
    }


def _endpoint(place: Place, name: str) -> Any:
    found = place.backend.endpoints.get(name)
    if found is None:
        raise invalid(f'Could not find endpoint "{place.arn("endpoint", name)}".')
    return found


def _roll_out(place: Place, endpoint: Any, config: dict[str, Any]) -> None:
    threading.Thread(target=_bring_up, args=(place, endpoint, config), daemon=True).start()


def _bring_up(place: Place, endpoint: Any, config: dict[str, Any]) -> None:
    """Host a configuration's model and put it in the place of what the endpoint serves now."""
    model, variant = config["model"], config["variants"][0]["VariantName"]
    hosted: Hosted | None = None
    try:
        if len(model.resolved) != 1:
            raise HostingFailed("The embedded cloud hosts models of one container, not inference pipelines.")
        hosted = Hosted(
            place,
            model.resolved[0],
            role=model.execution_role_arn,
            isolated=model.enable_network_isolation,
            group=f"{LOG_GROUP}/{endpoint.endpoint_name}",
            stream=variant,
        )
        hosted.wait()
        failure = ""
    except HostingFailed as problem:
        failure = " ".join(str(problem).split())
    with _lock:
        endpoint.last_modified_time = utcnow()
        if failure:
            endpoint.failure_reason = failure[:1024]
            endpoint.endpoint_status = FAILED if endpoint.hosted is None else IN_SERVICE
            return
        before, endpoint.hosted = endpoint.hosted, hosted
        endpoint.served = (config, model.execution_role_arn)
        endpoint.endpoint_config_name = config["name"]
        endpoint.production_variants = endpoint._process_production_variants(config["variants"])
        endpoint.data_capture_config = _captures(config)
        endpoint.endpoint_status = IN_SERVICE
    if before is not None:
        before.stop()


def _captures(config: dict[str, Any]) -> dict[str, Any]:
    """DataCaptureConfigSummary of an endpoint; empty without capture."""
    given = config["capture"] or {}
    if not given.get("EnableCapture"):
        return {}
    return {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": given["InitialSamplingPercentage"],
        "DestinationS3Uri": given["DestinationS3Uri"],
        "KmsKeyId": given.get("KmsKeyId") or "",
    }


def invoke_endpoint(self: Any) -> Any:
    """Serve InvokeEndpoint: the model's own answer, or ModelError with what its server said."""
    place, name = places.of(self), self.path.split("/")[2]
    action = "sagemaker:InvokeEndpoint"
    if text := iam_calls.refusal(action, place.arn("endpoint", name), place.region):
        return denied(text)
    asked = bytes(self.raw_body or b"")
    if len(asked) > BODY_LIMIT:
        return too_large()
    endpoint = place.backend.endpoints.get(name)
    hosted = getattr(endpoint, "hosted", None)
    if endpoint is None or hosted is None:
        return unknown_endpoint(place, name)
    kind = self.headers.get("Content-Type") or ""
    accept = self.headers.get("Accept") or ""
    custom = self.headers.get("X-Amzn-SageMaker-Custom-Attributes") or ""
    answer: Answer = hosted.ask(
        asked, kind, accept, **({"X-Amzn-SageMaker-Custom-Attributes": custom} if custom else {})
    )
    if answer.status != 200:
        return refusal(place, name, answer)
    config, role = endpoint.served
    variant = config["variants"][0]["VariantName"]
    share = (config["capture"] or {}).get("InitialSamplingPercentage") or 0
    if endpoint.data_capture_config and random.random() * 100 < share:  # noqa: S311  a sample, no secret
        sagemaker_serving_capture.keep(
            place.session(role),
            config["capture"],
            name,
            variant,
            (asked, kind),
            (answer.body, answer.content_type),
        )
    return (
        200,
        {"Content-Type": answer.content_type, "x-Amzn-Invoked-Production-Variant": variant},
        answer.body,
    )


def _set_up(self: Any, *args: Any, **kwargs: Any) -> None:
    """Take the body as it came: it is the model's to read, and need not be text."""
    BaseResponse.setup_class(self, *args, **{**kwargs, "use_raw_body": True})


_create_model: Callable[[Any], Any] = SageMakerResponse.create_model
_create_endpoint_config: Callable[[Any], Any] = SageMakerResponse.create_endpoint_config
_create_endpoint: Callable[[Any], Any] = SageMakerResponse.create_endpoint
CALLS = (
    create_model,
    describe_model,
    create_endpoint_config,
    create_endpoint,
    update_endpoint,
    describe_endpoint,
    delete_endpoint,
)


def install() -> None:
    """Put hosting in the place of moto's records."""
    for call in CALLS:
        setattr(SageMakerResponse, call.__name__, call)
    SageMakerRuntimeResponse.invoke_endpoint = invoke_endpoint
    SageMakerRuntimeResponse.setup_class = _set_up
    FakeEndpoint.hosted = None
    sagemaker_serving_packages.install()
    sagemaker_serving_transform.install()
