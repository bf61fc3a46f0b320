"""The one error a user can cause.

Every mistake in configuration, contracts, data or commands is raised as a :class:`MeshError` whose text is one
line: what is wrong, where, and what to do. The command line prints that line and exits with code 2.
"""

from __future__ import annotations


class MeshError(ValueError):
    """A mistake the user can mend.

    Parameters
    ----------
    message
        What is wrong and what to do about it, without a trailing full stop or line breaks.
    where
        File and key, command or address the mistake is in; put in front of the message.
    """

    def __init__(self, message: str, where: str = "") -> None:
        text = f"{where}: {message}" if where else message
        super().__init__(" ".join(text.split()))
        self.where = where
