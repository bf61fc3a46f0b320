"""Right configuration: what a stack file leaves out, and what components get of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from governance.levels import DEFAULT_LEVELS
from governance.reader import Reader, nearest
from governance.settings import KEYS, OF_ROLE, keys_of
from governance.settings.load import load_settings
from local.engine import load


def shipped(root: Path, stack: str) -> Any:
    config = load(root, stack).config
    values = {key[5:]: value for key, value in config.items() if key.startswith("mesh:")}
    return load_settings(values, f"Pulumi.{stack}.yaml", root)


def test_the_shipped_central_stack_is_read(root: Path) -> None:
    settings = shipped(root, "central")
    assert settings.place.account_id == "111122223333"
    assert [(lob.name, lob.account_id, lob.products) for lob in settings.lobs] == [
        ("consumer-banking", "222233334444", ("credit-card",))
    ]
    assert settings.members == ("222233334444", "333344445555")
    assert settings.levels == DEFAULT_LEVELS
    assert settings.catalog_policy == ()


def test_the_shipped_producer_stack_is_read(root: Path) -> None:
    (product,) = shipped(root, "producer").products
    assert product.contract.product == product.name == "credit-card"
    assert [(share.consumer, share.account_id, share.clearance) for share in product.shares] == [
        ("ml-coe", "333344445555", "restricted")
    ]
    assert product.schedule == "cron(0 3 * * ? *)"


def test_the_shipped_consumer_stack_is_read(root: Path) -> None:
    settings = shipped(root, "consumer")
    assert {role.name: role.clearance for role in settings.roles} == {
        "data-scientist": "confidential",
        "pipeline": "confidential",
        "auditor": "restricted",
    }
    assert (settings.scan_limit_bytes, settings.results_expire_days) == (10 * 2**30, 7)
    assert [item.stack for item in settings.subscriptions] == ["producer"]


@pytest.mark.parametrize("stack", ["central", "producer", "consumer"])
def test_default_tags_name_the_unit_and_nothing_is_empty(root: Path, stack: str) -> None:
    tags = shipped(root, stack).default_tags("unit")
    assert tags["lob"] == "unit"
    assert {"owner", "lob", "data-product", "environment", "cost-centre"} <= set(tags)
    assert all(tags.values())


def test_what_is_left_out_has_the_safe_default(root: Path) -> None:
    config = load(root, "central").config
    values = {key[5:]: value for key, value in config.items() if key.startswith("mesh:")}
    kept = ("role", "accountId", "region", "deployRole", "environment", "owner", "costCentre", "lobs")
    settings = load_settings({key: values[key] for key in kept}, "Pulumi.central.yaml", root)
    assert settings.protect is True, "data is kept unless the file says otherwise"
    assert settings.names.namespace == "mesh"
    assert settings.endpoint is None
    assert settings.external_id is None
    assert settings.organization_id is None


def test_the_defaults_in_the_project_file_are_those_of_the_settings(root: Path) -> None:
    declared = yaml.safe_load((root / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    defaults = {key: entry["default"] for key, entry in declared.items() if "default" in entry}
    assert defaults, "the project file has defaults"
    consumer = shipped(root, "consumer")
    assert defaults == {
        "namespace": "mesh",
        "protect": True,
        "sensitivityLevels": list(DEFAULT_LEVELS),
        "centralStack": consumer.central_stack,
        "modelPackageGroup": consumer.model_package_group,
        "scanLimitBytes": consumer.scan_limit_bytes,
        "resultsExpireDays": consumer.results_expire_days,
    }


def test_every_key_is_known_and_no_key_of_one_role_has_a_project_wide_default(root: Path) -> None:
    declared = yaml.safe_load((root / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    assert set(declared) <= set(KEYS)
    own = {key for keys in OF_ROLE.values() for key in keys}
    assert own <= set(KEYS)
    assert not own & set(declared), "Pulumi would put it into stacks that refuse it"
    for role, keys in OF_ROLE.items():
        assert own & set(keys_of(role)) == set(keys), "a stack reads its own role's keys and those of all"
    for path in root.glob("Pulumi.*.yaml"):
        config = yaml.safe_load(path.read_text(encoding="utf-8"))["config"]
        used = {key[5:] for key in config if key.startswith("mesh:")}
        assert used, f"{path.name} has configuration"
        assert used <= set(KEYS)
        assert config["pulumi:disable-default-providers"] == ["aws"], "a forgotten provider must fail"


@pytest.mark.parametrize(("word", "hint"), [("regoin", "; did you mean 'region'?"), ("qqq", "")])
def test_the_nearest_word_is_offered_only_when_it_is_near(word: str, hint: str) -> None:
    assert nearest(word, ["region", "role"]) == hint


def test_a_reader_gives_defaults_for_what_is_not_there() -> None:
    reader = Reader({"list": json.dumps(["a", "b"]), "on": "true"}, "f")
    assert reader.strings("list") == ("a", "b")
    assert reader.strings("none", ("x",)) == ("x",)
    assert reader.number("none", 3) == 3
    assert reader.flag("on", False) is True
    assert reader.mapping("none", required=False) == {}
    assert reader.optional("none") is None
