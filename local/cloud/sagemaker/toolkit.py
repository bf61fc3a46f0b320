"""Script mode: what the framework containers do between `train` and the user's script.

Owns the environment (`SM_*`), the arguments, the user's code and the words of a failure, after
sagemaker-training-toolkit (environment.py, mapping.py, entry_point.py, errors.py) and SageMaker's container
contract for `/opt/ml/input/config`. Deliberately not here: running the command (container). What differs:
`requirements.txt` is not installed, since the packages are this machine's; hosts share its processors; a
reason that the script itself left in `/opt/ml/output/failure` stays.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

PREFIX = "sagemaker_"
LOG_LEVEL_INFO = 20
GROUP = "homogeneousCluster"
_KNOWN = (
    *("sagemaker_program", "sagemaker_submit_directory", "sagemaker_job_name", "sagemaker_region"),
    *("sagemaker_container_log_level", "sagemaker_s3_output"),
)
_TUNING = "_tuning_objective_metric"


def decoded(hyperparameters: dict[str, str]) -> dict[str, Any]:
    """Return hyperparameters as values; one that is no JSON is a text."""
    found = {}
    for key, value in hyperparameters.items():
        try:
            found[key] = json.loads(value)
        except ValueError:
            found[key] = value
    return found


def resource_config(host: str, hosts: list[str], instance: str) -> dict[str, Any]:
    """Content of `resourceconfig.json`."""
    return {
        "current_host": host,
        "current_instance_type": instance,
        "current_group_name": GROUP,
        "hosts": hosts,
        "instance_groups": [{"instance_group_name": GROUP, "instance_type": instance, "hosts": hosts}],
        "network_interface_name": "lo" if sys.platform == "linux" else "lo0",
    }


def input_data_config(channels: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Content of `inputdataconfig.json`."""
    found = {}
    for channel in channels:
        source = channel["DataSource"].get("S3DataSource", {})
        found[channel["ChannelName"]] = {
            "TrainingInputMode": channel.get("InputMode") or "File",
            "S3DistributionType": source.get("S3DataDistributionType") or "FullyReplicated",
            "RecordWrapperType": channel.get("RecordWrapperType") or "None",
            **({"ContentType": channel["ContentType"]} if channel.get("ContentType") else {}),
        }
    return found


def user_values(hyperparameters: dict[str, Any]) -> dict[str, Any]:
    """Return the hyperparameters that the script sees."""
    return {
        key: value for key, value in hyperparameters.items() if not key.startswith(PREFIX) and key != _TUNING
    }


def arguments(values: dict[str, Any]) -> list[str]:
    """Return hyperparameters as arguments, in the order of their names."""
    found = []
    for key in sorted(values):
        value = values[key]
        if isinstance(value, dict):
            value = ",".join(f"{name}={each}" for name, each in sorted(value.items()))
        found += [f"--{key}" if len(key) > 1 else f"-{key}", str(value)]
    return found


def command(program: str, values: dict[str, Any]) -> list[str]:
    """Return the command that runs the user's program in its folder."""
    if program.endswith(".sh"):
        return ["/bin/sh", "-c", f"./{program} {' '.join(arguments(values))}"]
    return ["python3", program, *arguments(values)]


def variables(
    hyperparameters: dict[str, Any],
    resources: dict[str, Any],
    inputs: dict[str, Any],
    job: str,
    opt_ml: Path,
) -> dict[str, str]:
    """Return the `SM_*` variables of a host.

    Parameters
    ----------
    hyperparameters
        As `decoded`, those for the container included.
    opt_ml
        Where the host's `/opt/ml` lies.
    """
    values = user_values(hyperparameters)
    program = str(hyperparameters.get("sagemaker_program", ""))
    container = {key: value for key, value in hyperparameters.items() if key.startswith(PREFIX)}
    hosts, host = resources["hosts"], resources["current_host"]
    channels = {name: str(opt_ml / "input/data" / name) for name in sorted(inputs)}
    directories = {
        "input_dir": str(opt_ml / "input"),
        "input_config_dir": str(opt_ml / "input/config"),
        "output_dir": str(opt_ml / "output"),
        "output_data_dir": str(opt_ml / "output/data"),
        "output_intermediate_dir": str(opt_ml / "output/intermediate"),
        "model_dir": str(opt_ml / "model"),
    }
    shared = {
        "hosts": hosts,
        "current_host": host,
        "current_instance_type": resources["current_instance_type"],
        "current_instance_group": GROUP,
        "current_instance_group_hosts": hosts,
        "instance_groups": [GROUP],
        "instance_groups_dict": {GROUP: resources["instance_groups"][0]},
        "distribution_instance_groups": [],
        "is_hetero": False,
        "network_interface_name": resources["network_interface_name"],
        "input_data_config": inputs,
        "resource_config": resources,
        "framework_module": None,
        "log_level": hyperparameters.get("sagemaker_container_log_level", LOG_LEVEL_INFO),
        "module_name": program.removesuffix(".py"),
        "module_dir": str(hyperparameters.get("sagemaker_submit_directory", opt_ml / "code")),
        "num_cpus": max(1, (os.cpu_count() or 1) // len(hosts)),
        "num_gpus": 0,
        **directories,
    }
    extra = {key: value for key, value in container.items() if key not in _KNOWN}
    training = {
        **shared,
        "additional_framework_parameters": extra,
        "channel_input_dirs": channels,
        "hyperparameters": values,
        "is_master": host == hosts[0],
        "master_hostname": hosts[0],
        "job_name": job,
        "user_entry_point": program,
    }
    found = {
        **shared,
        "hps": values,
        "user_entry_point": program,
        "framework_params": extra,
        "channels": sorted(channels),
        "training_env": training,
        "user_args": arguments(values),
        **{f"channel_{name}": path for name, path in channels.items()},
        **{f"hp_{name}": value for name, value in values.items()},
    }
    return {f"SM_{name.upper()}": _text(value) for name, value in found.items()}


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def failure(code: int, lines: list[str], command_line: list[str]) -> str:
    """Return the reason that the toolkit reports for a script that failed: code, last error, command."""
    starts = [
        index for index, line in enumerate(lines) if line.startswith("Traceback (most recent call last)")
    ]
    last = lines[starts[-1] :] if starts else [line for line in lines if line.strip()][-1:]
    said = "\n".join(last)[-800:]
    return (
        f'ExecuteUserScriptError:\nExitCode {code}\nErrorMessage "{said}"\nCommand "{" ".join(command_line)}"'
    )
