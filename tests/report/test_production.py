"""What the report tells of a promoted model: who decided, and what its endpoint said."""

from __future__ import annotations

from typing import Any

import pytest

from mesh.report import render
from tests.report.facts import role_arn
from tests.report.pages import Page

PACKAGE = "arn:aws:sagemaker:eu-west-1:333344445555:model-package/mesh-credit-risk/3"


@pytest.fixture
def served(small: dict[str, Any]) -> dict[str, Any]:
    """A report with a promotion."""
    reason = {"feature": "duration", "value": 45, "contribution": 0.9021, "effect": "raises"}
    missing = {"feature": "savings", "value": None, "contribution": -0.2, "effect": "lowers"}
    small["production"] = {
        "stack": "production", "version": 3, "package_arn": PACKAGE, "endpoint": "mesh-credit-risk",
        "refused": {"principal": role_arn("data-scientist"), "error": "AccessDeniedException: no"},
        "approved_by": role_arn("auditor"), "reason": "reviewed", "application": "A-001000", "score": 0.3291,
        "decision": "default", "asked_as": role_arn("caller-credit-risk", "777788889999"), "reasons": [reason, missing],
    }  # fmt: skip
    return small


def section(page: Page) -> str:
    return str(next(item["text"] for item in page.all("section") if item["attrs"]["id"] == "production"))


def test_the_decision_and_its_reasons_are_told(served: dict[str, Any]) -> None:
    page = Page(render(served))
    assert page.all("a", href="#production"), "the section is linked"
    text = " ".join(section(page).split())
    for words in ("mesh-data-scientist", "refused", "may not approve version 3", "mesh-auditor", "approved",
                  "version 3: reviewed", PACKAGE, "Application A-001000: default, score 0.329",
                  "asked as mesh-caller-credit-risk"):  # fmt: skip
        assert words in text, words
    assert text.index("duration") < text.index("raises it (+0.902)") < text.index("savings"), "in their order"
    assert "missing" in text
    assert "None" not in text


def test_without_a_promotion_nothing_is_told_of_one(small: dict[str, Any]) -> None:
    page = Page(render(small))
    assert "production" not in [item["attrs"]["id"] for item in page.all("section")]
    assert not page.all("a", href="#production")


def test_hostile_text_in_a_promotion_stays_text(served: dict[str, Any]) -> None:
    evil = "<script>alert('x')</script>"
    served["production"] |= {"application": evil, "decision": evil, "reason": evil}
    served["production"]["reasons"][0] |= {"feature": evil, "value": evil}
    html = render(served)
    assert html.count("<script>") == 1, "the page's own"
    assert html.count("alert(&#39;x&#39;)") == 5
