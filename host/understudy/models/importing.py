"""How does a model that DeepFaceLab trained become one to go on training here, or to swap with?"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import ValidationError

from understudy.aside import whole_folder
from understudy.errors import RequestError
from understudy.plugins import Registry, blaming
from understudy.training.checkpoints import CheckpointState, fill_checkpoint
from understudy.training.history import HISTORY_NAME
from understudy.weights import WeightCache
from understudy_sdk import ForeignModel, Resources, StageConfig, TrainableMasker, TrainableModel

from .dfl_folder import ForeignFiles, find_models, read_model
from .exchangers import Exchanger, exchangers

__all__ = ["Imported", "import_dfl"]

_MORE_STEPS: Final = 50_000  # suggested where theirs has no aim


@dataclass(frozen=True, slots=True)
class Imported:
    """A model that was taken over.

    Attributes:
        folder: The checkpoint.
        title: What it was called there.
        stage: ``model`` or ``masker``.
        use: The offer's name.
        settings: What stands under ``with:``, as far as it is not as usual.
        step: How many steps it has learnt.
        iterations: A number of steps to train it to.
        losses: Of how many steps the losses are known.
        remarks: What could not be taken over, in words.
    """

    folder: Path
    title: str
    stage: str
    use: str
    settings: Mapping[str, Any]
    step: int
    iterations: int
    losses: int
    remarks: Sequence[str]


def import_dfl(
    folder: Path, out: Path, registry: Registry, *, name: str | None = None, kind: str | None = None
) -> Imported:
    """Take a model over from a folder of DeepFaceLab's, as a checkpoint.

    Args:
        folder: Theirs.
        out: The folder to make.
        registry: Who takes which kind of model over.
        name: Which model, where there are several.
        kind: Of which kind, where there are several of that name: ``SAEHD``.

    Raises:
        RequestError: There is no such model, several could be meant, a file is damaged or asks for code, or ``out`` is
            there already.
        StageError: The files do not fit the options.
    """
    if out.exists():
        raise RequestError(f"{out} is there already; nothing is written over\n  name another folder, or remove it")
    known = exchangers(registry)
    files = _chosen(find_models(folder, known), folder, name, kind)
    taker = known[files.class_name]
    parts, data = read_model(files)
    with blaming(taker.offer, "reading a model of DeepFaceLab's"):
        foreign = taker.exchange.read(parts, data)
        config = _checked(taker, foreign.settings)
    _write(out, taker, config, foreign)
    aim = _whole(data.get("options", {}).get("target_iter"))
    return Imported(
        folder=out,
        title=files.title,
        stage=taker.offer.stage,
        use=taker.offer.spec.name,
        settings=config.model_dump(mode="json", exclude_defaults=True),
        step=foreign.step,
        iterations=aim if aim > foreign.step else foreign.step + _MORE_STEPS,
        losses=len(foreign.losses),
        remarks=tuple(foreign.remarks),
    )


def _chosen(models: Sequence[ForeignFiles], folder: Path, name: str | None, kind: str | None) -> ForeignFiles:
    fitting = [
        model
        for model in models
        if (name is None or model.name == name) and (kind is None or model.class_name.lower() == kind.lower())
    ]
    if len(fitting) == 1:
        return fitting[0]
    listed = "\n".join(f"    {model.name or '(no name)'}, {model.class_name}" for model in models)
    what = "no such model lies" if not fitting else "several models lie"
    raise RequestError(f"{what} in {folder}; it holds\n{listed}\n  choose one with --name, and --kind where needed")


def _checked(taker: Exchanger, settings: Mapping[str, Any]) -> StageConfig:
    """Return the settings that a plugin made of a model, which must be sound ones of its own."""
    try:
        return taker.offer.spec.config.model_validate(dict(settings))
    except ValidationError as error:
        raise TypeError(f"its exchange gave settings that its own model refuses: {error}") from error


def _write(out: Path, taker: Exchanger, config: StageConfig, foreign: ForeignModel) -> None:
    """Write the checkpoint, as a model of ours would that has learnt so far: what is missing is as when it begins."""
    offer = taker.offer
    with blaming(offer, "taking a model of DeepFaceLab's over"):
        model: Any = offer.spec.build(config, Resources("cpu", WeightCache().find, os.cpu_count() or 1))
        if not isinstance(model, TrainableModel | TrainableMasker):
            raise TypeError(f"it exchanges models, but built a {type(model).__name__}, which does not learn")
        model.load_weights(foreign.weights)
        if foreign.optimizer_state:
            model.load_optimizer_state(foreign.optimizer_state)
        weights, optimizer_state = model.weights(), model.optimizer_state()
    rows = _loss_rows(foreign, offer.stage)
    state = CheckpointState(
        step=foreign.step,
        losses={name: loss for name, loss in rows[-1].items() if name != "step" and loss is not None} if rows else {},
        model=offer.spec.name,
        revision=offer.spec.revision,
        settings=config.model_dump(mode="json"),
    )
    with whole_folder(out) as part:
        fill_checkpoint(part, state, weights, optimizer_state)
        if rows:
            (part / HISTORY_NAME).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _loss_rows(foreign: ForeignModel, stage: str) -> list[dict[str, Any]]:
    """Return the losses as a training keeps them: a record for each step, what is not finite as null."""
    first = foreign.step - len(foreign.losses) + 1
    rows = []
    for step, pair in enumerate(foreign.losses, first):
        source, target = (loss if math.isfinite(loss) else None for loss in pair)
        named = {"source": source, "target": target} if stage == "model" else {"mask": source}
        rows.append({"step": step, **named})
    return rows


def _whole(value: Any) -> int:
    """Return a whole number that an option may hold, as Python's or as NumPy's; 0 where it is none."""
    return int(value) if isinstance(value, int | np.integer) else 0
