"""Promotion: which approved version production serves, as a change of its stack file.

Reads the registry as production's own deploy role, so what can be promoted is what the consumer's resource policy lets
production deploy. Nothing is deployed here: the change is reviewed like any other, and the next `up` carries it out.
Deliberately not here: approval (`training.registry.packages`) and the command's options (`cli.promote`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from governance.errors import MeshError
from governance.reader import nearest
from governance.settings import ConsumerSettings, PackageVersion, ProductionSettings, Settings
from governance.settings.agreement import check_agreement
from governance.settings.load import load_settings
from mesh.onboard import Draft, stack_file
from mesh.project import PREFIX, Project
from mesh.promote.edit import PromotionEdit
from training.registry.packages import APPROVED, Package, compare, versions
from training.session import aws_errors

COMMAND = "mesh promote"


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """A promotion as it would be written."""

    stack: str
    settings: ProductionSettings
    target: Package
    """The version that is served then."""
    present: Package | None
    """The one that is served now; None when none is, or the registry has it no more."""
    draft: Draft

    def lines(self) -> Iterator[str]:
        """What it changes, in words, with both versions' measures side by side."""
        current = self.settings.current
        now = f"version {current.version}" if current else "nothing"
        yield f"{stack_file(self.stack)}: {self.settings.serving} goes from {now} to version {self.target.version}"
        if current and self.target.version < current.version:
            yield f"  version {self.target.version} is older than version {current.version}"
        yield from (f"  {line}" for line in self._measures().splitlines())
        yield from (f"  {line}" for line in self._consequences(current))

    def _measures(self) -> str:
        if self.present:
            return compare(self.present, self.target)
        facts = {name: self.target.measure(name) for name in ("auc", "pr-auc", "ks", "brier")}
        return "  ".join(f"{name} {value:.4f}" for name, value in facts.items() if value is not None)

    def _consequences(self, current: PackageVersion | None) -> Iterator[str]:
        if self.settings.mode == "batch":
            yield f"the next up makes a model of version {self.target.version} for transform jobs"
            return
        if current is None:
            yield f"the next up makes the endpoint, with version {self.target.version}"
            return
        moves = f"the next up moves the endpoint to version {self.target.version} while version {current.version} answers"
        if self.present and self.present.status != APPROVED:
            yield f"{moves}; that one is {self.present.status}, so no rollback goes back to it"
            return
        yield f"{moves}, and keeps that one ready for a rollback"


def promotion(
    project: Project, client: Any, stack: str, *, version: int | None = None, rollback: bool = False
) -> Promotion:
    """Draft a promotion.

    Parameters
    ----------
    client
        SageMaker client of the production account.
    stack
        Production stack, as `production_stack` finds it.
    version
        Version to serve; the newest approved one when None.
    rollback
        Serve what was served before instead.

    Raises
    ------
    MeshError
        There is no such version, it is not approved, it is served already, or nothing was served before.
    """
    settings, group, found = _registry(project, client, stack)
    target = _target(found, group, settings, stack_file(stack), version, rollback)
    draft = Draft(project)
    name = stack_file(stack)
    edit = PromotionEdit((project.folder / name).read_bytes().decode("utf-8"), name)
    edit.promoted(target.arn, settings.current.arn if settings.current else None)
    draft.edits[stack] = edit
    _holds_together(project, stack, edit)
    current = settings.current.version if settings.current else None
    return Promotion(
        stack=stack,
        settings=settings,
        target=target,
        present=next((package for package in found if package.version == current), None),
        draft=draft,
    )


def newest_approved(project: Project, client: Any, stack: str) -> Package:
    """The version that the stack would serve if it served nothing yet; parameters and errors as of `promotion`."""
    settings, group, found = _registry(project, client, stack)
    empty = replace(settings, current=None, previous=None)
    return _target(found, group, empty, stack_file(stack), None, False)


def production_stack(project: Project, stack: str | None) -> str:
    """The named production stack, or the only one.

    Raises
    ------
    MeshError
        It is no production stack, there is none, or there are several and none is named.
    """
    names = [name for name, item in project.stacks.items() if isinstance(item, ProductionSettings)]
    if stack is None and len(names) == 1:
        return names[0]
    if not names:
        raise MeshError("there is no stack file with the role production; add one (README)", COMMAND)
    if stack is None:
        raise MeshError(
            f"there are several production stacks, {', '.join(names)}; name one with --stack", COMMAND
        )
    if stack not in names:
        raise MeshError(f"'{stack}' is no production stack{nearest(stack, names)}", "--stack")
    return stack


def _registry(project: Project, client: Any, stack: str) -> tuple[ProductionSettings, str, list[Package]]:
    """The stack's settings, and the group that it serves from with its versions, read as production's deploy role."""
    settings, consumer = _pair(project, stack)
    group = consumer.names.model_package_group(consumer.model_package_group)
    with aws_errors(f"{COMMAND}, reading {group} as {settings.place.role_arn(settings.deploy_role)}"):
        found = versions(client, consumer.place.arn("sagemaker", f"model-package-group/{group}"))
    return settings, group, found


def _pair(project: Project, stack: str) -> tuple[ProductionSettings, ConsumerSettings]:
    settings = project.stacks[stack]
    assert isinstance(settings, ProductionSettings), "production_stack() found it"
    consumer = project.stacks[settings.consumer_stack]
    assert isinstance(consumer, ConsumerSettings), "the files agree with each other"
    return settings, consumer


def _target(
    found: list[Package],
    group: str,
    settings: ProductionSettings,
    file: str,
    version: int | None,
    rollback: bool,
) -> Package:
    """The version to serve, once it may be."""
    if rollback:
        if settings.previous is None:
            raise MeshError(
                "names no previous version; there is nothing to go back to", f"{file}: mesh:modelPackages"
            )
        version = settings.previous.version
    known = {package.version: package for package in found}
    if version is None:
        approved = [package for package in found if package.status == APPROVED]
        if not approved:
            raise MeshError(
                "has no approved version; approve one with 'python -m training packages approve'", group
            )
        version = approved[0].version
    if version not in known:
        there = ", ".join(str(number) for number in known) or "none"
        raise MeshError(f"has no version {version}; it has {there}", group)
    target = known[version]
    if target.status != APPROVED:
        said = f" ({target.note})" if target.note else ""
        raise MeshError(
            f"is {target.status}{said}; only an approved version is promoted", f"{group} version {version}"
        )
    if settings.current and settings.current.arn == target.arn:
        raise MeshError(f"is what {file} serves already", f"{group} version {version}")
    return target


def _holds_together(project: Project, stack: str, edit: PromotionEdit) -> None:
    """Read the edited file as the next `up` will, and hold it against the others."""
    values = {
        key.removeprefix(PREFIX): value if isinstance(value, str) else json.dumps(value)
        for key, value in edit.data["config"].items()
        if key.startswith(PREFIX)
    }
    after: dict[str, Settings] = {**project.stacks, stack: load_settings(values, edit.file, project.folder)}
    check_agreement(after)
