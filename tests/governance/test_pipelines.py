"""The key `mesh:pipeline`: defaults, what it takes, and one line for what it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from governance.errors import MeshError
from governance.pipelines import DEFAULT_CONFIG, Limits, PipelineConfig, read_pipeline
from governance.reader import Reader


def read(value: Any) -> PipelineConfig | None:
    return read_pipeline(Reader({"pipeline": json.dumps(value)}, "Pulumi.consumer.yaml"))


def test_without_the_key_there_is_no_pipeline() -> None:
    assert read_pipeline(Reader({}, "Pulumi.consumer.yaml")) is None


def test_an_empty_key_means_the_defaults() -> None:
    found = read({})
    assert found == PipelineConfig()
    assert found is not None
    assert found.config == DEFAULT_CONFIG
    assert found.limits == Limits(selection_rate_ratio=0.8), (
        "the four-fifths rule holds unless said otherwise"
    )
    assert not found.instances.spot


def test_everything_can_be_said() -> None:
    found = read(
        {
            "config": "training/loans.yaml",
            "instances": {
                "preprocess": {"type": "ml.m5.4xlarge", "count": 4},
                "train": {"type": "ml.c5.2xlarge", "count": 2},
                "evaluate": {"type": "ml.t3.large"},
                "volumeGb": 100,
                "maxHours": 6,
            },
            "spot": {"waitHours": 12},
            "limits": {
                "aucFloor": 0.75,
                "tolerance": 0,
                "selectionRateRatio": 0.9,
                "tprGap": 1,
                "fprGap": 0.1,
            },
        }
    )
    assert found is not None
    assert found.config == "training/loans.yaml"
    instances = found.instances
    assert (instances.preprocess_type, instances.preprocess_count) == ("ml.m5.4xlarge", 4)
    assert (instances.train_type, instances.train_count) == ("ml.c5.2xlarge", 2)
    assert (instances.evaluate_type, instances.volume_gb, instances.max_hours) == ("ml.t3.large", 100, 6)
    assert (instances.spot, instances.spot_wait_hours) == (True, 12)
    assert found.limits == Limits(
        auc_floor=0.75, tolerance=0.0, selection_rate_ratio=0.9, tpr_gap=1.0, fpr_gap=0.1
    )


@pytest.mark.parametrize(("hours", "wait"), [(2, 8), (10, 10)])
def test_spot_alone_waits_at_least_as_long_as_a_job_may_run(hours: int, wait: int) -> None:
    found = read({"instances": {"maxHours": hours}, "spot": True})
    assert found is not None
    assert found.instances.spot_wait_hours == wait


@pytest.mark.parametrize(("value", "message"), [
    ({"instanses": {}}, "mesh:pipeline: 'instanses' is not known here; did you mean 'instances'?"),
    ({"config": 3}, "mesh:pipeline.config: must be a text"),
    ({"instances": {"train": {"type": "m5.xlarge"}}}, "instances.train.type: 'm5.xlarge' is nothing like ml.m5.xlarge"),
    ({"instances": {"train": {"count": 0}}}, "instances.train.count: '0' must be a whole number from 1 to 100"),
    ({"instances": {"evaluate": {"count": 2}}}, "instances.evaluate: 'count' is not known here"),
    ({"instances": {"volumeGb": True}}, "instances.volumeGb: 'True' must be a whole number"),
    ({"instances": {"maxHours": 673}}, "instances.maxHours: '673' must be a whole number from 1 to 672"),
    ({"spot": {"waitHours": 3}}, "spot.waitHours: must not be below maxHours, 4"),
    ({"spot": "yes"}, "spot: must be a mapping"),
    ({"limits": {"tprGap": 1.5}}, "limits.tprGap: '1.5' must be a number from 0 to 1"),
    ({"limits": {"aucFloor": "high"}}, "limits.aucFloor: 'high' must be a number from 0 to 1"),
    ({"limits": {"auc": 0.7}}, "limits: 'auc' is not known here"),
    ([], "mesh:pipeline: must be a mapping of names, not a list"),
])  # fmt: skip
def test_a_wrong_key_is_one_line_naming_it(value: Any, message: str) -> None:
    with pytest.raises(MeshError) as caught:
        read(value)
    told = str(caught.value)
    assert told.startswith("Pulumi.consumer.yaml: mesh:pipeline")
    assert message in told
    assert "\n" not in told
