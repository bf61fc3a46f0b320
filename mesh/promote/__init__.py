"""``mesh promote``: which approved version production serves."""

from mesh.promote.choice import Promotion, newest_approved, production_stack, promotion

__all__ = ["Promotion", "newest_approved", "production_stack", "promotion"]
