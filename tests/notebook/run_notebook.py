"""Executes a notebook with a kernel of this environment: `run_notebook.py IN OUT FOLDER SOCKETS`.

A process of its own, so that the client's sockets and event loop end with it. The kernel gets this process's environment.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbclient
import nbformat
from jupyter_client.manager import AsyncKernelManager


def main(source: str, target: str, folder: str, sockets: str) -> int:
    """Run all cells in `folder` and write the notebook with its outputs; 1 when a cell failed."""
    notebook = nbformat.read(source, as_version=4)
    # sockets of the file system instead of TCP: nothing of the kernel is reachable from outside
    Path(sockets).mkdir(parents=True, exist_ok=True)
    manager = AsyncKernelManager(
        kernel_name="python3", transport="ipc", connection_file=str(Path(sockets) / "kernel.json")
    )
    client = nbclient.NotebookClient(
        notebook, km=manager, timeout=180, resources={"metadata": {"path": folder}}
    )
    try:
        client.execute()
    except nbclient.exceptions.CellExecutionError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        nbformat.write(notebook, target)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
