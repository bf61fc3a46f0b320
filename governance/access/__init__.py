"""Who can read what: the access evaluator."""

from governance.access.evaluator import (
    Access,
    Missing,
    ViaLink,
    explain,
    matrix,
    opened_by_iam,
    readable,
    resolve,
)

__all__ = ["Access", "Missing", "ViaLink", "explain", "matrix", "opened_by_iam", "readable", "resolve"]
