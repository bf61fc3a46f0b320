"""Metrics of a training job, read from its log.

Owns `MetricDefinitions`: the last match of each expression in any line of any host, as SageMaker reports it
in `FinalMetricDataList`. Deliberately not here: the series of values in CloudWatch.
"""

from __future__ import annotations

import re
import time
from typing import Any

from local.cloud.sagemaker.errors import invalid


def demand(definitions: list[dict[str, str]]) -> None:
    """Refuse definitions whose expressions are none (ValidationException)."""
    for each in definitions:
        try:
            re.compile(each["Regex"])
        except re.error as problem:
            raise invalid(f"Invalid Regex '{each['Regex']}' of metric {each['Name']}: {problem}") from None


def final(definitions: list[dict[str, str]], lines: list[str]) -> list[dict[str, Any]]:
    """Return the final value of each metric that was logged as a number."""
    found = []
    for each in definitions:
        expression = re.compile(each["Regex"])
        for line in reversed(lines):
            values = [_number(match) for match in expression.finditer(line)]
            if values and values[-1] is not None:
                moment = time.time()
                found.append({"MetricName": each["Name"], "Value": values[-1], "Timestamp": moment})
                break
    return found


def _number(match: re.Match[str]) -> float | None:
    text = match[1] if match.re.groups else match[0]
    try:
        return float(text)
    except (TypeError, ValueError):
        return None
