"""``mesh demo``: the whole story on a cloud of its own."""

from mesh.demo.acts import run

__all__ = ["run"]
