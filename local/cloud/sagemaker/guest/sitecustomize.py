"""What a job's Python does before the job's own code: a stand-in for the container around it.

Four things in which a container differs from a plain process: names of the job's hosts (`algo-1`, ...), the
folder `/opt/ml`, no packages of a project that is being developed here, and, under network isolation, no
network but its peers. Owns them for Python code only: a library in C that opens `/opt/ml` by itself gets the
file system as it is, which is why arguments and environment are rewritten beforehand. Imports nothing of this
project, since it runs in the job.
"""

from __future__ import annotations

import builtins
import functools
import io
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

ROOT = os.environ.get("LOCAL_CONTAINER_ROOT", "")
HOSTS = [name for name in os.environ.get("LOCAL_CONTAINER_HOSTS", "").split(",") if name]
HERE = os.environ.get("LOCAL_CONTAINER_HOST", "")
CLOUD_PORT = os.environ.get("LOCAL_CONTAINER_ISOLATED_FROM", "")
LOOPBACK = "127.0.0.1"
CONTAINER = "/opt/ml"

PATH_CALLS = (
    *("stat", "lstat", "listdir", "scandir", "mkdir", "makedirs", "open", "access", "remove", "unlink"),
    *("rmdir", "chdir", "chmod", "utime", "truncate", "readlink", "walk", "removedirs"),
)
PAIR_CALLS = ("rename", "replace", "link", "symlink")


def moved(path: Any) -> Any:
    """Return a path below `/opt/ml` as it is on this machine; anything else as it is."""
    text = os.fspath(path) if isinstance(path, os.PathLike) else path
    if isinstance(text, str) and (text == CONTAINER or text.startswith(f"{CONTAINER}/")):
        return ROOT + text
    return path


def _moving(call: Callable[..., Any], count: int) -> Callable[..., Any]:
    @functools.wraps(call)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return call(*(moved(each) for each in args[:count]), *args[count:], **kwargs)

    return wrapped


def _folder() -> None:
    for name in PATH_CALLS:
        setattr(os, name, _moving(getattr(os, name), 1))
    for name in PAIR_CALLS:
        setattr(os, name, _moving(getattr(os, name), 2))
    builtins.open = io.open = _moving(io.open, 1)


def _no_project() -> None:
    """Hide packages that are installed in development mode; the job has what was sent to it."""
    sys.meta_path[:] = [
        each for each in sys.meta_path if not str(getattr(each, "__module__", "")).startswith("__editable__")
    ]


def _names() -> None:
    resolve, by_name = socket.getaddrinfo, socket.gethostbyname

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        return resolve(LOOPBACK if host in HOSTS else host, *args, **kwargs)

    def gethostbyname(host: str) -> str:
        return LOOPBACK if host in HOSTS else by_name(host)

    def gethostbyname_ex(host: str) -> tuple[str, list[str], list[str]]:
        return host, [], [gethostbyname(host)]

    for call in (getaddrinfo, gethostbyname, gethostbyname_ex):
        setattr(socket, call.__name__, call)
    if HERE:
        socket.gethostname = lambda: HERE
        socket.getfqdn = lambda name="": name or HERE


def _isolated() -> None:
    """Refuse connections but to peers, which are other processes of this machine, never the cloud."""

    def allowed(address: Any) -> bool:
        if not isinstance(address, tuple):
            return True
        host, port = address[0], address[1]
        return (host in HOSTS or host in (LOOPBACK, "localhost", "::1", "")) and str(port) != CLOUD_PORT

    def guarded(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(self: Any, address: Any, *args: Any) -> Any:
            if not allowed(address):
                raise OSError(101, "Network is unreachable (network isolation)")
            return call(self, address, *args)

        return wrapped

    original = socket.socket

    class Guarded(original):  # type: ignore[misc, valid-type]
        """A socket that connects to peers only."""

        connect = guarded(original.connect)
        connect_ex = guarded(original.connect_ex)

        def sendto(self, data: Any, *rest: Any) -> int:
            """Send to a peer."""
            if not allowed(rest[-1]):
                raise OSError(101, "Network is unreachable (network isolation)")
            return int(super().sendto(data, *rest))

    socket.socket = Guarded  # type: ignore[misc]
    known = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host is not None and host not in HOSTS and host not in (LOOPBACK, "localhost", "::1", ""):
            raise socket.gaierror(-2, "Name or service not known (network isolation)")
        return known(host, *args, **kwargs)

    socket.getaddrinfo = getaddrinfo


if ROOT:
    _no_project()
    _folder()
if HOSTS:
    _names()
if CLOUD_PORT:
    _isolated()
