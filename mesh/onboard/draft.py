"""A draft of what onboarding changes: edits of stack files, new files, and what their author must still know.

Owns the facts a new member's file takes over from the central stack, and the checks that names, accounts and options
share. Deliberately not here: what each command adds (`lob`, `product`, `consumer`), whether
the result holds together (`check`), and writing it (`write`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from governance.levels import check_level
from governance.reader import check_account, nearest
from governance.settings import CentralSettings, ConsumerSettings, ProducerSettings
from mesh.project import Project
from mesh.stack_edit import StackEdit, document

_STACK = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")
_DEFAULT_PROVIDERS = "pulumi:disable-default-providers"
_ENCRYPTION = ("secretsprovider", "encryptedkey", "encryptionsalt")
"""Top-level keys without which a copied secret cannot be read again."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One file as it is (None: not there) and as it will be."""

    path: Path
    """Relative to the project's folder."""
    before: str | None
    after: str


@dataclass
class Draft:
    """Files in the making; nothing is written before all of them have been checked together."""

    project: Project
    edits: dict[str, StackEdit] = field(default_factory=dict)
    created: dict[str, str] = field(default_factory=dict)
    """Path in the project -> text."""
    terms: list[str] = field(default_factory=list)
    """What narrows a new share, in words; beside who gains what."""
    notes: list[str] = field(default_factory=list)
    """What the person who asked has to do besides."""

    def edit(self, stack: str) -> StackEdit:
        """The stack's file, as edited so far."""
        if stack not in self.edits:
            name = stack_file(stack)
            text = (self.project.folder / name).read_bytes().decode("utf-8")
            self.edits[stack] = StackEdit(text, name)
        return self.edits[stack]

    @property
    def changes(self) -> tuple[Change, ...]:
        """All files that differ, new ones last."""
        edited = [
            Change(path=Path(edit.file), before=edit.original, after=edit.text)
            for edit in self.edits.values()
            if edit.text != edit.original
        ]
        return (
            *edited,
            *(Change(path=Path(path), before=None, after=text) for path, text in self.created.items()),
        )


@dataclass(frozen=True, kw_only=True)
class Member:
    """What LoB and consumer accounts have in common; None takes over what the central stack says."""

    name: str
    account: str
    stack: str | None = None
    deploy_role: str | None = None
    owner: str | None = None
    cost_centre: str | None = None


def stack_file(stack: str) -> str:
    """Name of a stack's file."""
    return f"Pulumi.{stack}.yaml"


def central_of(project: Project) -> tuple[str, CentralSettings]:
    """The one central stack; MeshError when there is none or more than one."""
    found = [(name, item) for name, item in project.stacks.items() if isinstance(item, CentralSettings)]
    if len(found) != 1:
        names = ", ".join(name for name, _ in found) or "none"
        raise MeshError(
            f"onboarding needs one central stack, there is {names}; edit the files by hand",
            str(project.folder),
        )
    return found[0]


def producers_of(project: Project) -> dict[str, ProducerSettings]:
    """Producer stacks by name."""
    return {name: item for name, item in project.stacks.items() if isinstance(item, ProducerSettings)}


def consumers_of(project: Project) -> dict[str, ConsumerSettings]:
    """Consumer stacks by name."""
    return {name: item for name, item in project.stacks.items() if isinstance(item, ConsumerSettings)}


def free_account(project: Project, account: str) -> str:
    """Return an account id that no stack, LoB or consumer of the mesh has."""
    check_account(account, "--account")
    _, central = central_of(project)
    taken = {item.place.account_id: f"stack {name}" for name, item in project.stacks.items()}
    taken |= {number: f"consumer {name}" for name, number in central.consumers.items()}
    taken |= {lob.account_id: f"LoB {lob.name}" for lob in central.lobs}
    if account in taken:
        raise MeshError(
            f"account {account} is already that of {taken[account]}; use an account of its own", "--account"
        )
    return account


def new_stack(project: Project, stack: str) -> str:
    """Return a stack name that is usable and has no file yet."""
    if not _STACK.match(stack):
        raise MeshError(
            f"'{stack}' is no stack name; use letters, digits, hyphens, underscores and dots", "--stack"
        )
    if (project.folder / stack_file(stack)).exists():
        raise MeshError("exists already; choose another stack name with --stack", stack_file(stack))
    return stack


def option_pairs(
    texts: Sequence[str], option: str, form: str, levels: Sequence[str]
) -> list[tuple[str, str]]:
    """Read `NAME=CLEARANCE` options; each name once."""
    pairs: list[tuple[str, str]] = []
    for text in texts:
        name, equals, clearance = text.partition("=")
        if not equals or not name or not clearance:
            raise MeshError(f"'{text}' must be {form}", option)
        if name in {known for known, _ in pairs}:
            raise MeshError(f"names '{name}' twice; keep one", option)
        pairs.append((name, check_level(clearance, levels, f"{option} {text}")))
    return pairs


def known_name(name: str, names: Sequence[str], what: str, where: str) -> str:
    """Return a name that is among `names`; MeshError with the nearest one otherwise."""
    if name not in names:
        there = ", ".join(sorted(names)) or "none"
        raise MeshError(
            f"{what} '{name}' is not known{nearest(name, list(names)) or f'; there is {there}'}", where
        )
    return name


def member_file(
    draft: Draft,
    member: Member,
    role: str,
    own: Mapping[str, Any],
    *,
    comment: str,
    notes: Mapping[str, str] | None = None,
) -> str:
    """Add a new member's stack file to the draft, with the facts the whole mesh shares; return the stack.

    Parameters
    ----------
    own
        Keys of the role, without prefix, in the order they are written.
    comment
        First line of the file.
    notes
        Comments beside keys of `own`.
    """
    central_stack, central = central_of(draft.project)
    source = draft.edit(central_stack)
    stack = new_stack(draft.project, member.stack or member.name)

    def shared(*keys: str) -> dict[str, Any]:
        """As the central file writes them; what it leaves to Pulumi.yaml, the new file does too."""
        return {key: value for key in keys if (value := source.get(f"mesh:{key}")) is not None}

    secret = isinstance(source.get("mesh:externalId"), Mapping)
    keys = {
        "role": role,
        "accountId": member.account,
        **shared("region"),
        **({"deployRole": member.deploy_role} if member.deploy_role else shared("deployRole")),
        **shared("externalId", "environment"),
        "owner": member.owner or member.name,
        **({"costCentre": member.cost_centre} if member.cost_centre else shared("costCentre")),
        **shared("namespace", "sensitivityLevels", "endpoint", "protect", "organizationId"),
        "centralAccountId": central.place.account_id,
        **({} if central_stack == "central" else {"centralStack": central_stack}),
        **own,
    }
    default_providers = source.get(_DEFAULT_PROVIDERS) or ["aws"]
    top = {key: source.data[key] for key in _ENCRYPTION if secret and key in source.data}
    if secret and not top:
        draft.notes.append(
            f"externalId is encrypted for stack {central_stack}; encrypt it anew with "
            f"'pulumi config set --secret mesh:externalId --stack {stack}'"
        )
    draft.created[stack_file(stack)] = document(
        comment,
        {_DEFAULT_PROVIDERS: default_providers, **{f"mesh:{key}": value for key, value in keys.items()}},
        top=top,
        notes={f"mesh:{key}": note for key, note in (notes or {}).items()},
    )
    return stack
