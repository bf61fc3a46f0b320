"""Runs a function as a Pulumi program without a cloud, and the three components recorded once."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import component_parts as parts

from components.central_catalog import CentralCatalog
from components.data_product import DataProduct
from components.ml_consumer import MLConsumer
from local.engine import Recording, record

Declare = Callable[[Callable[[], Any]], Recording]
MODULE = "program_under_test"


@pytest.fixture(scope="session")
def declare(tmp_path_factory: pytest.TempPathFactory) -> Declare:
    """Record a function as the program of a stack whose default providers are disabled."""
    folder = tmp_path_factory.mktemp("program")
    (folder / "Pulumi.yaml").write_text("name: mesh\nruntime: python\n", encoding="utf-8")
    (folder / "Pulumi.test.yaml").write_text(
        "config:\n  pulumi:disable-default-providers: [aws]\n", encoding="utf-8"
    )
    (folder / "__main__.py").write_text(f"import sys\nsys.modules[{MODULE!r}].main()\n", encoding="utf-8")

    def run(program: Callable[[], Any]) -> Recording:
        sys.modules[MODULE] = types.SimpleNamespace(main=program)  # type: ignore[assignment]
        try:
            return record(folder, "test")
        finally:
            del sys.modules[MODULE]

    return run


@pytest.fixture(scope="session")
def central(declare: Declare) -> Recording:
    """Two LoBs, one with two products."""
    lobs = [parts.lob("cards", ["cards"], "444455556666"), parts.lob("retail", ["loans", "mortgages"])]
    return declare(
        lambda: CentralCatalog(
            "catalog", parts.central_args(lobs=lobs), opts=parts.within("c", parts.CENTRAL)
        )
    )


def declare_product(name: str = "loans", **more: Any) -> DataProduct:
    """A data product with its two providers."""
    steward = parts.provider(f"{name}-steward", parts.CENTRAL)
    options = parts.within(f"{name}-own", parts.PRODUCER)
    return DataProduct(name, parts.product_args(steward, **more), opts=options)


@pytest.fixture(scope="session")
def product(declare: Declare) -> Recording:
    """One product with a schedule, shared up to confidential."""
    return declare(lambda: declare_product(schedule="cron(0 3 * * ? *)"))


@pytest.fixture(scope="session")
def make_product() -> Callable[..., DataProduct]:
    """To declare a product inside a program."""
    return declare_product


@pytest.fixture(scope="session")
def consumer(declare: Declare) -> Recording:
    """A consumer with one subscription, inside an Organization."""
    options: Callable[[], pulumi.ResourceOptions] = lambda: parts.within("k", parts.CONSUMER)  # noqa: E731
    return declare(lambda: MLConsumer("science", parts.consumer_args(), opts=options()))
