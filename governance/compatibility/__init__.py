"""What changed between two versions of a contract, and whom it breaks."""

from governance.compatibility.comparison import Change, compare, major, raised_major, required_bump

__all__ = ["Change", "compare", "major", "raised_major", "required_bump"]
