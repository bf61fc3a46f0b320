"""What the program deploys of the training: archives, and the definition from a stack's facts.

The program hands it to its components, which may not import this package. Owns that a wrong training configuration is
found before anything is registered. Deliberately not here: AWS resources.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from governance.errors import MeshError
from governance.pipelines import PipelineConfig, PipelineFacts
from training import bundle
from training.config import TrainingConfig, load_config
from training.pipelines.sdk import quiet
from training.pipelines.settings import PipelineSettings, check_lengths
from training.registry.model_card import NOTHING_TOLD, Told, told_by_contract
from training.registry.register import container_image


@dataclass(frozen=True, kw_only=True)
class TrainingCode:
    """One pipeline's code and configuration."""

    wanted: PipelineConfig
    config: TrainingConfig
    revision: str
    source: bytes
    program: bytes
    told: Told = NOTHING_TOLD

    @property
    def product(self) -> str:
        """Product that is trained on."""
        return self.config.product

    def settings(self, facts: PipelineFacts) -> PipelineSettings:
        """Settings of the pipeline in a deployed stack."""
        return PipelineSettings(
            **asdict(facts),
            revision=self.revision,
            config=self.config,
            instances=self.wanted.instances,
            limits=self.wanted.limits,
            told=self.told,
        )

    def definition(self, facts: PipelineFacts) -> str:
        """The pipeline's definition in a deployed stack."""
        from training.pipeline import definition

        return definition(self.settings(facts))


def training_code(wanted: PipelineConfig, folder: Path, region: str) -> TrainingCode:
    """Code and configuration of the pipeline that a stack file asks for.

    Parameters
    ----------
    wanted
        The key `mesh:pipeline`.
    folder
        The project; the training configuration's path is relative to it.
    region
        Region of the pipeline, which must have SageMaker's container.

    Raises
    ------
    MeshError
        The configuration is missing or wrong, or asks for what a pipeline cannot pass on.
    """
    try:
        config = load_config(folder / wanted.config)
        check_lengths(config)
        told = told_by_contract(config, folder)
        with quiet(region):
            container_image(region)
    except MeshError as error:
        raise MeshError(str(error), "mesh:pipeline.config") from error
    return TrainingCode(
        wanted=wanted,
        config=config,
        revision=bundle.revision(),
        source=bundle.source_archive(),
        program=bundle.processing_archive(),
        told=told,
    )
