"""Dynamic resources: the program's own providers, run in this process and kept for a later delete."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from governance.errors import MeshError
from local.engine import MemoryStateStore, destroy, record, up

if TYPE_CHECKING:
    from .conftest import Project

PROVIDER = '''
import pathlib
from pulumi.dynamic import (
    CheckFailure, CheckResult, CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult,
)

class Grants(ResourceProvider):
    """Notes each call in a file, and replaces when the place changes."""

    def _note(self, props, text):
        with pathlib.Path(props["log"]).open("a") as log:
            log.write(text + "\\n")

    def configure(self, request):
        self.stack_note = request.config.get("note")

    def check(self, olds, news):
        failures = [] if news.get("principal") else [CheckFailure("principal", "is empty")]
        return CheckResult({**news, "checked": True}, failures)

    def diff(self, identity, olds, news):
        changed = [key for key in ("place", "principal") if olds.get(key) != news.get(key)]
        return DiffResult(changes=bool(changed), replaces=["place"] if "place" in changed else [])

    def create(self, props):
        self._note(props, f"create {props['principal']} {self.stack_note} {props['secret']}")
        return CreateResult(f"{props['place']}/{props['principal']}", {**props, "granted": 1})

    def update(self, identity, olds, news):
        self._note(news, f"update {identity} {olds['principal']}>{news['principal']}")
        return UpdateResult({**news, "granted": olds["granted"] + 1})

    def delete(self, identity, props):
        self._note(props, f"delete {identity} {props['granted']}")


class Grant(Resource, module="lakeformation", name="Grant"):
    granted: pulumi.Output[int]

    def __init__(self, name, props, opts=None):
        super().__init__(Grants(), name, {**props, "granted": None}, opts)

'''


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def _program(project: Project, log: Path, **props: str) -> None:
    values = {"log": str(log), "place": "here", "principal": "reader", **props}
    listed = ", ".join(f"{key!r}: {value!r}" for key, value in values.items())
    project.program(
        PROVIDER
        + f"grant = Grant('grant', {{{listed}, 'secret': pulumi.Output.secret('s3cret')}})\n"
        + "pulumi.export('granted', grant.granted)\npulumi.export('id', grant.id)\n"
    )


def test_the_life_of_a_dynamic_resource(project: Project, store: MemoryStateStore, log: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    project.stack("dev", note="hello")
    _program(project, log)
    made = up(project.folder, "dev", endpoint=nowhere, store=store)
    assert (made.created, made.exports) == (1, {"granted": 1, "id": "here/reader"})

    same = up(project.folder, "dev", endpoint=nowhere, store=store)
    assert (same.unchanged, same.exports) == (1, made.exports)

    _program(project, log, principal="auditor")
    updated = up(project.folder, "dev", endpoint=nowhere, store=store)
    assert (updated.updated, updated.exports) == (1, {"granted": 2, "id": "here/reader"})

    _program(project, log, principal="auditor", place="there")
    assert up(project.folder, "dev", endpoint=nowhere, store=store).replaced == 1

    project.program("")
    assert up(project.folder, "dev", endpoint=nowhere, store=store).deleted == 1
    assert log.read_text().splitlines() == [
        "create reader hello s3cret",
        "update here/reader reader>auditor",
        "delete here/reader 2",
        "create auditor hello s3cret",
        "delete there/auditor 1",
    ], "nothing is called for the unchanged one; a secret is plain here"


def test_destroy_uses_the_provider_kept_in_the_state(
    project: Project, store: MemoryStateStore, log: Path
) -> None:
    _program(project, log)
    up(project.folder, "dev", endpoint="http://127.0.0.1:9", store=store)
    project.program("raise RuntimeError('the program is not run')")
    assert destroy(project.folder, "dev", endpoint="http://127.0.0.1:9", store=store).deleted == 1
    assert log.read_text().splitlines()[-1] == "delete here/reader 1"


def test_what_check_refuses_is_one_line(project: Project, store: MemoryStateStore, log: Path) -> None:
    _program(project, log, principal="")
    with pytest.raises(MeshError) as caught:
        up(project.folder, "dev", endpoint="http://127.0.0.1:9", store=store)
    assert str(caught.value) == ("pulumi-python:dynamic/lakeformation:Grant 'grant': principal: is empty")
    assert not log.exists()


def test_an_error_of_the_provider_is_one_line_and_keeps_the_rest(
    project: Project, store: MemoryStateStore, log: Path
) -> None:
    _program(project, log / "no" / "such" / "folder")
    with pytest.raises(MeshError, match=r"Grant 'grant': FileNotFoundError: .*No such file") as caught:
        up(project.folder, "dev", endpoint="http://127.0.0.1:9", store=store)
    assert "\n" not in str(caught.value)


def test_a_recording_shows_the_properties_and_not_the_pickled_provider(project: Project, log: Path) -> None:
    _program(project, log)
    grant = record(project.folder, "dev").get("pulumi-python:dynamic/lakeformation:Grant", "grant")
    assert grant.inputs == {"log": str(log), "place": "here", "principal": "reader", "secret": "s3cret"}
