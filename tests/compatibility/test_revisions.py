"""Names that git does not know: the nearest branches and tags, or the nearest path, in one line."""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path

import pytest

from governance.errors import MeshError
from mesh import revisions


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two commits, a branch, a tag and a project in a folder below its top."""
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-02-28T23:30:00-02:00")

    def git(*words: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    project = tmp_path / "project" / "contracts"
    project.mkdir(parents=True)
    git("init", "-q", "-b", "trunk")
    (tmp_path / "top.txt").write_text("top")
    (project / "cards.odcs.yaml").write_text("one")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    git("tag", "v1.0.0")
    git("branch", "feature/new-cards")
    (project / "cards.odcs.yaml").write_text("two")
    git("commit", "-q", "-am", "two")
    return tmp_path / "project"


def refusal(folder: Path, name: str, path: str = "") -> str:
    with pytest.raises(MeshError) as refused:
        revisions.find(folder, name).text(path)
    return str(refused.value)


def test_a_revision_is_a_commit_with_its_day_in_utc(repository: Path) -> None:
    found = revisions.find(repository, "v1.0.0")
    assert found.day == dt.date(2026, 3, 1), "half past eleven two hours west is the next day"
    assert found.text("project/contracts/cards.odcs.yaml") == "one", "from the repository's top"
    assert found.text("./contracts/cards.odcs.yaml") == "one", "from the folder"
    assert revisions.find(repository, "trunk").text("./contracts/cards.odcs.yaml") == "two"


@pytest.mark.parametrize(
    "name, said",
    [
        ("trunc", "revision 'trunc': is no revision of this repository; did you mean 'trunk'?"),
        ("v1.0", "did you mean 'v1.0.0'?"),
        ("new-cards", "did you mean 'feature/new-cards'?"),
        ("0123456789", "is no revision of this repository; there is "),
        ("HEAD~9", "is no revision of this repository"),
        ("--upload-pack=x", "revision '--upload-pack=x': is no revision of this repository"),
        ("trunk:project", "is no revision of this repository"),
        ("", "revision '': is no revision of this repository"),
    ],
)
def test_an_unknown_revision_is_told_with_the_nearest_names(repository: Path, name: str, said: str) -> None:
    line = refusal(repository, name)
    assert said in line, line
    assert "\n" not in line


@pytest.mark.parametrize(
    "path, said",
    [
        ("project/contracts/card.odcs.yaml", "; did you mean 'project/contracts/cards.odcs.yaml'?"),
        ("./contracts/card.odcs.yaml", "; did you mean 'contracts/cards.odcs.yaml'?"),
        ("contracts/cards.odcs.yaml", "; did you mean 'project/contracts/cards.odcs.yaml'?"),
        ("./elsewhere.json", "; there is contracts/cards.odcs.yaml"),
    ],
)
def test_a_path_that_a_revision_has_not_is_told_with_the_nearest_one(
    repository: Path, path: str, said: str
) -> None:
    line = refusal(repository, "v1.0.0", path)
    assert line.startswith(f"{path}: is not in revision 'v1.0.0' ("), line
    assert line.endswith(said), line


def test_outside_of_git_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert refusal(tmp_path, "HEAD") == "revision 'HEAD': the project is in no git repository"


def test_a_copy_of_a_revision_is_of_the_folder_alone_and_gone_afterwards(repository: Path) -> None:
    with revisions.find(repository, "v1.0.0").checked_out("mesh-test-") as copy:
        assert [path.relative_to(copy).as_posix() for path in copy.rglob("*.*")] == [
            "contracts/cards.odcs.yaml"
        ]
    assert not copy.exists()
