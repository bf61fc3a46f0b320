"""Several hosts: preprocessing in shares that merge, training together, and going on after an interruption."""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from governance.errors import MeshError
from tests.training.tables import ROOT, loans, loans_config
from tests.training.test_train import QUICK, encoded
from training import preprocess
from training.config import SPLITS
from training.data.parts import read_schema
from training.data.split import split_part, split_table
from training.job import Hosts, hosts
from training.model import booster as model
from training.model import boosting
from training.model.boosting import Checkpoint


def split_apart(tables: list[pa.Table], place: Path, **changes: object) -> None:
    """Split each table as a host of its own into the same folders, as S3 would hold them."""
    for number, table in enumerate(tables, 1):
        tables_of = [table] if len(table) else []
        split_part(tables_of, loans_config(**changes), place, host=f"algo-{number}", hosts=len(tables))


def read(place: Path) -> object:
    return read_schema(place / "features", {name: place / name for name in SPLITS})


@pytest.mark.parametrize("cuts", [(0, 300, 600), (0, 1, 599, 600), (0, 0, 600)])
def test_shares_of_several_hosts_merge_to_what_one_host_gives(tmp_path: Path, cuts: tuple[int, ...]) -> None:
    table = loans()
    whole = split_table([table], loans_config(), tmp_path / "one")
    parts = [table.slice(a, b - a) for a, b in itertools.pairwise(cuts)]
    split_apart(parts, tmp_path / "many")
    assert read(tmp_path / "many") == whole, "schema, categories and counts"
    for name in SPLITS:
        one, many = (pq.read_table(tmp_path / side / name) for side in ("one", "many"))
        assert sorted(one["loan"].to_pylist()) == sorted(many["loan"].to_pylist()), f"rows of {name}"


def test_a_category_that_only_held_out_rows_of_a_host_have_is_not_known(tmp_path: Path) -> None:
    table = loans()
    split_table([table], loans_config(), tmp_path / "one")
    held = set(pq.read_table(tmp_path / "one" / "test")["loan"].to_pylist())
    grades = [
        "only-test" if key in held else grade
        for key, grade in zip(table["loan"].to_pylist(), table["grade"].to_pylist(), strict=True)
    ]
    marked = table.set_column(1, "grade", pa.array(grades))
    split_apart([marked[:200], marked[200:]], tmp_path / "many")
    assert read(tmp_path / "many").features[0].levels == ("A", "B", "C", "D")  # type: ignore[attr-defined]


def test_a_key_that_two_hosts_hold_is_found_and_named(tmp_path: Path) -> None:
    table = loans()
    split_apart([table[:300], pa.concat_tables([table[300:], table.slice(17, 1)])], tmp_path)
    with pytest.raises(
        MeshError, match="key column loan: one value occurs more than once, for example L000017"
    ):
        read(tmp_path)
    with pytest.raises(MeshError, match="1 values occur in the parts of more than one of algo-1, algo-2"):
        read_schema(tmp_path / "features")


def test_shares_that_do_not_fit_together_are_refused_with_the_hosts_name(tmp_path: Path) -> None:
    table = loans()
    other = table.set_column(3, "months", pc.cast(table["months"], pa.string()))
    split_apart([table[:300], other[300:]], tmp_path / "types")
    with pytest.raises(MeshError, match="column months: is category on algo-2 and number on algo-1"):
        read(tmp_path / "types")
    split_apart([table[:300], table[300:]], tmp_path / "missing")
    (tmp_path / "missing" / "features" / "part-algo-2.json").unlink()
    with pytest.raises(MeshError, match="there are parts of algo-1, and 2 hosts"):
        read(tmp_path / "missing")
    three = table.set_column(8, "defaulted", pa.array(["a"] * 300 + ["yes", "no"] * 150))
    split_apart([three[:300], three[300:]], tmp_path / "three")
    with pytest.raises(MeshError, match="target defaulted: is not binary: it has 3 or more values"):
        read(tmp_path / "three")


def test_a_host_reads_its_place_from_the_resource_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    monkeypatch.delenv("SM_HOSTS", raising=False)
    assert hosts() == Hosts(), "without one there is this host alone"
    names = [f"algo-{number}" for number in (10, 2, 1)]
    (tmp_path / "config").mkdir()
    path = tmp_path / "config" / "resourceconfig.json"
    path.write_text(json.dumps({"current_host": "algo-2", "hosts": names}))
    assert (hosts().names, hosts().index) == (("algo-1", "algo-2", "algo-10"), 1)
    (tmp_path / "data").mkdir()
    pq.write_table(loans()[:50], tmp_path / "data" / "file")
    flags = ["--target", "defaulted", "--positive", "yes", "--key", "loan"]
    assert preprocess.main(["--data", str(tmp_path / "data"), "--output", str(tmp_path), *flags]) == 0
    assert (tmp_path / "train" / "part-algo-2.parquet").is_file(), "each host writes under its own name"
    path.write_text("{}")
    with pytest.raises(MeshError, match=r"resourceconfig\.json: must list the job's hosts"):
        hosts()


