"""The mesh as one Pulumi program: settings -> the stack's role -> exports. What is declared where is in `components`."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [] if str(HERE) in sys.path else [str(HERE)]

import pulumi  # noqa: E402
from pulumi.runtime.config import get_config_env  # noqa: E402

from components.contract_gate import check_contracts  # noqa: E402
from components.stacks import deploy  # noqa: E402
from governance.errors import MeshError  # noqa: E402
from governance.settings import KEYS, ConsumerSettings, keys_of  # noqa: E402
from governance.settings.load import load_settings  # noqa: E402
from training.pipelines.deploy import training_code  # noqa: E402


def main() -> None:
    """Read the stack's configuration, declare its resources, export what other stacks need."""
    config = pulumi.Config()
    known = keys_of(config.get("role"))
    values = {key: value for key in known if (value := config.get(key)) is not None}
    given = (key.removeprefix("mesh:") for key in get_config_env() if key.startswith("mesh:"))
    values |= {key: "" for key in given if key not in KEYS}  # misspelt: refused with the nearest known key
    try:
        settings = load_settings(values, f"Pulumi.{pulumi.get_stack()}.yaml", HERE)
        check_contracts(settings, pulumi.get_stack(), HERE)
        wanted = settings.pipeline if isinstance(settings, ConsumerSettings) else None
        exports = deploy(settings, training_code(wanted, HERE, settings.place.region) if wanted else None)
    except MeshError as error:
        raise pulumi.RunError(str(error)) from error
    for name, value in exports.items():
        pulumi.export(name, value)


main()
