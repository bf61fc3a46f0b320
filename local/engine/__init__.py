"""Runs the project's Pulumi program in this process: recorded without a cloud, or made in the embedded one.

Owns the runner on Pulumi's mock-monitor seam, the table of resource types, and the state per stack. A
stand-in for Pulumi's own engine, which real deployments use; deliberately not here: the embedded cloud
itself (`local.cloud`).
"""

from local.engine.deploy import destroy, record, stack_state, up
from local.engine.model import Invoke, Progress, ProgressCallback, Recording, Resource, UpResult
from local.engine.prune import prune
from local.engine.stackfile import StackFile, load, stacks
from local.engine.state import MemoryStateStore, ResourceState, S3StateStore, StackState, StateStore

__all__ = [
    "Invoke",
    "MemoryStateStore",
    "Progress",
    "ProgressCallback",
    "Recording",
    "Resource",
    "ResourceState",
    "S3StateStore",
    "StackFile",
    "StackState",
    "StateStore",
    "UpResult",
    "destroy",
    "load",
    "prune",
    "record",
    "stack_state",
    "stacks",
    "up",
]
