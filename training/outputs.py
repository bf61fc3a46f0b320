"""The consumer stack's outputs as the training sees them.

Owns reading and checking the JSON that ``pulumi stack output --json`` (or ``mesh outputs consumer --json``)
prints. Deliberately not here: how the outputs came to be; only the keys that training needs are looked at.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from governance.errors import MeshError

ENVIRONMENT = "MESH_OUTPUTS"
OPTIONAL = ("featureGroups", "pipeline")
"""Outputs that a stack may leave out or leave empty."""


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """What a deployed consumer stack offers to training; the names are those of its exports."""

    region: str
    roles: Mapping[str, str]
    workgroups: Mapping[str, str]
    resultsBucket: str
    modelsBucket: str
    keyArn: str
    resourceLinks: Mapping[str, str]
    products: Mapping[str, Mapping[str, Any]]
    modelPackageGroup: str
    pipeline: Mapping[str, str] = field(default_factory=dict)
    featureGroups: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    source: str = field(default="consumer outputs", compare=False)

    def role(self, name: str) -> str:
        """ARN of a role by its short name."""
        return str(self._entry("roles", self.roles, name))

    def workgroup(self, role: str) -> str:
        """Athena workgroup of a role; each has its own, with its own place for results."""
        return str(self._entry("workgroups", self.workgroups, role))

    def link(self, product: str) -> str:
        """Database (resource link) through which a product is queried."""
        return str(self._entry("resourceLinks", self.resourceLinks, product))

    def contract_version(self, product: str) -> str:
        """Version of the contract that the product was published with."""
        return str(self._entry("products", self.products, product).get("contractVersion", "unknown"))

    def _entry(self, key: str, values: Mapping[str, Any], name: str) -> Any:
        if name not in values:
            known = ", ".join(sorted(values)) or "none"
            raise MeshError(f"has no '{name}'; the stack offers {known}", f"{self.source}: {key}")
        return values[name]


def load_outputs(path: str | Path | None = None) -> Outputs:
    """Read the outputs from a file, or from what the environment variable MESH_OUTPUTS names.

    MESH_OUTPUTS is a path, or the JSON itself.

    Raises
    ------
    MeshError
        Nothing was given; the file is missing or no JSON; a key is missing or of the wrong kind.
    """
    return outputs_from(*read_outputs(path, ENVIRONMENT, "consumer"))


def read_outputs(path: str | Path | None, environment: str, stack: str) -> tuple[Any, str]:
    """A stack's outputs as JSON has them, and where they came from; from a file or an environment variable.

    Raises
    ------
    MeshError
        Nothing was given, or the file is missing or no JSON.
    """
    given = str(path) if path else os.environ.get(environment, "")
    if not given:
        raise MeshError(
            f"the {stack} stack's outputs are needed; write them to a file with 'pulumi stack output --json' "
            f"or 'mesh outputs {stack} --json' and give it here or in {environment}",
            "--outputs",
        )
    inline = not path and given.lstrip().startswith("{")
    source = environment if inline else given
    try:
        return json.loads(given if inline else Path(given).read_text(encoding="utf-8")), source
    except OSError as error:
        raise MeshError(f"no such file with the {stack} stack's outputs", source) from error
    except ValueError as error:
        raise MeshError(f"is no JSON ({error})", source) from error


def outputs_from(values: Any, source: str = "consumer outputs") -> Outputs:
    """Outputs from an already read mapping; `source` is named in errors."""
    if not isinstance(values, Mapping):
        raise MeshError("must be a JSON object of outputs", source)
    taken: dict[str, Any] = {}
    for name, kind in Outputs.__annotations__.items():
        if name == "source" or (name in OPTIONAL and not values.get(name)):
            continue
        if name not in values:
            raise MeshError(f"has no '{name}'; are these the outputs of the consumer stack?", source)
        wanted: type = str if kind == "str" else Mapping
        if not isinstance(values[name], wanted) or not values[name]:
            word = "a text" if wanted is str else "a mapping"
            raise MeshError(f"'{name}' must be {word} and not empty", source)
        taken[name] = values[name]
    return Outputs(**taken, source=source)
