"""Who the training is: a role of the consumer account, and the context its phases share.

Owns assuming the role and turning what AWS refuses into one line. Deliberately not here: endpoints; botocore
takes them from the environment (AWS_ENDPOINT_URL), and nothing else tells a real account from another.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from training.config import TrainingConfig, load_config
from training.outputs import ENVIRONMENT, Outputs, load_outputs, outputs_from

DEFAULT_ROLE = "data-scientist"
DEFAULT_WORK = Path("build/training")


def _quiet(_: str) -> None:
    """Progress that nobody reads."""


@dataclass(kw_only=True)
class Context:
    """What every phase needs: what to train, where it lives, who runs it and the work folder.

    The outputs are read and the role assumed only when a phase asks for them, so that phases on local files
    (train, evaluate) need neither.
    """

    config: TrainingConfig = field(default_factory=load_config)
    outputs_from: str | Path | Mapping[str, Any] | None = None
    work: Path = DEFAULT_WORK
    role: str = DEFAULT_ROLE
    say: Callable[[str], None] = _quiet

    @property
    def deployed(self) -> bool:
        """Whether outputs of a consumer stack were given, so that there is something to reach."""
        return bool(self.outputs_from or os.environ.get(ENVIRONMENT))

    @cached_property
    def outputs(self) -> Outputs:
        """The consumer stack's outputs."""
        if isinstance(self.outputs_from, Mapping):
            return outputs_from(self.outputs_from)
        return load_outputs(self.outputs_from)

    @cached_property
    def session(self) -> Any:
        """A boto3 session with the credentials of `role`."""
        return assume(self.outputs.role(self.role), self.outputs.region)

    def folder(self, name: str) -> Path:
        """A folder inside the work folder, made if it is not there."""
        path = self.work / name
        path.mkdir(parents=True, exist_ok=True)
        return path


def assume(role_arn: str, region: str, name: str = "mesh-training") -> Any:
    """Assume a role from the caller's credentials and return a boto3 session with its credentials.

    A caller who is that role already (a notebook or a SageMaker job runs as it) keeps its own, refreshing
    credentials: a role need not be allowed to assume itself.

    Raises
    ------
    MeshError
        There are no credentials, or the role may not be assumed.
    """
    import boto3

    caller = boto3.Session(region_name=region)
    with aws_errors(f"assuming {role_arn}"):
        sts = caller.client("sts")
        account, role = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
        if f":{account}:assumed-role/{role}/" in sts.get_caller_identity()["Arn"]:
            return caller
        answer = sts.assume_role(RoleArn=role_arn, RoleSessionName=name)["Credentials"]
    return boto3.Session(
        aws_access_key_id=answer["AccessKeyId"],
        aws_secret_access_key=answer["SecretAccessKey"],
        aws_session_token=answer["SessionToken"],
        region_name=region,
    )


@contextlib.contextmanager
def aws_errors(where: str) -> Iterator[None]:
    """Turn what AWS, its SDK or awswrangler raise into one MeshError that begins with `where`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        answer = error.response.get("Error", {})
        text = f"{answer.get('Code', 'Error')}: {answer.get('Message', error)}"
        raise MeshError(f"{text} ({error.operation_name})", where) from error
    except BotoCoreError as error:
        raise MeshError(str(error), where) from error
    except Exception as error:
        if type(error).__module__ != "awswrangler.exceptions":
            raise
        raise MeshError(f"{type(error).__name__}: {error}", where) from error
