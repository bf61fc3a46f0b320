"""What a pipeline definition is made of: where it runs, what it trains by default, on which instances.

Plain strings and numbers, so that a deployed stack, a test and the command line make the same definition of the
same facts. Deliberately not here: the SageMaker SDK (`pipeline_sdk`) and the steps (`pipeline_steps`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from governance.errors import MeshError
from governance.pipelines import Instances, Limits, PipelineFacts
from training.config import TrainingConfig
from training.protected import Protected

CATALOG = "AwsDataCatalog"
"""Athena's name of the account's Glue catalog; the resource links are in it."""
LONGEST_ARGUMENT = 256
"""Characters of one argument of a processing job (SageMaker API, ContainerArguments)."""


@dataclass(frozen=True, kw_only=True)
class PipelineSettings(PipelineFacts):
    """All facts of one pipeline: those of the stack that deploys it, and what is trained.

    Parameters
    ----------
    revision
        Of the code, as `training.bundle.revision` gives it.
    config
        What is trained; defaults of pipeline parameters. With a `tuning`, several models are trained.
    role, auditor
        Names of the two roles, and their prefixes in both buckets: only the auditor reads protected columns.
    instances, limits
        Defaults of further parameters.
    """

    revision: str
    config: TrainingConfig
    role: str = "pipeline"
    auditor: str = "auditor"
    instances: Instances = field(default_factory=Instances)
    limits: Limits = field(default_factory=Limits)

    @property
    def query(self) -> str:
        """The configured query on the product's resource link: the names in it need no database context."""
        return qualified(self.config.query, self.database, self.config.table)

    @property
    def protected_query(self) -> str:
        """Key and protected columns of all rows; empty without protected attributes."""
        if not self.config.groups:
            return ""
        columns = dict.fromkeys([*self.config.key, *(group.column for group in self.config.groups)])
        names = ", ".join(f'"{column}"' for column in columns)
        return f'SELECT {names} FROM "{self.database}"."{self.config.table}"'


def qualified(query: str, database: str, table: str) -> str:
    """Put the table's full name in the place of ``{table}``, quoted or not.

    >>> qualified('SELECT * FROM "{table}"', "rl_loans", "loans")
    'SELECT * FROM "rl_loans"."loans"'
    """
    full = f'"{database}"."{table}"'
    return query.replace('"{table}"', full).replace("{table}", full)


def groups_text(groups: Sequence[Protected]) -> str:
    """Protected attributes as the evaluate step takes them: JSON in one argument.

    Raises
    ------
    MeshError
        They are longer than an argument of a processing job may be.
    """
    entries = [
        {name: value for name, value in asdict(group).items() if value not in ((), "")} for group in groups
    ]
    text = json.dumps(entries, separators=(",", ":"))
    if len(text) > LONGEST_ARGUMENT:
        raise MeshError(
            f"take {len(text)} characters and SageMaker passes {LONGEST_ARGUMENT} on; use fewer, or shorter names",
            "groups",
        )
    return text
