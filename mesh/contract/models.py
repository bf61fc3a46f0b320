"""Models registered with the consumers that are up in the embedded cloud, or, asked as their producers, on AWS.

What a registry says of a model, and how another account's is asked, is `components.registered_models`.
"""

from __future__ import annotations

from components.registered_models import packages, trained_on
from governance.compatibility.who import Model
from governance.settings import ConsumerSettings, ProducerSettings
from local import engine
from mesh.aws import Acting
from mesh.project import Project


def registered(project: Project, endpoint: str, store: engine.StateStore) -> tuple[Model, ...]:
    """Models of all consumers that are up in the cloud at `endpoint`, asked as the consumers themselves."""
    found: list[Model] = []
    for stack, settings in project.stacks.items():
        state = engine.stack_state(store, stack) if isinstance(settings, ConsumerSettings) else None
        group = (state.exports if state else {}).get("modelPackageGroup")
        if group and isinstance(settings, ConsumerSettings):
            acting = Acting(endpoint, settings.place.role_arn(settings.deploy_role), settings.place.region)
            found += packages(acting.client("sagemaker"), acting.client("s3"), str(group), settings.consumer)
    return tuple(found)


def registered_live(project: Project, product: str) -> tuple[tuple[Model, ...], tuple[str, ...]]:
    """Models on AWS that consumers of a product registered, asked as its producer, as the program does in a preview.

    Returns
    -------
    tuple of Model, tuple of str
        What was found, and a line for each consumer whose registry could not be read.
    """
    found: tuple[Model, ...] = ()
    lines: tuple[str, ...] = ()
    for settings in project.stacks.values():
        if isinstance(settings, ProducerSettings):
            models, unread = trained_on(settings, project.stacks, [product])
            found, lines = found + models, lines + unread
    return found, lines
