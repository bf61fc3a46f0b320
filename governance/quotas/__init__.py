"""What a mesh takes of the services' limits."""

from governance.quotas.check import QUOTAS, Declared, Row, check_limits, fullest, read_limits, usage

__all__ = ["QUOTAS", "Declared", "Row", "check_limits", "fullest", "read_limits", "usage"]
