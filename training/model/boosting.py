"""Fitting boosted trees round by round: early stopping, and checkpoints that a cut-off run goes on from.

Owns the loop over rounds. Deliberately not here: XGBoost's matrices and files (`model`), and joining several hosts
(`cluster`).

Why the model is taken down and set up again every `SEGMENT` rounds, with or without a checkpoint: XGBoost's column
sampler keeps a state that no saved model has. A run that goes on from a checkpoint therefore equals one that was
never cut off only if both begin each segment afresh.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.features import matrix
from training.model.booster import Batches, _xgboost, quantile_matrix
from training.model.cluster import Cluster
from training.model.hyperparameters import Hyperparameters

SEGMENT = 100
"""Rounds between checkpoints."""

_STATE = "checkpoint.json"

_TOGETHER = 100_000
"""Validation rows scored in one call, at least: a call for every ten thousand takes twice as long."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A fitted model with the course of its training.

    `history` has the validation log loss of each round. Training rows are not scored round by round: nothing
    is decided by it, and it takes a quarter of the time.
    """

    booster: Any
    best_iteration: int
    rounds_run: int
    best_score: float
    history: list[float]
    held_out: tuple[Any, Any]
    """Scores by the best rounds, and labels, of this host's validation rows."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Where the state of a run is kept, and for which run: a state of other data or settings is passed over.

    Parameters
    ----------
    folder
        SageMaker keeps its ``/opt/ml/checkpoints`` in S3 and puts it back when a spot instance is replaced.
    run
        Digest of all that determines the model.
    say
        Told when a run goes on, and when a state cannot be used.
    """

    folder: Path
    run: str
    say: Callable[[str], None] = lambda _: None

    def save(self, raw: bytes, history: list[float]) -> None:
        """Keep the state after ``len(history)`` rounds; a reader never sees half of one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        model = self.folder / f"checkpoint-{len(history)}.ubj"
        _whole(model, raw)
        state = {
            "run": self.run,
            "model": model.name,
            "sha256": hashlib.sha256(raw).hexdigest(),
            "history": history,
        }
        _whole(self.folder / _STATE, json.dumps(state).encode())
        for old in self.folder.glob("checkpoint-*.ubj"):
            if old != model:
                old.unlink(missing_ok=True)

    def load(self) -> tuple[bytes, list[float]] | None:
        """Model and history to go on from, or None."""
        path = self.folder / _STATE
        if not path.is_file():
            return None
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            raw = (self.folder / str(state["model"])).read_bytes()
            history = [float(value) for value in state["history"]]
            if state["run"] != self.run:
                self.say(f"{path}: belongs to another run; starting anew")
                return None
            if hashlib.sha256(raw).hexdigest() != state["sha256"]:
                raise ValueError("its model is damaged")
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.say(f"{path}: cannot be used ({error}); starting anew")
            return None
        self.say(f"going on after round {len(history)}")
        return raw, history


def fit(
    train: Batches,
    validation: Batches,
    params: Hyperparameters,
    seed: int,
    nthread: int = 1,
    *,
    cluster: Cluster | None = None,
    checkpoint: Checkpoint | None = None,
    scratch: Path | None = None,
) -> Fit:
    """Fit boosted trees, and stop when the validation log loss has not improved for the rounds given.

    The same batches, parameters, seed and number of threads give the same model, byte for byte. With several
    hosts each passes its own rows; histograms and log loss are summed over all of them. Rows are sampled per host,
    so with ``subsample`` below 1 the number of hosts changes which rows a tree sees, as another seed would. With
    `scratch`, a folder, the rows lie there instead of in memory; the model is the same.
    """
    xgb, cluster = _xgboost(), cluster or Cluster()
    bins = quantile_matrix(train, params.max_bin, nthread, scratch)
    held_out = _HeldOut(validation, cluster, scratch)
    settings = params.booster_params(seed, nthread)
    leading = checkpoint if cluster.index == 0 else None
    raw: bytes | None = None
    history: list[float] = []
    state = cluster.first(leading.load() if leading else None)
    if state:
        raw, history = state
    booster = xgb.Booster(settings, [bins], bytearray(raw) if raw else None)
    patience = params.early_stopping_rounds
    best = min(range(len(history)), key=history.__getitem__, default=0)
    if history:
        held_out.begin(booster, best + 1, len(history))
    for index in range(len(history), params.rounds):
        if index and index - 1 - best >= patience:
            break
        if index and index % SEGMENT == 0:
            raw = bytes(booster.save_raw("ubj"))
            booster = xgb.Booster(settings, [bins], bytearray(raw))
            if leading:
                leading.save(raw, history)
        booster.update(bins, index)
        history.append(held_out.add(booster, index))
        if history[-1] <= history[best] and (index == 0 or history[-1] < history[best]):
            best = index
            held_out.keep()
    # keep the best rounds only: whoever loads the model scores with all of its trees
    return Fit(
        booster=booster[: best + 1],
        best_iteration=best,
        rounds_run=len(history),
        best_score=history[best],
        history=history,
        held_out=held_out.scored(),
    )


