"""From a contract's text to the public model of the Open Data Contract Standard, or one line saying why not.

Deliberately not here: what the mesh makes of the model (`read`).
"""

from __future__ import annotations

import re

import pydantic
from open_data_contract_standard.model import OpenDataContractStandard

from governance.errors import MeshError
from governance.yaml_text import read_yaml


class NotDeployable(MeshError):
    """A contract of the standard that describes nothing the mesh could make a table of."""


def odcs_model(text: str, file: str) -> OpenDataContractStandard:
    """The public model of a contract's text.

    Raises
    ------
    MeshError
        One line with file and key for the first thing that the standard does not allow.
    """
    data = read_yaml(text, file)
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise MeshError(
            "is no data contract; a mapping with kind, apiVersion, id, version and schema is", file
        )
    if data.get("kind") != "DataContract":
        raise MeshError(f"'{data.get('kind')}' must be DataContract", f"{file}: kind")
    version = str(data.get("apiVersion", ""))
    if not re.match(r"^v3\.\d+\.\d+\Z", version):
        raise MeshError(
            f"'{version}' is not supported; use Open Data Contract Standard v3", f"{file}: apiVersion"
        )
    try:
        model = OpenDataContractStandard(**data)
    except pydantic.ValidationError as error:
        raise MeshError(*_first_error(error, file)) from None
    for key in ("id", "version"):
        if not getattr(model, key):
            raise MeshError("is missing", f"{file}: {key}")
    return model


def _first_error(error: pydantic.ValidationError, file: str) -> tuple[str, str]:
    """Message and place of the deepest of pydantic's findings, as a path into the file."""
    found = max(error.errors(), key=lambda item: len(item["loc"]))
    path = ""
    for step in found["loc"]:
        if isinstance(step, int):
            path += f"[{step}]"
        elif re.match(r"^[a-z]\w*$", step) and step not in ("str", "int", "float", "bool"):
            path += f".{step}" if path else step
    unknown = found["type"] == "extra_forbidden"
    message = "is no key of the Open Data Contract Standard" if unknown else found["msg"]
    return f"{message[0].lower()}{message[1:]}", f"{file}: {path}"
