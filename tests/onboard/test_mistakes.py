"""Mistakes are one line that says what to do, and leave every file as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from onboard_case import CONSUMER, LOB, Case
from unseen_contract import contract as unseen
from unseen_contract import write

from governance.errors import MeshError
from governance.quotas import QUOTAS
from mesh.onboard import Change
from mesh.onboard import write as onboard_write

PRODUCT = ("onboard", "product", "--contract")


def lob(name: str, account: str, *more: str) -> tuple[str, ...]:
    return ("onboard", "lob", name, "--account", account, *more)


def consumer(name: str, account: str, clearance: str, *more: str) -> tuple[str, ...]:
    return ("onboard", "consumer", name, "--account", account, "--clearance", clearance, *more)


FREE = "444455556666"


@pytest.mark.parametrize(
    "words, said",
    [
        (lob("consumer-banking", FREE), ("consumer-banking", "already", "222233334444")),
        (lob("Retail", FREE), ("'Retail'", "lower-case")),
        (lob("retail", "4444"), ("--account", "'4444'", "12 digits")),
        (lob("retail", "111122223333"), ("--account", "stack central")),
        (lob("retail", "222233334444"), ("--account", "LoB consumer-banking")),
        (lob("retail", "333344445555"), ("--account", "consumer ml-coe")),
        (lob("retail", FREE, "--stack", "producer"), ("Pulumi.producer.yaml", "exists already")),
        (lob("consumer", FREE), ("Pulumi.consumer.yaml", "exists already", "--stack")),
        (lob("retail", FREE, "--stack", "../up"), ("--stack", "../up")),
        (consumer("ml-coe", FREE, "internal"), ("ml-coe", "already", "333344445555")),
        (consumer("risk_lab", FREE, "internal"), ("'risk_lab'",)),
        (consumer("risk", "12345678901x", "internal"), ("--account", "12345678901x")),
        (consumer("risk", "222233334444", "internal"), ("LoB consumer-banking",)),
        (consumer("risk", FREE, "secret"), ("--clearance", "'secret'", "restricted")),
        (consumer("risk", FREE, "internal", "--product", "credit-cart"), ("did you mean 'credit-card'",)),
        (
            consumer("risk", FREE, "internal", "--product", "credit-card", "--product", "credit-card"),
            ("twice",),
        ),
        (consumer("risk", FREE, "internal", "--role", "auditor"), ("--role", "NAME=CLEARANCE")),
        (consumer("risk", FREE, "internal", "--role", "auditor=top"), ("--role", "'top'")),
        (consumer("risk", FREE, "internal", "--role", "auditor=restricted"), ("above", "'internal'")),
        (consumer("risk", FREE, "internal", "--role", "Head=public"), ("'Head'",)),
        (consumer("risk", FREE, "internal", "--vpc", "vpc-1"), ("--subnet and --security-group",)),
        (consumer("risk", FREE, "internal", "--stack", "consumer"), ("Pulumi.consumer.yaml", "exists")),
    ],
)
def test_a_wrong_lob_or_consumer_is_one_line(
    case: Case, words: tuple[str, ...], said: tuple[str, ...]
) -> None:
    line = case.refused(*words)
    for word in said:
        assert word in line, line


@pytest.mark.parametrize(
    "changes, more, said",
    [
        (
            {"domain": "retail-lending"},
            (),
            ("'retail-lending' is not onboarded", "mesh onboard lob retail-lending"),
        ),
        ({"domain": "consumer-bankin"}, (), ("did you mean 'consumer-banking'", "mesh onboard lob")),
        ({"domain": None}, (), ("domain", "--stack")),
        ({"name": "credit-card"}, (), ("Pulumi.producer.yaml", "onboarded already")),
        ({"name": "台帳", "id": "台帳"}, (), ("dataProduct: my-product",)),
        ({"schema": []}, (), ("schema", "no tables")),
        ({"flavour": "new"}, (), ("flavour", "Open Data Contract Standard")),
        ({}, ("--stack", "produce"), ("did you mean 'producer'",)),
        ({}, ("--stack", "consumer"), ("'consumer' is not known", "producer")),
        ({}, ("--share", "ml-co=internal"), ("--share", "did you mean 'ml-coe'")),
        ({}, ("--share", "ml-coe=intern"), ("--share ml-coe=intern", "no sensitivity level")),
        ({}, ("--share", "ml-coe"), ("CONSUMER=CLEARANCE",)),
        ({}, ("--share", "ml-coe=public", "--share", "ml-coe=internal"), ("twice",)),
        ({}, ("--schedule", "daily"), ("schedule", "cron(")),
    ],
)
def test_a_wrong_product_is_one_line(
    case: Case, changes: dict, more: tuple[str, ...], said: tuple[str, ...]
) -> None:
    path = write(case.folder / "contracts" / "new.yaml", **{"domain": "consumer-banking", **changes})
    line = case.refused(*PRODUCT, str(path), *more)
    for word in said:
        assert word in line, line


def test_a_missing_contract_is_one_line(case: Case) -> None:
    assert "no such contract file" in case.refused(*PRODUCT, "contracts/nowhere.yaml")


def test_a_wrong_column_is_named_with_file_and_path(case: Case) -> None:
    schema = unseen()["schema"]
    schema[1]["properties"][2]["classification"] = "top"
    path = write(case.folder / "contracts" / "new.yaml", domain="consumer-banking", schema=schema)
    line = case.refused(*PRODUCT, str(path))
    assert "new.yaml: schema[1].properties[2].classification" in line
    assert "'top'" in line


def test_a_product_of_another_lob_stays_its_own(case: Case) -> None:
    case.run(*LOB)
    path = write(case.folder / "contracts" / "new.yaml", name="credit-card")
    assert "already LoB consumer-banking's" in case.refused(*PRODUCT, str(path))


def test_the_stack_of_another_lob_is_refused(case: Case) -> None:
    case.run(*LOB)
    path = write(case.folder / "contracts" / "new.yaml")
    assert "--stack producer: is LoB consumer-banking's" in case.refused(
        *PRODUCT, str(path), "--stack", "producer"
    )


def test_another_contract_of_the_same_name_is_not_overwritten(case: Case, tmp_path: Path) -> None:
    (case.folder / "contracts" / "loan-ledger.odcs.yaml").write_text("other")
    path = write(tmp_path / "new.yaml", domain="consumer-banking")
    assert "contracts/loan-ledger.odcs.yaml: exists already" in case.refused(*PRODUCT, str(path))


def test_a_name_taken_by_another_stack_file_is_found_before_anything_else_is_written(case: Case) -> None:
    case.run(*LOB)
    assert "already" in case.refused(*LOB)
    assert "LoB retail-lending" in case.refused(*CONSUMER[:4], "444455556666", *CONSUMER[5:])


def test_a_project_that_is_wrong_already_is_left_alone(case: Case) -> None:
    path = case.folder / "Pulumi.consumer.yaml"
    path.write_text(path.read_text().replace("stack: producer", "stack: elsewhere"))
    assert "Pulumi.consumer.yaml: mesh:subscriptions.credit-card.stack" in case.refused(*LOB)


def test_what_the_program_refuses_names_no_temporary_file(case: Case) -> None:
    path = case.folder / "__main__.py"
    stop = (
        "if (HERE / 'Pulumi.retail-lending.yaml').exists():\n    raise RuntimeError(f'no more: {HERE}/x')\n"
    )
    path.write_text(path.read_text().replace("def main()", f"{stop}\n\ndef main()"))
    line = case.refused(*LOB)
    assert line == "Pulumi.central.yaml: the program refuses it: no more: x"


def test_more_than_a_limit_allows_is_refused(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = QUOTAS["glue.tables"]
    monkeypatch.setitem(QUOTAS, "glue.tables", replace(tables, limit=3))
    path = write(case.folder / "contracts" / "new.yaml", domain="consumer-banking")
    line = case.refused(*PRODUCT, str(path))
    assert "4 of at most 3" in line, line
    assert tables.name in line


def changes_of(folder: Path) -> list[Change]:
    (folder / "a.yaml").write_text("a\n")
    (folder / "b.yaml").write_text("b\n")
    return [
        Change(path=Path("a.yaml"), before="a\n", after="A\n"),
        Change(path=Path("new/c.yaml"), before=None, after="C\n"),
        Change(path=Path("b.yaml"), before="b\n", after="B\n"),
    ]


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
    }


def test_all_files_are_written_and_keep_their_mode(tmp_path: Path) -> None:
    changes = changes_of(tmp_path)
    (tmp_path / "a.yaml").chmod(0o640)
    onboard_write.write(tmp_path, changes)
    assert contents(tmp_path) == {"a.yaml": "A\n", "new/c.yaml": "C\n", "b.yaml": "B\n"}
    assert (tmp_path / "a.yaml").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("failing", [0, 1, 2])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device", "b.yaml"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int, error: BaseException
) -> None:
    changes = changes_of(tmp_path)
    before, true_replace, calls = contents(tmp_path), Path.replace, iter(range(100))

    def failing_replace(self: Path, target: Path) -> Path:
        if next(calls) == failing:
            raise error
        return true_replace(self, target)

    monkeypatch.setattr(Path, "replace", failing_replace)
    with pytest.raises((MeshError, KeyboardInterrupt)):
        onboard_write.write(tmp_path, changes)
    assert contents(tmp_path) == before
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name, text", [("a.yaml", "edited meanwhile"), ("new/c.yaml", "made meanwhile")])
def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path, name: str, text: str) -> None:
    changes = changes_of(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    before = contents(tmp_path)
    with pytest.raises(MeshError, match="changed meanwhile"):
        onboard_write.write(tmp_path, changes)
    assert contents(tmp_path) == before
