"""Onboarding a data product: its contract approved in the central file, declared and shared in its LoB's.

Consumers it is shared to get their subscription. Deliberately not here: what the contract means (`governance`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from governance.contracts import Contract, load_contract
from governance.errors import MeshError
from governance.reader import nearest
from governance.settings import CentralSettings, Lob, ProducerSettings
from mesh.onboard.draft import (
    Draft,
    central_of,
    known_name,
    option_pairs,
    producers_of,
    stack_file,
)
from mesh.onboard.share import Narrowing, Opened
from mesh.project import Project

CONTRACTS = Path("contracts")


@dataclass(frozen=True, kw_only=True)
class ProductRequest:
    """What `mesh onboard product` was asked."""

    contract: Path
    stack: str | None = None
    shares: Sequence[str] = ()
    """`CONSUMER=CLEARANCE`, as typed."""
    narrowing: Narrowing = field(default_factory=Narrowing)
    """`CONSUMER=...`, as typed."""
    schedule: str | None = None


def product(project: Project, request: ProductRequest) -> Draft:
    """Draft the files that make a contract a product of its LoB.

    Raises
    ------
    MeshError
        The contract is wrong or its LoB not onboarded, the product is taken, a consumer or clearance unknown.
    """
    central_stack, central = central_of(project)
    file = _found(project, request.contract)
    contract = load_contract(file, levels=central.levels)
    stack, lob = _home(project, central_stack, central, contract, request.stack, str(request.contract))
    name = contract.product
    for other in central.lobs:
        if other.name != lob.name and name in other.products:
            raise MeshError(
                f"product '{name}' is already LoB {other.name}'s; name it otherwise", str(request.contract)
            )
    if name in {known.name for known in producers_of(project)[stack].products}:
        raise MeshError(f"product '{name}' is onboarded already; edit it there", stack_file(stack))
    pairs = option_pairs(
        request.shares, "--share", "CONSUMER=CLEARANCE, such as ml-coe=internal", central.levels
    )
    for consumer, _ in pairs:
        known_name(consumer, list(central.consumers), "consumer", "--share")
    shares = Opened.to_all(pairs, "--share", request.narrowing, contract, central)

    draft = Draft(project)
    draft.notes += contract.doubts
    entry: dict[str, Any] = {"contract": _kept(draft, file, name)}
    if request.schedule:
        entry["schedule"] = request.schedule
    if name not in lob.products:
        draft.edit(central_stack).add_item(["mesh:lobs", lob.name, "products"], name)
    draft.edit(stack).add_entry(["mesh:products"], name, entry)
    for opened in shares:
        opened.add(draft, stack, name)
        opened.answer(draft, name, lob.name, stack)
    return draft


def _found(project: Project, contract: Path) -> Path:
    """The contract's file, named from here or from the project's folder."""
    for candidate in (contract, project.folder / contract):
        if candidate.is_file():
            return candidate
    raise MeshError("no such contract file", str(contract))


def _kept(draft: Draft, file: Path, product: str) -> str:
    """Path of the contract in the project; one from elsewhere is taken into `contracts/`."""
    folder = draft.project.folder.resolve()
    if file.resolve().is_relative_to(folder):
        return file.resolve().relative_to(folder).as_posix()
    path = CONTRACTS / f"{product}.odcs.yaml"
    text = file.read_bytes().decode("utf-8")
    if not (folder / path).exists():
        draft.created[path.as_posix()] = text
    elif (folder / path).read_bytes().decode("utf-8") != text:
        raise MeshError(f"exists already and differs from {file}; give the one that holds", path.as_posix())
    return path.as_posix()


def _home(
    project: Project,
    central_stack: str,
    central: CentralSettings,
    contract: Contract,
    wanted: str | None,
    where: str,
) -> tuple[str, Lob]:
    """Stack and LoB that the contract belongs to."""
    producers = producers_of(project)
    if wanted is not None:
        known_name(wanted, list(producers), "producer stack", "--stack")
    domain = contract.domain or (producers[wanted].lob if wanted else "")
    if not domain:
        raise MeshError("names no domain; add the LoB it belongs to, or give --stack", f"{where}: domain")
    lobs = {lob.name: lob for lob in central.lobs}
    if domain not in lobs:
        raise MeshError(
            f"LoB '{domain}' is not onboarded{nearest(domain, list(lobs))}; if it is new, run "
            f"'mesh onboard lob {domain} --account ID' first",
            f"{where}: domain",
        )
    stacks = [name for name, item in producers.items() if _serves(item, domain, central_stack)]
    if not stacks:
        raise MeshError(
            f"LoB '{domain}' has no stack file here; add one with mesh:lob {domain}", f"{where}: domain"
        )
    if wanted is not None and wanted not in stacks:
        raise MeshError(
            f"is LoB {producers[wanted].lob}'s, the contract is of domain '{domain}'", f"--stack {wanted}"
        )
    if wanted is None and len(stacks) > 1:
        raise MeshError(f"LoB '{domain}' has the stacks {', '.join(stacks)}; name one", "--stack")
    return wanted or stacks[0], lobs[domain]


def _serves(item: ProducerSettings, lob: str, central_stack: str) -> bool:
    return item.lob == lob and item.central_stack == central_stack
