"""What a script needs to know inside a SageMaker container: its folders, its peers, and where a failure is told.

The contract is SageMaker's for ``/opt/ml``: ``config/resourceconfig.json`` (processing) or
``input/config/resourceconfig.json`` (training) names the hosts; a reason left in ``output/message`` becomes a
processing job's ExitMessage, one left in ``output/failure`` a training job's FailureReason (1 KB each). The
framework container's toolkit writes its own words into ``output/failure`` after a failed script; the line then
stands in the log. Deliberately not here: what the scripts do.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from governance.errors import MeshError
from training.config import TrainingConfig, config_from

MESSAGE, FAILURE = "output/message", "output/failure"
CONFIG_FILE = "training.json"
"""In a features folder: what the train step needs of the configuration that the preprocess step had."""
_LONGEST = 1024


@dataclass(frozen=True, kw_only=True)
class Hosts:
    """The hosts of a job, in a fixed order, and which of them this one is."""

    names: tuple[str, ...] = ("algo-1",)
    current: str = "algo-1"

    @property
    def index(self) -> int:
        """Place of this host; the first one, at 0, leads."""
        return self.names.index(self.current)


class Parser(argparse.ArgumentParser):
    """A parser that raises its refusals, so that they are told like every other mistake."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage and leaving."""
        raise MeshError(f"{message}; see --help")


def base() -> Path:
    """The job's ``/opt/ml``; SAGEMAKER_BASE_DIR moves it, as it does for SageMaker's toolkits."""
    return Path(os.environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml")


def told(step: str, note: str, body: Callable[[], object]) -> int:
    """Run a script's body and return its exit code.

    A mistake of the user is one line that begins with the step, on standard error and, inside a container, in the
    file that its job's description quotes; the code is then 2.
    """
    try:
        body()
    except MeshError as error:
        line = f"{step}: {error}"
        print(line, file=sys.stderr, flush=True)
        path = base() / note
        if path.parent.is_dir():
            path.write_text(line[:_LONGEST], encoding="utf-8")
        return 2
    return 0


def hosts() -> Hosts:
    """The hosts of this job: from SM_HOSTS, else from the resource configuration, else this one alone.

    Raises
    ------
    MeshError
        The configuration is there and cannot be read.
    """
    if os.environ.get("SM_HOSTS"):
        return _hosts(os.environ["SM_HOSTS"], os.environ.get("SM_CURRENT_HOST"), "SM_HOSTS")
    for place in ("config/resourceconfig.json", "input/config/resourceconfig.json"):
        path = base() / place
        if path.is_file():
            values = _json(path.read_text(encoding="utf-8"), str(path))
            return _hosts(json.dumps(values.get("hosts")), values.get("current_host"), str(path))
    return Hosts()


def sharded(channel: str) -> bool:
    """Whether SageMaker gave each host other files of a channel (``ShardedByS3Key``), not all of them."""
    text = os.environ.get("SM_INPUT_DATA_CONFIG", "")
    path = base() / "input/config/inputdataconfig.json"
    if not text and path.is_file():
        text = path.read_text(encoding="utf-8")
    values = _json(text, "input data configuration") if text else {}
    return bool(values.get(channel, {}).get("S3DistributionType") == "ShardedByS3Key")


def channel(name: str) -> str | None:
    """Folder of a training channel, or None outside a training job."""
    given = os.environ.get(f"SM_CHANNEL_{name.upper()}")
    path = base() / "input" / "data" / name
    return given or (str(path) if path.is_dir() else None)


def folder(variable: str, place: str) -> str | None:
    """A folder of the job from its SM_* variable, or where it lies by default if that is there."""
    path = base() / place
    return os.environ.get(variable) or (str(path) if path.is_dir() else None)


def configured(
    path: Path | None, flags: argparse.Namespace, names: Sequence[str], facts: Mapping[str, Any] | None = None
) -> TrainingConfig:
    """A training configuration from a file in JSON, over it `facts`, over both the flags that were given.

    Parameters
    ----------
    path
        The keys of a training configuration; those of a search are passed over, since no single job searches.
    names
        Flags to take; one that was not given leaves the value as it is.

    Raises
    ------
    MeshError
        The file is missing or no JSON object, or a key is unknown, missing or of the wrong kind.
    """
    values: dict[str, Any] = {}
    if path:
        try:
            values = _json(path.read_text(encoding="utf-8"), str(path))
        except OSError as error:
            raise MeshError("no such training configuration", str(path)) from error
    values.pop("tuning", None)
    given = {name: getattr(flags, name) for name in names if getattr(flags, name) is not None}
    values = values | dict(facts or {}) | given
    for name in ("table", "product", "name"):
        values[name] = values.get(name) or values.get("table") or "data"
    return config_from(values)


def words(text: str) -> tuple[str, ...]:
    """Names separated by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def parsed(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Flags; hyperparameters that SageMaker adds for itself are passed over, any other unknown one is refused."""
    flags, rest = parser.parse_known_args(argv)
    unknown = [part for part in rest if part.startswith("-") and not part.startswith(("--sagemaker_", "--_"))]
    if unknown:
        parser.error(f"there is no {unknown[0]}")
    return flags


def _hosts(names: str, current: str | None, where: str) -> Hosts:
    found = json.loads(names) if names.startswith("[") else None
    if not isinstance(found, list) or not found or current not in found:
        raise MeshError("must list the job's hosts, and this one among them", where)
    return Hosts(names=tuple(sorted(found, key=_by_number)), current=str(current))


def _by_number(name: str) -> tuple[int, str]:
    # algo-2 comes before algo-10
    digits = name.rsplit("-", 1)[-1]
    return (int(digits) if digits.isdigit() else 0, name)


def _json(text: str, where: str) -> Any:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise MeshError(f"is no JSON ({error})", where) from error
    if not isinstance(values, dict):
        raise MeshError("must be a JSON object", where)
    return values
