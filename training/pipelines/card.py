"""The model card of what a pipeline registers: words known beforehand, numbers that the run measures.

The card is JSON inside of a text, and a pipeline's values can be put into texts only by joining: so it is written here as
pieces of JSON with references between them. Its words are those of `registry.model_card`, as far as they are known before
a model is. Deliberately not here: pictures and groups, which the evaluation's page beside the package has.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from governance.errors import MeshError
from training.evaluation.gate import SLOTS
from training.pipelines.parameters import DATA_VERSION, parameter_name
from training.pipelines.requests import joined
from training.pipelines.steps import Jobs
from training.registry.model_card import LIMIT, WORDS, intended, without_empty

STATUS = "PendingReview"
ROOM = 5_000
"""Characters that the numbers of a run may take of the card."""
GROUPS = {
    "selection_rate_ratio": "Lowest by highest selection rate",
    "tpr_gap": "Gap of true positive rates",
    "fpr_gap": "Gap of false positive rates",
}


class Text:
    """A text of the card, of words and references; what a reference comes to holds no quotes."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts


def card(jobs: Jobs, measured: Callable[[str], Any], training_job: Any) -> dict[str, Any]:
    """`ModelCard` of the request that registers.

    Parameters
    ----------
    jobs
        The pipeline's jobs.
    measured
        Reference to a number of the evaluation by its path.
    training_job
        Reference to the ARN of the job that made the model.

    Raises
    ------
    MeshError
        The words alone are longer than a card may be.
    """
    pieces = merged(written(without_empty(_content(jobs, measured, training_job))))
    length = sum(len(piece) for piece in pieces if isinstance(piece, str))
    if length > LIMIT - ROOM:
        raise MeshError(
            f"has {length:,} characters, SageMaker takes {LIMIT - ROOM:,}; shorten the contract", "card"
        )
    return {"ModelCardContent": joined(*pieces, on=""), "ModelCardStatus": STATUS}


def written(value: Any) -> list[Any]:
    """JSON of a value as pieces: texts, and references that stand for numbers or for parts of texts."""
    if isinstance(value, Text):
        inner = [json.dumps(part)[1:-1] if isinstance(part, str) else part for part in value.parts]
        return ['"', *inner, '"']
    if isinstance(value, Mapping):
        entries = [[f"{json.dumps(name)}:", *written(entry)] for name, entry in value.items()]
        return ["{", *_between(entries), "}"]
    if isinstance(value, list):
        return ["[", *_between([written(entry) for entry in value]), "]"]
    if value is None or isinstance(value, str | int | float):
        return [json.dumps(value)]
    return [value]


def merged(pieces: list[Any]) -> list[Any]:
    """The same pieces with texts that follow one another put together."""
    found: list[Any] = []
    for piece in pieces:
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            found[-1] += piece
        else:
            found.append(piece)
    return found


def _between(entries: list[list[Any]]) -> list[Any]:
    return [piece for number, entry in enumerate(entries) for piece in ([","] if number else []) + entry]


def _content(jobs: Jobs, measured: Callable[[str], Any], training_job: Any) -> dict[str, Any]:
    settings, given = jobs.settings, jobs.parameters
    config, told = settings.config, settings.told
    table = (given["Product"], ".", given["Table"])
    return {
        "model_overview": {"model_creator": settings.role_arn, "model_artifact": [Text(jobs.model_url)]},
        **intended(config, config.positive_label, config.negative_label, told),
        "training_details": {
            "training_observations": Text(
                "Gradient-boosted trees on ", measured("lineage.training_rows"), " rows of ", *table,
                "; stopped by the log loss on validation rows.",
            ),
            "training_job_details": {
                "training_arn": Text(training_job),
                "training_datasets": [
                    Text(*table, " contract ", given["ContractVersion"], " version ", given[DATA_VERSION])
                ],
                "training_environment": {"container_image": [jobs.image]},
                "user_provided_hyper_parameters": [
                    {"name": name, "value": Text(given[parameter_name(name)].to_string())}
                    for name in sorted(asdict(config.hyperparameters))
                    if parameter_name(name) in given
                ],
            },
        },
        "evaluation_details": [_quality(table, measured), *([_groups(table, measured)] if config.groups else [])],
        "additional_information": {
            "ethical_considerations": _ethics(jobs),
            "caveats_and_recommendations": Text(
                "Decide at the threshold ", measured("confusion.threshold"),
                ", chosen on the validation rows for errors that cost "
                f"{config.cost_false_negative:g} (missed) and {config.cost_false_positive:g} (false alarm). "
                "Categories unseen in training count as missing.",
            ),
            "custom_details": _details(jobs, measured),
        },
    }  # fmt: skip


def _quality(table: tuple[Any, ...], measured: Callable[[str], Any]) -> dict[str, Any]:
    numbers = []
    for name, word in WORDS.items():
        value, low, high = (measured(f"metrics.{name}.{part}") for part in ("value", "low", "high"))
        notes = Text("95 % interval ", low, " to ", high)
        numbers.append({"name": word, "type": "number", "value": value, "notes": notes})
    numbers.append({"name": "Calibration error", "type": "number", "value": measured("calibration_error")})
    return {
        "name": "Test rows",
        "evaluation_observation": Text(measured("rows"), " rows that took no part in training."),
        "datasets": [Text(*table, " split test")],
        "metric_groups": [{"name": "Quality", "metric_data": numbers}],
    }


def _groups(table: tuple[Any, ...], measured: Callable[[str], Any]) -> dict[str, Any]:
    numbers = []
    for name, word in GROUPS.items():
        proven = Text("beyond chance ", measured(f"groups_worst.{name}_proven"))
        numbers.append(
            {"name": word, "type": "number", "value": measured(f"groups_worst.{name}"), "notes": proven}
        )
    return {
        "name": "Protected groups",
        "evaluation_observation": "The worst of all attributes; each is in the evaluation beside the package.",
        "datasets": [Text(*table, " split test")],
        "metric_groups": [{"name": "Worst differences", "metric_data": numbers}],
    }


def _ethics(jobs: Jobs) -> str:
    config, auditor = jobs.settings.config, jobs.settings.auditor
    columns = ", ".join(group.column for group in config.groups)
    if not columns:
        return "No protected attributes are configured, so none was measured."
    return f"Protected attributes: {columns}. The model was measured by them as {auditor}."[:2048]


def _details(jobs: Jobs, measured: Callable[[str], Any]) -> dict[str, Any]:
    from sagemaker.core.workflow.execution_variables import ExecutionVariables

    given = jobs.parameters
    slots = [part for slot in range(SLOTS) for part in (" ", measured(f"columns.{slot}"))]
    return {
        "data_product": Text(given["Product"]),
        "table": Text(given["Table"]),
        "contract_version": Text(given["ContractVersion"]),
        "data_version": Text(given[DATA_VERSION]),
        "columns": Text(*slots[1:]),
        "split_seed": Text(given["Seed"].to_string()),
        "pipeline_execution": Text(ExecutionVariables.PIPELINE_EXECUTION_ARN),
        "code_revision": jobs.settings.revision,
    }
