"""The code bundle: reproducible, complete, and content with what SageMaker's XGBoost container has."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.training.tables import ROOT, loans
from training import bundle

PYTHON = (3, 10)
"""Of the 3.0-5 image (its Dockerfile)."""
PACKAGES = {"numpy", "pandas", "pyarrow", "xgboost", "scipy", "sklearn", "yaml", "werkzeug"}
"""What the image has and the scripts may import."""
OURS = {"governance", "training"}
OUTSIDE = {"training.data.query", "training.model.search", "training.session"}
"""Imported by phases that run outside a container only, inside the functions that need them."""

BLOCKER = """
import sys
class Only:
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        if top in FORBIDDEN:
            raise ImportError(f"the container has no {name}")
sys.meta_path.insert(0, Only())
"""
ROW = {"grade": "C", "income": 21.5, "months": 12, "score": 0.3, "owner": True, "opened": "2020-05-01",
       "seen": "2021-01-02T03:04:05.5Z"}  # fmt: skip


def imported(path: str) -> set[str]:
    """Modules that a file imports while it runs, wherever in it; those for type checkers left out."""
    tree = ast.parse((ROOT / path).read_text(), feature_version=PYTHON)
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }
    found = set()
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            ours = {name for name in below if (ROOT / (name.replace(".", "/") + ".py")).is_file()}
            found |= ours or {str(node.module)}
    return found


def test_the_bundle_imports_the_standard_library_the_containers_packages_and_itself() -> None:
    inside = {name.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for name in bundle.MODULES}
    seen: set[str] = set()
    for path in bundle.MODULES:
        for name in imported(path):
            top = name.split(".")[0]
            if top in OURS:
                assert name in inside | OUTSIDE, f"{path} imports {name}, which the bundle lacks"
                parts = name.split(".")
                seen |= {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
            else:
                assert top in PACKAGES or top in sys.stdlib_module_names, (
                    f"{path}: the container has no {name}"
                )
    entries = {
        "training.train",
        "training.preprocess",
        "training.evaluate_job",
        "training.serving_entry",
        "training",
    }
    assert inside - seen <= entries, "nothing is packed that nothing imports"


def test_the_bundle_uses_no_syntax_and_no_names_newer_than_the_containers_python(tmp_path: Path) -> None:
    for path in bundle.MODULES:
        ast.parse((ROOT / path).read_text(), feature_version=PYTHON)
    probe = tmp_path / "probe.py"
    probe.write_text("import hashlib\nfrom datetime import UTC\nhashlib.file_digest\nUTC\n")
    version = ".".join(map(str, PYTHON))
    # the stubs of the standard library say since when a name is there; packages are not looked at
    command = [sys.executable, "-m", "mypy", "--python-version", version, "--follow-imports=skip",
               "--ignore-missing-imports", "--config-file=", f"--cache-dir={tmp_path}"]  # fmt: skip
    old = subprocess.run([*command, str(probe)], capture_output=True, text=True, cwd=ROOT, check=False)
    assert 'no attribute "UTC"' in old.stdout, "a name of 3.11 is found"
    assert 'no attribute "file_digest"' in old.stdout
    made = subprocess.run([*command, *bundle.MODULES], capture_output=True, text=True, cwd=ROOT, check=False)
    newer = [line for line in made.stdout.splitlines() if "[attr-defined]" in line or "[syntax]" in line]
    assert not newer, f"not in Python {version}"
    assert f"{len(bundle.MODULES)} source files" in made.stdout, made.stdout + made.stderr


def test_equal_files_give_equal_archives_whenever_and_wherever_they_are_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = (bundle.source_archive(), bundle.processing_archive(), bundle.revision())
    for name in bundle.MODULES:
        copy = tmp_path / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((ROOT / name).read_bytes())
    monkeypatch.setattr(bundle, "ROOT", tmp_path)
    assert (bundle.source_archive(), bundle.processing_archive(), bundle.revision()) == first
    with tarfile.open(fileobj=io.BytesIO(first[0])) as archive:
        assert {"train.py", "inference.py", *bundle.MODULES} <= set(archive.getnames())
        assert {(entry.mtime, entry.uid, entry.uname) for entry in archive} == {(0, 0, "")}
    with zipfile.ZipFile(io.BytesIO(first[1])) as zipped:
        assert zipped.testzip() is None
        assert {entry.compress_type for entry in zipped.infolist()} == {zipfile.ZIP_STORED}
    (tmp_path / "training" / "data" / "split.py").write_text("changed = True\n")
    assert bundle.revision() != first[2], "another file is another revision"


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare folder with the archives, data, and a Python start-up file that blocks everything else."""
    place = tmp_path_factory.mktemp("container")
    (place / "training.zip").write_bytes(bundle.processing_archive())
    with tarfile.open(fileobj=io.BytesIO(bundle.source_archive())) as archive:
        archive.extractall(place / "code")
    (place / "data").mkdir()
    table = loans(1500)
    pq.write_table(table[:600], place / "data" / "a")
    pq.write_table(table[600:], place / "data" / "b.parquet")
    (place / "protected").mkdir()
    pq.write_table(pa.table({"loan": table["loan"], "side": table["grade"]}), place / "protected" / "part")
    ours = [path.parent.name for path in ROOT.glob("*/__init__.py")]
    forbidden = {*ours, "boto3", "botocore", "awswrangler", "sagemaker", "pulumi", "moto", "flask"} - OURS
    (place / "blocker.py").write_text(BLOCKER.replace("FORBIDDEN", repr(forbidden)))
    return place


