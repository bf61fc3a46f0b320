"""One file out of several modules, since a Glue Python shell job is a single script.

The modules stay as they are: the bundle carries their text, and makes modules of it when it starts.
Deliberately not here: what the script does.
"""

from __future__ import annotations

import functools
from pathlib import Path

PARTS = ("curation_values", "curation_checks", "curation_read", "curation_files", "curation")
"""Modules of the curation job, each after those that it imports; the last has `main(argv)`."""

_HEAD = '''"""Curation job of a data product, made by `functions.bundle` of the modules beside it."""

import linecache
import sys
import types


def _module(name, text):
    """Make a module of its text, known to imports and to tracebacks."""
    module = types.ModuleType(name)
    module.__file__ = f"<{name}>"
    linecache.cache[module.__file__] = (len(text), None, text.splitlines(True), module.__file__)
    sys.modules[name] = module
    exec(compile(text, module.__file__, "exec"), module.__dict__)
    return module


sys.modules["functions"] = types.ModuleType("functions")
'''
_TAIL = """
if __name__ == "__main__":
    code = sys.modules["functions.curation"].main(sys.argv[1:])
    if code:  # Glue takes any exit for a failure, also that with 0
        sys.exit(code)
"""


@functools.cache
def curation_script() -> str:
    """Text of the curation job: runs on its own under Python 3.9 and later with boto3 and pyarrow."""
    folder = Path(__file__).parent
    modules = []
    for part in PARTS:
        text = (folder / f"{part}.py").read_text(encoding="utf-8")
        if "'''" in text or text.endswith("\\"):
            raise ValueError(
                f"functions/{part}.py must not contain three single quotes, the bundle quotes with them"
            )
        modules.append(f"\n_module(\"functions.{part}\", r'''{text}''')\n")
    return "".join((_HEAD, *modules, _TAIL))
