"""``mesh promote``: which approved version production serves."""

from mesh.promote.choice import Promotion, production_stack, promotion

__all__ = ["Promotion", "production_stack", "promotion"]