def run(container: Path, code: str, *arguments: str, folder: str = ".") -> str:
    """Run Python code as the container would: nothing of this project's folder can be imported."""
    begin = (
        f"import sys; sys.dont_write_bytecode = True; exec(open({str(container / 'blocker.py')!r}).read()); "
    )
    ended = subprocess.run(
        [sys.executable, "-I", "-c", begin + code, *arguments],
        cwd=container / folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def as_script(path: str, name: str = "") -> str:
    """Code that runs an archive or a script under its own name, without the project on the path."""
    at = "sys.path = [p for p in sys.path if 'site-packages' in p or 'lib' in p]; import runpy; "
    return f"{at}sys.argv[0] = {path!r}; runpy.run_path({path!r}, run_name='__main__')"


def test_the_unpacked_bundle_does_the_whole_work_with_nothing_else_at_hand(container: Path) -> None:
    flags = ["--target", "defaulted", "--positive", "yes", "--key", "loan", "--table", "loans"]
    told = run(
        container, as_script("training.zip"), "preprocess", "--data", "data", "--output", "out", *flags
    )
    assert "7 features; train" in told
    channels = [f"--{name}={container / 'out' / name}" for name in ("train", "validation", "features")]
    alone = "sys.path.insert(0, '.'); "
    told = run(
        container, alone + as_script("train.py"), *channels, "--model-dir", str(container / "model"),
        "--rounds", "120", folder="code",
    )  # fmt: skip
    assert "validation-auc=0." in told
    assert all(line.endswith(";") for line in told.splitlines() if "=" in line), "as metric definitions read"
    with tarfile.open(container / "model.tar.gz", "w:gz") as archive:
        archive.add(container / "model", ".")
    groups = json.dumps([{"column": "side"}])
    run(container, as_script("training.zip"), "evaluate", "--model", "model.tar.gz", "--test", "out/test",
        "--train", "out/train", "--protected", "protected", "--groups", groups, "--output", "report",
        "--threshold", "0.3")  # fmt: skip
    report = json.loads((container / "report" / "evaluation.json").read_text())
    assert 0.6 < report["metrics"]["auc"]["value"] < 1
    assert report["groups_worst"]["attributes"] == 1
    assert 0 <= report["groups_worst"]["selection_rate_ratio"] < 1
    assert {path.name for path in (container / "report").iterdir()} == {
        "evaluation.json", "evaluation.html", "statistics.json", "constraints.json",
    }  # fmt: skip

    code = """
sys.path.insert(0, "model/code")
import inference, json
model = inference.model_fn("model")
for body in (ROW, [ROW, ROW], {"income": 1}):
    answer = inference.output_fn(inference.predict_fn(inference.input_fn(json.dumps(body)), model), "application/json")
    print(*(answer if isinstance(answer, tuple) else (answer.get_data(as_text=True), answer.status_code)))
print(inference.__file__)
"""
    body = f"exec({('ROW = ' + repr(ROW) + code)!r})"
    one, two, wrong, where = run(container, body).splitlines()
    assert json.loads(one.removesuffix(" application/json"))["score"] > 0
    assert len(json.loads(two.removesuffix(" application/json"))["predictions"]) == 2
    assert wrong.endswith(" 400")
    assert json.loads(wrong.removesuffix(" 400"))["error"].startswith("payload row 1: lacks grade, months")
    assert where == "model/code/inference.py" or where.endswith("/model/code/inference.py")


def test_the_processing_archive_without_a_step_says_which_there_are(container: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "training.zip"], cwd=container, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (1, "step: name one of preprocess, evaluate\n")
