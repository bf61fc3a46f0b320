"""The one file that Glue runs: complete by itself, and for Python 3.9."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer

from functions.bundle import PARTS, curation_script
from tests.curation.product import BUCKET, DATABASE, SPEC, make_product
from tests.curation.specs import CREDIT_DATA

FOLDER = Path(__file__).parent.parent.parent / "functions"
ALLOWED = {"boto3", "botocore", "pyarrow", "duckdb", "functions", *sys.stdlib_module_names}


def _imports(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("part", PARTS)
def test_each_part_is_python_3_9_and_imports_only_what_glue_has(part):
    tree = ast.parse((FOLDER / f"{part}.py").read_text(encoding="utf-8"), feature_version=(3, 9))
    found = _imports(tree)
    assert found, "a part imports something"
    assert {name.split(".")[0] for name in found} <= ALLOWED
    ours = {name.split(".")[1] for name in found if name.startswith("functions.")}
    assert ours <= set(PARTS[: PARTS.index(part)]), "only parts that the bundle makes before it"


def test_the_bundle_is_python_3_9_and_carries_every_part_unchanged():
    script = curation_script()
    ast.parse(script, feature_version=(3, 9))
    for part in PARTS:
        assert (FOLDER / f"{part}.py").read_text(encoding="utf-8") in script


@pytest.fixture
def endpoint(monkeypatch):
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    for name, value in (
        ("AWS_ENDPOINT_URL", address),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
    ):
        monkeypatch.setenv(name, value)
    reset = Request(f"{address}/moto-api/reset", method="POST")
    urlopen(reset).close()
    yield address
    urlopen(reset).close()
    server.stop()


def test_the_bundle_runs_alone_against_an_endpoint(endpoint, tmp_path):
    product = make_product(boto3.client("s3"), boto3.client("glue"))
    product.deliver("true.csv", CREDIT_DATA.read_bytes())
    script = tmp_path / "curation.py"
    script.write_text(curation_script(), encoding="utf-8")
    argv = [sys.executable, "-I", str(script), "--spec", f"s3://{BUCKET}/{SPEC}", "--bucket", BUCKET]
    argv += ["--database", DATABASE, "--TempDir", "s3://x/y", "--job-language", "python"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["rows"] == {"read": 1000, "curated": 1000, "quarantined": 0}
    assert product.parameters()["quality_rows"] == "1000"

    product.deliver("wrong.csv", "a,b\n1,2\n")
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, "one line, no traceback"
    assert "missing columns: antragsnr" in done.stderr
    product.s3.close()
