"""What a pipeline definition is made of: where it runs, what it trains by default, on which instances.

Plain strings and numbers, so that a deployed stack, a test and the command line make the same definition of the
same facts. Deliberately not here: the SageMaker SDK (`sdk`) and the steps (`steps`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from governance.errors import MeshError
from governance.pipelines import Instances, Limits, PipelineFacts
from training.config import TrainingConfig
from training.data.protected import Protected
from training.registry.model_card import NOTHING_TOLD, Told

CATALOG = "AwsDataCatalog"
"""Athena's name of the account's Glue catalog; the resource links are in it."""
LONGEST_ARGUMENT = 256
"""Characters of one argument of a processing job (SageMaker API, ContainerArguments)."""
LONGEST_QUERY = 4096
"""Characters of a query (SageMaker API, AthenaDatasetDefinition)."""
LONGEST_VALUE = 1024
"""Characters of a parameter's value (SageMaker API, Parameter)."""
COLUMN_LISTS = ("key", "exclude", "categorical")
MOST_TEXTS = 10
"""Arguments of one kind; a job has at most 100 words in all (SageMaker API, ContainerArguments)."""


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
    told
        What the contract says of the data, for the model card.
    """

    revision: str
    config: TrainingConfig
    role: str = "pipeline"
    auditor: str = "auditor"
    instances: Instances = field(default_factory=Instances)
    limits: Limits = field(default_factory=Limits)
    told: Told = NOTHING_TOLD

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


def group_texts(groups: Sequence[Protected]) -> list[str]:
    """Protected attributes as the evaluate step takes them: JSON, one argument each.

    Raises
    ------
    MeshError
        One is longer than an argument of a processing job may be.
    """
    found = []
    for group in groups:
        entry = {name: value for name, value in asdict(group).items() if value not in ((), "")}
        text = json.dumps(entry, separators=(",", ":"))
        if len(text) > LONGEST_ARGUMENT:
            raise _too_long(text, LONGEST_ARGUMENT, f"groups.{group.column}")
        found.append(text)
    return found


def column_texts(columns: Sequence[str], where: str) -> list[str]:
    """Columns as arguments: as many as go into one, separated by commas; one empty text for none.

    >>> column_texts(("a", "b"), "exclude")
    ['a,b']

    Raises
    ------
    MeshError
        One name is longer than an argument may be.
    """
    texts = [""]
    for name in columns:
        if len(name) > LONGEST_ARGUMENT:
            raise _too_long(name, LONGEST_ARGUMENT, where)
        joined = f"{texts[-1]},{name}" if texts[-1] else name
        if len(joined) > LONGEST_ARGUMENT:
            texts.append(name)
        else:
            texts[-1] = joined
    return texts


def check_lengths(config: TrainingConfig) -> None:
    """Hold what is passed on to the jobs against what SageMaker takes.

    Raises
    ------
    MeshError
        A value is too long, or all are too many; the key of the training configuration is named.
    """
    for name in ("name", "product", "table", "target", "positive", "positive_label", "negative_label"):
        value = getattr(config, name)
        if len(value) > LONGEST_ARGUMENT:
            raise _too_long(value, LONGEST_ARGUMENT, name)
    if len(config.query) > LONGEST_QUERY:
        raise _too_long(config.query, LONGEST_QUERY, "query")
    lists = {name: column_texts(getattr(config, name), name) for name in COLUMN_LISTS}
    longest = max(lists, key=lambda name: len(lists[name]))
    if len(lists[longest]) > MOST_TEXTS:
        raise MeshError(
            f"takes {len(lists[longest])} arguments of a job, which can have {MOST_TEXTS}; "
            "say in 'query' which columns are wanted instead",
            longest,
        )
    if len(group_texts(config.groups)) > MOST_TEXTS:
        raise MeshError(f"there are {len(config.groups)}, and a job takes {MOST_TEXTS}; use fewer", "groups")


def check(settings: PipelineSettings) -> None:
    """The same for the settings of a deployed stack, whose queries name the resource link."""
    check_lengths(settings.config)
    for text, where in ((settings.query, "query"), (settings.protected_query, "groups")):
        if len(text) > LONGEST_QUERY:
            raise _too_long(text, LONGEST_QUERY, where)


def _too_long(value: str, most: int, where: str) -> MeshError:
    return MeshError(
        f"'{value[:30]}...' has {len(value):,} characters and SageMaker passes {most:,} on; shorten it", where
    )
