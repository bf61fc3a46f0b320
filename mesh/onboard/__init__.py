"""``mesh onboard``: drafts of what a new member, product or share changes, checked and written."""

from mesh.onboard.draft import Change, Draft, Member, stack_file

__all__ = ["Change", "Draft", "Member", "stack_file"]
