"""Several hosts that fit one model together: XGBoost's collective, joined and left.

Owns the tracker on the first host, the rank of each host (its place among the names, so it is the same in every
run) and what hosts tell one another. Deliberately not here: which rows a host takes (`train`).
"""

from __future__ import annotations

import os
import socket
import sys
import time
import warnings
import zlib
from types import TracebackType
from typing import Any

from governance.errors import MeshError
from training.job import Hosts

_PORTS = range(20_000, 40_000)
_PATIENCE = 600.0
"""Seconds that hosts wait for the first one to answer, and for one another."""


class Cluster:
    """The hosts of a training job; a context in which they are joined.

    Parameters
    ----------
    hosts
        All hosts, and which one this is. A single one joins nothing.
    port
        Of the tracker, the same on every host.
    """

    def __init__(self, hosts: Hosts | None = None, port: int = 0) -> None:
        self.hosts = hosts or Hosts()
        self.port = port
        self._tracker: Any = None
        self._context: Any = None

    @property
    def size(self) -> int:
        """Number of hosts."""
        return len(self.hosts.names)

    @property
    def index(self) -> int:
        """Place of this host; the one at 0 saves the model."""
        return self.hosts.index

    def __enter__(self) -> Cluster:
        if self.size == 1:
            return self
        from training.model.booster import _xgboost

        _xgboost()
        from xgboost import collective
        from xgboost.core import XGBoostError
        from xgboost.tracker import RabitTracker

        address = _address(self.hosts.names[0])
        if self.index == 0:
            self._tracker = RabitTracker(
                n_workers=self.size, host_ip=address, port=self.port, sortby="task", timeout=int(_PATIENCE)
            )
            self._tracker.start()
        arguments = {
            "dmlc_tracker_uri": address,
            "dmlc_tracker_port": self.port,
            # ranks follow the order of these texts
            "dmlc_task_id": f"{self.index:05d}",
            "dmlc_timeout": int(_PATIENCE),
        }
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                context = collective.CommunicatorContext(**arguments)
                with warnings.catch_warnings():
                    # a host that is up before the first one is refused, and asks again
                    warnings.simplefilter("ignore", UserWarning)
                    context.__enter__()
                break
            except XGBoostError as error:
                if time.monotonic() > deadline:
                    first = self.hosts.names[0]
                    raise MeshError(f"does not answer at port {self.port}", f"host {first}") from error
                time.sleep(0.5)
        self._context = context
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._context is None:
            return
        if kind is not None:
            # the others wait inside an operation that will not come; they notice when this process is gone
            return
        self._context.__exit__(None, None, None)
        if self._tracker is not None:
            self._tracker.wait_for(timeout=30)
            self._tracker.free()

    @property
    def joined(self) -> bool:
        """Whether the hosts were joined; after a failure the process must then end at once."""
        return self._context is not None

    def gather(self, value: Any) -> list[Any]:
        """Every host's value, in the order of the hosts; all hosts get the same list."""
        if self.size == 1:
            return [value]
        from xgboost import collective

        return [
            collective.broadcast(value if rank == self.index else None, rank) for rank in range(self.size)
        ]

    def mean(self, total: float, count: int) -> float:
        """Mean of values that lie on all hosts: their sum and number on this one."""
        if self.size > 1:
            import numpy as np
            from xgboost import collective

            total, count = collective.allreduce(np.array([total, float(count)]), collective.Op.SUM)
        return float(total / count)

    def first(self, value: Any) -> Any:
        """The first host's value."""
        if self.size == 1:
            return value
        from xgboost import collective

        return collective.broadcast((value,) if self.index == 0 else None, 0)[0]


def port_of(job: str) -> int:
    """Port for the tracker of a training job: every host derives the same one from the job's name."""
    return _PORTS[zlib.crc32(job.encode()) % len(_PORTS)]


def leave(code: int) -> None:
    """End the process without a farewell to the other hosts, which would wait for an answer."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _address(host: str) -> str:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return socket.gethostbyname(host)
        except OSError as error:
            # names of hosts become known while they start
            if time.monotonic() > deadline:
                raise MeshError("has no address; are all hosts up?", f"host {host}") from error
            time.sleep(0.5)
