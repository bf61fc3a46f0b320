"""Writing promoted versions into a production stack's file: two ARNs, and not a character besides.

Deliberately not here: which versions (`promote`) and writing to disk (`onboard.write`).
"""

from __future__ import annotations

import copy

import yaml

from governance.errors import MeshError
from governance.settings.production import CURRENT, PREVIOUS
from mesh.stack_edit import StackEdit, inline

KEY = "mesh:modelPackages"


class PromotionEdit(StackEdit):
    """A production stack's file in the making."""

    def promoted(self, current: str, previous: str | None) -> None:
        """State what is served and, where there is one, what was before.

        Raises
        ------
        MeshError
            The file is of a layout in which the value cannot be replaced.
        """
        for key, arn in ((CURRENT, current), (PREVIOUS, previous)):
            if arn is None:
                continue
            if (self.get(KEY) or {}).get(key) is None:
                self.add_entry([KEY], key, arn)
            else:
                self._set(key, arn)

    def _set(self, key: str, arn: str) -> None:
        """Put another text in the place of one."""
        where = f"{self.file}: {KEY}.{key}"
        node, _ = self._node([KEY, key])
        if not isinstance(node, yaml.ScalarNode) or node.style not in (None, "'", '"'):
            raise MeshError("is no text on one line; write it by hand", where)
        expected = copy.deepcopy(self.data)
        parent, last = self._place(expected, [KEY, key])
        parent[last] = arn
        self._replace(node, inline(arn))
        self._check(expected, where)
