"""Lake Formation's errors, with the words that its clients look for."""

from __future__ import annotations

from moto.core.exceptions import JsonRESTError


class LakeError(JsonRESTError):  # type: ignore[misc]
    """An error of Lake Formation or, for governed catalog calls, of Glue."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.reason = message

    def failure(self) -> dict[str, str]:
        """The error as batch calls report it per entry."""
        return {"ErrorCode": self.error_type, "ErrorMessage": self.reason}


def denied(message: str) -> LakeError:
    """The caller lacks a Lake Formation permission."""
    return LakeError("AccessDeniedException", message)


def insufficient(what: str) -> LakeError:
    """The caller may not make this call on `what`."""
    return denied(f"Insufficient Lake Formation permission(s): {what}")


def not_found(message: str) -> LakeError:
    """A named database, table, tag, filter or location is not there."""
    return LakeError("EntityNotFoundException", message)


def exists(message: str) -> LakeError:
    """Something of that name is there already."""
    return LakeError("AlreadyExistsException", message)


def invalid(message: str) -> LakeError:
    """The request cannot be meant so."""
    return LakeError("InvalidInputException", message)


def nothing_revoked() -> LakeError:
    """A revoke that takes nothing away; deployers wait for these words to know that a grant is gone."""
    return invalid(
        "No permissions revoked. Grantee has no permissions and no grantable permissions on resource."
    )


def tag_not_found() -> LakeError:
    """A tag key nobody defined, or a value outside its definition."""
    return not_found("Tag or tag value does not exist.")
