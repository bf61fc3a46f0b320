"""Program run: a LoB with P products of T tables, against the same estate as plain typed resources.

The reference is `plain_program.py` beside this file: the same types in the same numbers, without a component; once linked by
outputs, as people write programs, and once bare, with every name known beforehand. All run on the recorder, each size in a
process of its own, so the recorder's own cost is in all; reading and compiling the contracts is in the mesh's. Prints
milliseconds of CPU per resource, both ratios, seconds of CPU, peak memory, and how the number of grants grows with the number
of tables. `--products 1000 --tables 10` is the full size.
"""

from __future__ import annotations

import argparse
import functools
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
PLAIN = ROOT / "benchmarks" / "plain_program.py"


def contract(product: str, tables: int) -> str:
    """A contract of `tables` tables with five columns at two levels."""

    def columns() -> list[dict[str, str]]:
        return [
            {
                "name": f"c{number}",
                "logicalType": "string",
                "classification": "internal" if number else "restricted",
            }
            for number in range(5)
        ]

    return yaml.safe_dump(
        {
            "kind": "DataContract", "apiVersion": "v3.0.2", "id": product, "name": product, "version": "1.0.0",
            "status": "active", "dataProduct": product, "domain": "bench",
            "schema": [{"name": f"t{number}", "logicalType": "object", "properties": columns()} for number in range(tables)],
        }
    )  # fmt: skip


def project(folder: Path, products: int, tables: int) -> None:
    """A project with one LoB."""
    for name in ("Pulumi.yaml", "__main__.py", "Pulumi.producer.yaml"):
        shutil.copy(ROOT / name, folder / name)
    stack = yaml.safe_load((folder / "Pulumi.producer.yaml").read_text())
    entries = {}
    for number in range(products):
        name = f"p{number}"
        (folder / f"{name}.yaml").write_text(contract(name, tables))
        shares = [{"consumer": "ml-coe", "clearance": "internal"}]
        entries[name] = {"contract": f"{name}.yaml", "shares": shares}
    stack["config"] |= {"mesh:products": entries, "mesh:lob": "bench"}
    (folder / "Pulumi.producer.yaml").write_text(yaml.safe_dump(stack))


def plain(folder: Path, products: int, tables: int, linked: bool = False) -> None:
    """The same estate as one program of plain typed resources; see there."""
    shutil.copy(PLAIN, folder / "__main__.py")
    schema: dict[str, dict[str, object]] = {
        key: {"type": "integer", "default": value}
        for key, value in (("products", products), ("tables", tables))
    }
    schema["linked"] = {"type": "boolean", "default": linked}
    (folder / "Pulumi.yaml").write_text(
        yaml.safe_dump({"name": "plain", "runtime": "python", "config": schema})
    )
    (folder / "Pulumi.producer.yaml").write_text("config: {}\n")


def measure(folder: Path) -> dict[str, float]:
    """Record the producer stack of a folder in a fresh process: resources, grants and CPU seconds."""
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.program_run", "--record", str(folder)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return found


def record(folder: Path) -> None:
    """Run in the child: record and print the figures."""
    import pulumi_aws  # noqa: F401 - not part of what is measured

    from local import engine

    steward = {"stewardRoleArns": {"bench": "arn:aws:iam::111122223333:role/steward"}}
    central = {**steward, "catalogKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/0"}
    begun = time.process_time()
    found = engine.record(folder, "producer", references={"central": central})
    seconds = time.process_time() - begun
    grants = len(found.of_type("aws:lakeformation/permissions:Permissions"))
    unit = 2**30 if sys.platform == "darwin" else 2**20  # bytes there, KiB elsewhere
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    figures = {"resources": len(found.resources), "grants": grants, "seconds": seconds, "peak": peak}
    print(json.dumps(figures))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=100)
    parser.add_argument("--tables", type=int, default=10)
    parser.add_argument("--record", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.record:
        record(options.record)
        return
    print(
        f"{'products':>9} {'tables':>7} {'resources':>10} {'grants':>7} {'ms each':>8} {'linked':>7} {'ratio':>6} "
        f"{'bare':>6} {'ratio':>6} {'CPU s':>7} {'GiB':>6} {'bare':>6}"
    )
    sizes = [(max(1, options.products // 4), options.tables), (max(1, options.products // 2), options.tables)]
    for products, tables in [*sizes, (options.products, options.tables), (options.products, 1)]:
        runs = []
        for make in (project, functools.partial(plain, linked=True), plain):
            with tempfile.TemporaryDirectory() as folder:
                make(Path(folder), products, tables)
                runs.append(measure(Path(folder)))
        mesh, _, bare = runs
        ours, linked, alone = (1000 * run["seconds"] / run["resources"] for run in runs)
        print(
            f"{products:>9} {tables:>7} {mesh['resources']:>10.0f} {mesh['grants']:>7.0f} {ours:>8.2f} "
            f"{linked:>7.2f} {ours / linked:>6.2f} {alone:>6.2f} {ours / alone:>6.2f} "
            f"{mesh['seconds']:>7.1f} {mesh['peak']:>6.2f} {bare['peak']:>6.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