TRAIN = """
import os, socket, sys
known = socket.gethostbyname
socket.gethostbyname = lambda name: "127.0.0.1" if name.startswith("algo-") else known(name)
from training import train
from training.model import boosting, cluster
boosting.SEGMENT = 7
if os.environ.get("CUT"):
    import xgboost

    class Interrupted(xgboost.Booster):
        def update(self, matrix, index):
            if index == int(os.environ["CUT"]):
                os._exit(9)
            super().update(matrix, index)

    xgboost.Booster = Interrupted
cluster.port_of = train.port_of = lambda job: int(sys.argv[1])
raise SystemExit(train.main(sys.argv[2:]))
"""


def train_on(
    count: int, place: Path, *flags: str, sharded: bool = False
) -> list[subprocess.CompletedProcess[str]]:
    """Train with `count` processes that take each other for hosts; channels as SageMaker lays them out."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    names = [f"algo-{number}" for number in range(1, count + 1)]
    running = []
    for name in names:
        base = place / f"{count}-{sharded}" / name
        for folder in ("model", "output/data"):
            (base / folder).mkdir(parents=True, exist_ok=True)
        data = place / name if sharded else place
        kind = "ShardedByS3Key" if sharded else "FullyReplicated"
        channels = {channel: {"S3DistributionType": kind} for channel in ("train", "validation")}
        environment = {
            **os.environ, "SAGEMAKER_BASE_DIR": str(base), "SM_HOSTS": json.dumps(names), "SM_CURRENT_HOST": name,
            "SM_NUM_CPUS": "1", "SM_CHANNEL_TRAIN": str(data / "train"),
            "SM_CHANNEL_VALIDATION": str(data / "validation"), "SM_CHANNEL_FEATURES": str(place / "features"),
            "SM_INPUT_DATA_CONFIG": json.dumps(channels),
        }  # fmt: skip
        command = [sys.executable, "-c", TRAIN, str(port), *flags]
        running.append(
            subprocess.Popen(
                command, env=environment, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        )
    ended = []
    for process in running:
        out, err = process.communicate(timeout=120)
        ended.append(subprocess.CompletedProcess(process.args, process.returncode, out, err))
    return ended


def test_two_hosts_fit_the_model_that_one_host_fits(tmp_path: Path) -> None:
    table = loans(1200)
    # few different numbers: the bins are then exact, however the rows are spread
    for name in ("score", "income", "seen", "opened"):
        column = (
            pc.round(pc.cast(table[name], pa.float64()), ndigits=0) if name in ("score", "income") else None
        )
        table = (
            table.set_column(table.column_names.index(name), name, column)
            if column
            else table.drop_columns(name)
        )
    split_table([table], loans_config(), tmp_path)
    preprocess.write_schema(split_table([table], loans_config(), tmp_path), tmp_path / "features")
    flags = ["--subsample", "1", "--colsample_bytree", "0.5", "--rounds", "60", "--eta", "0.1"]
    scores = {}
    for count in (1, 2):
        ended = train_on(count, tmp_path, *flags)
        assert [each.returncode for each in ended] == [0] * count, [each.stderr for each in ended]
        folder = tmp_path / f"{count}-False" / "algo-1" / "model"
        booster = model.load_model(folder)
        source = model.split_batches(tmp_path / "validation", read_schema(tmp_path / "features"))
        scores[count] = model.score_batches(booster, source)[0]
        metrics = json.loads((folder / "metrics.json").read_text())
        assert (metrics["hosts"], metrics["validation"]["rows"]) == (count, len(scores[count]))
    assert not any((tmp_path / "2-False" / "algo-2" / "model").iterdir()), "only the first host saves"
    assert np.allclose(scores[1], scores[2], atol=1e-4), "but for the order in which numbers are added"
    saved = tmp_path / "2-False" / "algo-1" / "model" / "xgboost-model"
    in_memory = saved.read_bytes()
    ended = train_on(2, tmp_path, *flags, "--memory-mb", "0")
    assert [each.returncode for each in ended] == [0, 0], [each.stderr for each in ended]
    assert "rows lie on disk" in ended[0].stdout
    assert saved.read_bytes() == in_memory, "rows on the hosts' disks give the same model"


def test_hosts_with_files_of_their_own_train_and_one_without_any_is_refused_everywhere(
    tmp_path: Path,
) -> None:
    table = loans()
    split_apart([table[:300], table[300:]], tmp_path)
    for number in (1, 2):
        for name in ("train", "validation"):
            own = tmp_path / f"algo-{number}" / name
            own.mkdir(parents=True)
            (tmp_path / name / f"part-algo-{number}.parquet").rename(own / f"part-algo-{number}.parquet")
    ended = train_on(2, tmp_path, "--rounds", "5", sharded=True)
    # the shares of both hosts are read for their schema; each then has its own rows
    assert [each.returncode for each in ended] == [0, 0], [each.stderr for each in ended]
    metrics = json.loads((tmp_path / "2-True" / "algo-1" / "model" / "metrics.json").read_text())
    assert metrics["validation"]["rows"] == read_schema(tmp_path / "features").rows["validation"]["rows"]
    for path in (tmp_path / "algo-2" / "train").iterdir():
        path.unlink()
    ended = train_on(2, tmp_path, "--rounds", "5", sharded=True)
    expected = "train: channel train: leaves algo-2 without rows; use fewer hosts, or FullyReplicated\n"
    assert [(each.returncode, each.stderr) for each in ended] == [(2, expected)] * 2


def test_hosts_that_were_cut_off_go_on_together_to_the_same_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = loans(1200)
    split_table([table], loans_config(), tmp_path)
    preprocess.write_schema(split_table([table], loans_config(), tmp_path), tmp_path / "features")
    flags = ["--rounds", "40", "--early_stopping_rounds", "40", "--eta", "0.1"]
    saved = tmp_path / "2-False" / "algo-1" / "model" / "xgboost-model"
    assert [each.returncode for each in train_on(2, tmp_path, *flags)] == [0, 0]
    whole = saved.read_bytes()
    saved.unlink()
    kept = ["--checkpoint-dir", str(tmp_path / "checkpoints")]
    monkeypatch.setenv("CUT", "25")
    assert [each.returncode for each in train_on(2, tmp_path, *flags, *kept)] == [9, 9], (
        "both hosts are taken away"
    )
    assert not saved.exists()
    monkeypatch.delenv("CUT")
    resumed = train_on(2, tmp_path, *flags, *kept)
    assert [each.returncode for each in resumed] == [0, 0], [each.stderr for each in resumed]
    assert ["going on after round 21" in each.stdout for each in resumed] == [True, False], (
        "the first host tells"
    )
    assert saved.read_bytes() == whole, "byte for byte"


def test_a_run_that_was_cut_off_goes_on_to_the_same_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boosting, "SEGMENT", 7)
    params = replace(QUICK, rounds=40, early_stopping_rounds=40)
    frame, labels = encoded()
    parts = [lambda: iter([(frame[:400], labels[:400])]), lambda: iter([(frame[400:], labels[400:])])]
    said: list[str] = []
    kept = Checkpoint(folder=tmp_path, run="a", say=said.append)
    whole = boosting.fit(*parts, params, 3)
    boosting.fit(*parts, replace(params, rounds=25), 3, checkpoint=kept)
    state = json.loads((tmp_path / "checkpoint.json").read_text())
    assert len(state["history"]) == 21, "the last full segment of 25 rounds"
    assert len(list(tmp_path.glob("*.ubj"))) == 1, "older states are gone"
    resumed = boosting.fit(*parts, params, 3, checkpoint=kept)
    assert said == ["going on after round 21"]
    assert resumed.history == whole.history
    assert resumed.booster.save_raw("ubj") == whole.booster.save_raw("ubj"), "byte for byte"


def test_a_checkpoint_of_another_run_or_a_damaged_one_is_passed_over(tmp_path: Path) -> None:
    said: list[str] = []
    Checkpoint(folder=tmp_path, run="a").save(b"model", [0.5])
    assert Checkpoint(folder=tmp_path, run="a").load() == (b"model", [0.5])
    assert Checkpoint(folder=tmp_path, run="b", say=said.append).load() is None
    (tmp_path / "checkpoint-1.ubj").write_bytes(b"mode")
    assert Checkpoint(folder=tmp_path, run="a", say=said.append).load() is None
    (tmp_path / "checkpoint.json").write_text("{")
    assert Checkpoint(folder=tmp_path, run="a", say=said.append).load() is None
    reasons = ("belongs to another run", "its model is damaged", "cannot be used")
    assert all(reason in line and "starting anew" in line for reason, line in zip(reasons, said, strict=True))
