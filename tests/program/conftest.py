"""Nothing in this folder reaches AWS, or anything else: programs are run without a cloud."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> str:
    """Where AWS would be, nothing answers; the address."""
    address = "http://127.0.0.1:9"
    for name, value in (("ENDPOINT_URL", address), ("ACCESS_KEY_ID", "a"), ("SECRET_ACCESS_KEY", "b")):
        monkeypatch.setenv(f"AWS_{name}", value)
    return address
