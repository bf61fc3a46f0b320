"""A share that ended between a revision and today shows as lost."""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path
from typing import Any

import pytest

TABLE = "credit-card.credit_card"


def test_a_share_that_ended_since_the_revision_shows_as_revoked(
    shipped_project: Any, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped_project.change("producer", products={"credit-card": ending(shipped_project, "2026-01-10")})
    entry = shipped_project.read("consumer")["mesh:subscriptions"]["credit-card"]
    shipped_project.change("consumer", subscriptions={"credit-card": {**entry, "until": "2026-01-10"}})
    assert dt.date.today() > dt.date(2026, 1, 10), "today it is over"
    for day, table in (("2026-01-10T12:00:00Z", TABLE), ("2026-01-11T12:00:00Z", "")):
        commit(shipped_project.folder, day, monkeypatch)
        said = say(shipped_project.folder, "diff", "--exit-code")
        assert said.code == (1 if table else 0), said.err or said.out
        losing = [line for line in said.out.splitlines() if line.startswith("  - ")]
        assert any(f"data-scientist (ml-coe): {TABLE}" in line for line in losing) == bool(table), said.out
    assert "nobody gains or loses anything" in said.out, "it was over when that was committed, too"


def ending(project: Any, until: str) -> dict[str, Any]:
    """The shipped product with a share that ends."""
    product = project.read("producer")["mesh:products"]["credit-card"]
    return {**product, "shares": [{**product["shares"][0], "until": until}]}


def commit(folder: Path, day: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commit the folder as of a day."""
    monkeypatch.setenv("GIT_COMMITTER_DATE", day)
    who = ["-c", "user.name=tester", "-c", "user.email=tester@example.com", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "--allow-empty", "-m", day]):
        subprocess.run(["git", *who, *command], cwd=folder, check=True, capture_output=True)