class _HeldOut:
    """The validation rows and their margins, which grow by one tree a round.

    XGBoost's own evaluation of quantised rows takes two to three times as long; the sums are the same.
    """

    def __init__(self, source: Batches, cluster: Cluster, scratch: Path | None = None) -> None:
        import numpy as np

        self.cluster = cluster
        self.scratch = scratch
        self.parts: list[Any] = []
        signs, labels = [], []
        pending: list[Any] = []
        for frame, label in source():
            pending.append(matrix(frame))
            if sum(map(len, pending)) >= _TOGETHER:
                self._keep_part(pending)
            labels.append(label)
            signs.append(np.where(label == 1, np.float32(-1), np.float32(1)))
        if pending:
            self._keep_part(pending)
        self.labels = np.concatenate(labels) if labels else np.empty(0, np.int8)
        self.signs = np.concatenate(signs) if signs else np.empty(0, np.float32)
        self.margins: list[Any] = [None] * len(self.parts)
        self.best: list[Any] = []

    def _keep_part(self, pending: list[Any]) -> None:
        import numpy as np

        part = np.concatenate(pending)
        pending.clear()
        if self.scratch:
            path = self.scratch / f"validation-{len(self.parts)}.npy"
            np.save(path, part)
            part = np.load(path, mmap_mode="r")
        self.parts.append(part)

    def begin(self, booster: Any, best: int, rounds: int) -> None:
        """Take up the margins of a model that is there already."""
        self.margins = self._predicted(booster, (0, best), [None] * len(self.parts))
        self.keep()
        if rounds > best:
            self.margins = self._predicted(booster, (best, rounds), self.margins)

    def add(self, booster: Any, index: int) -> float:
        """Add the tree of a round; the mean log loss over the rows of all hosts."""
        import numpy as np

        self.margins = self._predicted(booster, (index, index + 1), self.margins)
        margins = np.concatenate(self.margins) if self.margins else np.empty(0, np.float32)
        wrong = self.signs * margins
        # log(1 + exp(wrong)) without overflow; in 32 bits, as the margins are, it takes a sixth of the time
        loss = np.maximum(wrong, 0) + np.log1p(np.exp(-np.abs(wrong)))
        return self.cluster.mean(float(loss.sum(dtype=np.float64)), len(loss))

    def keep(self) -> None:
        """Remember the margins as they are: no later round was better so far."""
        self.best = self.margins

    def scored(self) -> tuple[Any, Any]:
        """Probabilities by the margins kept, and labels."""
        import numpy as np

        if not self.best:
            return np.empty(0, np.float32), self.labels
        margins = np.concatenate(self.best).astype(np.float64)
        return (1 / (1 + np.exp(-margins))).astype(np.float32), self.labels

    def _predicted(self, booster: Any, rounds: tuple[int, int], before: list[Any]) -> list[Any]:
        return [
            booster.inplace_predict(part, iteration_range=rounds, predict_type="margin", base_margin=margin)
            for part, margin in zip(self.parts, before, strict=True)
        ]


def _whole(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)
