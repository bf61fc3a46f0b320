"""Onboarding a line of business: an entry in the central file, and a producer stack without products yet.

Deliberately not here: its products (`product`).
"""

from __future__ import annotations

from governance.errors import MeshError
from governance.names import check_name
from mesh.onboard.draft import Draft, Member, central_of, free_account, member_file
from mesh.project import Project


def lob(project: Project, member: Member) -> Draft:
    """Draft the files that make `member` a LoB of the mesh.

    Raises
    ------
    MeshError
        Its name or account is taken or malformed, or its stack file is there already.
    """
    check_name(member.name, "LoB", "mesh onboard lob")
    central_stack, central = central_of(project)
    for known in central.lobs:
        if known.name == member.name:
            raise MeshError(
                f"LoB '{known.name}' is onboarded already, with account {known.account_id}; choose another name",
                "mesh onboard lob",
            )
    free_account(project, member.account)
    draft = Draft(project)
    member_file(
        draft,
        member,
        "producer",
        {"lob": member.name, "products": {}},
        comment=f"LoB {member.name}'s account: it owns the data products below.",
    )
    draft.edit(central_stack).add_entry(
        ["mesh:lobs"], member.name, {"accountId": member.account, "products": []}
    )
    if any(known.steward_callers for known in central.lobs):
        draft.notes.append(
            f"other LoBs narrow who may act as steward; for {member.name} set mesh:lobs.{member.name}.stewardCallers"
        )
    draft.notes.append(
        f"account {member.account} needs its deploy role before a real deployment (README, On AWS)"
    )
    return draft
