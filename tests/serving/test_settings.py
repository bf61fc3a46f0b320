"""What a production stack file may say, and how it must agree with the consumer's."""

from __future__ import annotations

from typing import Any

import pytest
from world import Project as Copy

from governance.errors import MeshError
from governance.settings import ProductionSettings
from mesh.project import Project

ARN = "arn:aws:sagemaker:eu-west-1:333344445555:model-package/mesh-credit-risk/"
FILE = "Pulumi.production.yaml: mesh:"


def test_the_shipped_file_serves_nothing_yet(project: Copy) -> None:
    found = Project(project.folder).stacks["production"]
    assert isinstance(found, ProductionSettings)
    assert (found.current, found.previous, found.mode) == (None, None, "endpoint")
    assert list(Project(project.folder).stacks)[-1] == "production", "it comes up after what it serves"


def test_a_promoted_version_is_read_in_its_parts(project: Copy) -> None:
    project.change(modelPackages={"current": f"{ARN}12", "previous": f"{ARN}9"})
    found = Project(project.folder).stacks["production"]
    assert isinstance(found, ProductionSettings)
    assert found.current
    assert (found.current.account_id, found.current.group, found.current.version) == (
        "333344445555",
        "mesh-credit-risk",
        12,
    )


@pytest.mark.parametrize(
    "keys, message",
    [
        ({"mode": "both"}, f"{FILE}mode: 'both' is no mode; use one of endpoint, batch"),
        ({"dataCapturePercent": 101}, f"{FILE}dataCapturePercent: must be at most 100, not 101"),
        ({"dataCapturePercent": 5, "mode": "batch"},
         f"{FILE}dataCapturePercent: captures an endpoint's requests, and the mode is batch"),
        ({"instanceType": "m5.large"}, f"{FILE}instanceType: 'm5.large' is nothing like ml.m5.large"),
        ({"instanceType": "ml.m5d.large"}, f"{FILE}instanceType: ml.m5d.large has local storage"),
        ({"instanceType": "ml.g4dn.xlarge"}, f"{FILE}instanceType: ml.g4dn.xlarge has local storage"),
        ({"instanceCount": 0}, f"{FILE}instanceCount: must be at least 1, not 0"),
        ({"subnetIds": None}, f"{FILE}subnetIds: is missing; the model runs inside your VPC only"),
        ({"serving": None}, f"{FILE}serving: is missing"),
        ({"modelPackages": {"current": "3"}}, f"{FILE}modelPackages.current: '3' is no model package; write it with"),
        ({"modelPackages": {"current": 3}}, f"{FILE}modelPackages.current: '3' is no model package"),
        ({"modelPackages": {"previous": f"{ARN}2"}},
         f"{FILE}modelPackages.previous: is there without current; promote a version first"),
        ({"modelPackages": {"current": f"{ARN}2", "previous": f"{ARN}2"}},
         f"{FILE}modelPackages.previous: is the current version too; take it out"),
        ({"modelPackages": {"current": f"{ARN}2", "previous": f"{ARN.replace('credit', 'fraud')}1"}},
         f"{FILE}modelPackages.previous: is not of mesh-credit-risk as current is; take it out"),
        ({"modelPackages": {"current": f"{ARN.replace('eu-west-1', 'us-east-1')}2"}},
         f"{FILE}modelPackages.current: is in us-east-1, and this stack in eu-west-1"),
        ({"modelPackages": {"curent": f"{ARN}2"}},
         f"{FILE}modelPackages: 'curent' is not known here; did you mean 'current'?"),
        ({"lob": "retail"}, f"{FILE}lob: belongs to a producer stack, and this is a production stack"),
        ({"consumerStack": "producer"},
         f"{FILE}consumerStack: stack 'producer' is no consumer stack here; there is consumer"),
        ({"serving": "fraud"}, f"{FILE}serving: 'fraud' is not among mesh:production in Pulumi.consumer.yaml"),
        ({"accountId": "888899990000"},
         f"{FILE}accountId: is 888899990000 but Pulumi.consumer.yaml has 777788889999 for credit-risk"),
        ({"accountId": "222233334444"}, "Pulumi.production.yaml: mesh:accountId: 222233334444 is already that of"),
        ({"region": "us-east-1"}, f"{FILE}region: is us-east-1 but eu-west-1 in Pulumi.consumer.yaml"),
        ({"organizationId": "o-other12345"}, f"{FILE}organizationId: is o-other12345 but o-a1b2c3d4e5"),
        ({"modelPackages": {"current": f"{ARN.replace('333344445555', '222233334444')}2"}},
         f"{FILE}modelPackages: is of mesh-credit-risk in 222233334444, not of Pulumi.consumer.yaml's"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_names_file_and_key(
    project: Copy, keys: dict[str, Any], message: str
) -> None:
    project.change(**keys)
    with pytest.raises(MeshError) as caught:
        _ = Project(project.folder).stacks
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "entry, message",
    [
        ({"credit-risk": {}}, "mesh:production.credit-risk: has no accountId"),
        (
            {"credit-risk": {"accountId": "333344445555"}},
            "account 333344445555 is already that of this consumer",
        ),
        (
            {"Credit": {"accountId": "777788889999"}},
            "mesh:production.Credit: serving 'Credit' must be 1 to 39",
        ),
    ],
)
def test_a_consumer_names_production_accounts_one_by_one(
    project: Copy, entry: dict[str, Any], message: str
) -> None:
    project.change("consumer", production=entry)
    with pytest.raises(MeshError, match=r"Pulumi\.consumer\.yaml") as caught:
        _ = Project(project.folder).stacks
    assert message in str(caught.value)


def test_the_mesh_holds_together_without_production(project: Copy) -> None:
    (project.folder / "Pulumi.production.yaml").unlink()
    project.change("consumer", production=None)
    assert list(Project(project.folder).stacks) == ["central", "producer", "consumer"]
