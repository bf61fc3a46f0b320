"""Names of the catalog for what a contract calls otherwise: products, tables and columns.

The standard lets a name be any text; Athena, tags and buckets do not. What can be told is told: `Order Date` becomes
`order_date`, and a note says so. Deliberately not here: the limits of names in the mesh (`governance.names`).
"""

from __future__ import annotations

import re
import unicodedata

from open_data_contract_standard.model import OpenDataContractStandard

from governance.errors import MeshError
from governance.names import NAME_PATTERN, check_name

_LONGEST_PRODUCT, _LONGEST = 39, 255


def plain(name: str, glue: str = "_") -> str:
    """A name in lower-case letters a-z, digits and `glue`; empty if nothing of it is left.

    Accents fall away (`Größe` becomes `grosse`); whatever else is no letter or digit becomes `glue`.
    """
    bare = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(sign for sign in bare if not unicodedata.combining(sign))
    return re.sub(r"[^a-z0-9]+", glue, bare).strip(glue)[:_LONGEST]


def product_name(model: OpenDataContractStandard, file: str, doubts: list[str]) -> str:
    """Name of the product: `dataProduct`, else `name`, else the end of `id`, as tags and buckets can have it.

    Raises
    ------
    MeshError
        None of them has a letter or digit of ASCII.
    """
    ending = re.split(r"[:/#]", model.id or "")[-1]
    for key, name in (("dataProduct", model.dataProduct), ("name", model.name), ("id", ending)):
        if name and key != "id" and NAME_PATTERN.match(name):
            return name
        found = plain(name or "", "-")
        if not found:
            continue
        found = (found if found[0].isalpha() else f"p-{found}")[:_LONGEST_PRODUCT].rstrip("-")
        doubts.append(
            f"{file}: {key}: '{name}' is product '{found}' in the mesh; write dataProduct to have another"
        )
        return check_name(found, "data product", f"{file}: {key}")
    raise MeshError("is missing; write dataProduct: my-product", f"{file}: name")


def catalog_name(name: str, where: str, doubts: list[str] | None) -> str:
    """Name in the catalog for a name that it cannot hold; empty if there is none. Tells `doubts` of it."""
    found = plain(name)
    if found and doubts is not None:
        doubts.append(f"{where}: '{name}' is called {found} in Athena; write a physicalName to have another")
    return found
