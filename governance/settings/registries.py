"""What a producer's stack file says of its consumers' model registries.

A consumer's own stack file names its model package group. Where that lies in another project, the producer's may, so that
a contract that breaks names the models trained on it. Not here: asking the registries (`components.registered_models`).
"""

from __future__ import annotations

from governance.names import check_name
from governance.reader import Reader, as_mapping, as_text

GROUP = "modelPackageGroup"


def read_groups(reader: Reader) -> dict[str, str]:
    """Consumer -> its model package group, without the mesh's prefix, of those whose entry names one.

    Raises
    ------
    MeshError
        A group's name cannot be one.
    """
    found: dict[str, str] = {}
    for consumer, entry in reader.mapping("consumers", required=False).items():
        where = reader.where(f"consumers.{consumer}")
        given = as_mapping(entry, ("accountId", GROUP), where)
        if GROUP in given:
            name = as_text(given, GROUP, where)
            found[consumer] = check_name(name, "model package group", f"{where}.{GROUP}")
    return found
