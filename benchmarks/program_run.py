"""Program run: a LoB with P products of T tables, against as many plain Pulumi resources without components.

Both run on the recorder, each size in a process of its own. Prints milliseconds of CPU per resource, the ratio, and how
the number of grants grows with the number of tables. `--products 1000 --tables 10` is the full size.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
PLAIN = """
import pulumi
import pulumi_aws as aws
provider = aws.Provider("plain", region="eu-west-1", allowed_account_ids=["222233334444"])
columns = [aws.glue.CatalogTableStorageDescriptorColumnArgs(name=f"c{{n}}", type="string") for n in range(5)]
for number in range({count}):
    aws.glue.CatalogTable(f"table-{{number}}", name=f"t{{number}}", database_name="d", parameters={{"a": "b", "c": "d"}},
                          storage_descriptor=aws.glue.CatalogTableStorageDescriptorArgs(columns=columns),
                          opts=pulumi.ResourceOptions(provider=provider))
"""


def contract(product: str, tables: int) -> str:
    """A contract of `tables` tables with five columns at two levels."""
    columns = [
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
            "schema": [{"name": f"t{number}", "logicalType": "object", "properties": columns} for number in range(tables)],
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


def plain(folder: Path, count: int) -> None:
    """A project of plain tables with five columns each, without components or order."""
    (folder / "Pulumi.yaml").write_text("name: mesh\nruntime: python\n")
    (folder / "Pulumi.producer.yaml").write_text("config: {}\n")
    (folder / "__main__.py").write_text(PLAIN.format(count=count))


def measure(folder: Path) -> dict[str, float]:
    """Record the producer stack of a folder in a fresh process: resources, grants and CPU seconds."""
    run = subprocess.run(
        [sys.executable, __file__, "--record", str(folder)],
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
    print(json.dumps({"resources": len(found.resources), "grants": grants, "seconds": seconds}))


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
        f"{'products':>9} {'tables':>7} {'resources':>10} {'grants':>7} {'ms each':>8} {'plain':>8} {'ratio':>6}"
    )
    sizes = [(max(1, options.products // 4), options.tables), (max(1, options.products // 2), options.tables)]
    for products, tables in [*sizes, (options.products, options.tables), (options.products, 1)]:
        with tempfile.TemporaryDirectory() as folder:
            project(Path(folder), products, tables)
            mesh = measure(Path(folder))
        with tempfile.TemporaryDirectory() as folder:
            plain(Path(folder), int(mesh["resources"]))
            reference = measure(Path(folder))
        each = [1000 * item["seconds"] / item["resources"] for item in (mesh, reference)]
        print(
            f"{products:>9} {tables:>7} {mesh['resources']:>10.0f} {mesh['grants']:>7.0f} "
            f"{each[0]:>8.2f} {each[1]:>8.2f} {each[0] / each[1]:>6.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
