"""Which learnt model is meant by a project, or by the folder of a checkpoint?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from understudy.errors import RequestError
from understudy.learning import swap_artifact
from understudy.plugins import Offer, Registry
from understudy.project import ChosenSwap, LoadedProject, load_project
from understudy.store import WorkFolder
from understudy.teaching import learnt_checkpoint
from understudy.training.checkpoints import Checkpoint, read_checkpoint
from understudy.training.history import HISTORY_NAME, read_losses
from understudy_sdk import ForeignModel, StageConfig

__all__ = ["Learnt", "find_learnt"]


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """A model of ours that has learnt.

    Attributes:
        offer: The stage it plays.
        config: Its settings at that step.
        checkpoint: What it has learnt.
        name: What to call it, unless told otherwise.
        consent: By what right its faces are used, as the project states it; empty without a project.
        passed_over: Damaged checkpoints that a better one stands in for, in words.
    """

    offer: Offer
    config: StageConfig
    checkpoint: Checkpoint
    name: str
    consent: str = ""
    passed_over: Sequence[str] = ()

    def as_foreign(self) -> ForeignModel:
        """Return it with all that another program may take over."""
        state = self.checkpoint.state
        return ForeignModel(
            self.config.model_dump(mode="json"),
            self.checkpoint.weights(),
            self.checkpoint.optimizer_state(),
            state.step,
            _losses(self.checkpoint.path, state.step),
        )


def find_learnt(path: Path, registry: Registry, swap: int | None = None) -> Learnt:
    """Return the learnt model in a checkpoint's folder, or the newest one of a project's swap.

    Args:
        path: A folder, or a project file.
        registry: The installed stages.
        swap: Which of the project's swaps, from 1; may be left out where only one has a model that learns.

    Raises:
        RequestError: Nothing is learnt yet, or it is not clear what is meant.
        StoreError: A newer Understudy made it.
    """
    if path.is_dir():
        if swap is not None:
            raise RequestError(f"{path} is a checkpoint and has no swaps\n  leave --swap out, or name a project")
        return _of_checkpoint(path, registry)
    return _of_project(load_project(path, registry), swap)


def _of_checkpoint(path: Path, registry: Registry) -> Learnt:
    found = read_checkpoint(path)
    fault = found if isinstance(found, str) else found.fault()
    if isinstance(found, str) or fault:
        raise RequestError(
            f"{path} is no whole checkpoint: {fault}\n  name a folder with weights.safetensors, optimizer.safetensors "
            f"and state.json, or a project"
        )
    state = found.state
    stages = [stage for stage in ("model", "masker") if state.model in registry.offers(stage)]
    offer = registry.offer(stages[0] if stages else "model", state.model)
    if not state.settings:
        raise RequestError(f"{path} does not say which settings its model has\n  name the project that trained it")
    return Learnt(offer, _settings(offer, state.settings, path), found, path.name)


def _of_project(project: LoadedProject, number: int | None) -> Learnt:
    swap = _chosen(project, number)
    work = WorkFolder(project.work)
    passed_over: list[str] = []
    checkpoint = learnt_checkpoint(work, swap, passed_over.append)
    settings, offer = checkpoint.state.settings, swap.model.offer
    at_step = swap.model_that_learnt(checkpoint.state.step).config
    config = _settings(offer, settings, checkpoint.path) if settings else at_step
    consent = f"{project.consent.basis}: {project.consent.statement}" if project.consent else ""
    return Learnt(offer, config, checkpoint, swap_artifact(work, swap).name, consent, passed_over)


def _chosen(project: LoadedProject, number: int | None) -> ChosenSwap:
    learning = {place: swap for place, swap in enumerate(project.swaps, 1) if swap.iterations}
    if number is None and len(learning) == 1:
        return next(iter(learning.values()))
    if number in learning:
        return learning[number]
    listed = "\n".join(
        f"    {place}: {swap.source.name} on {swap.target.name}, {swap.model.name}" for place, swap in learning.items()
    )
    what = (
        f"swap {number} of {project.path.name} has no model that learns" if number else "several swaps could be meant"
    )
    if not learning:
        raise RequestError(f"{project.path.name} has no swap with a model that learns")
    raise RequestError(f"{what}; those that have are\n{listed}\n  choose one with --swap")


def _settings(offer: Offer, settings: Mapping[str, object], path: Path) -> StageConfig:
    try:
        return offer.spec.config.model_validate(dict(settings))
    except ValidationError as error:
        what = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise RequestError(
            f"{path} was trained with settings that {offer.spec.name!r} does not take any more: {what}\n"
            f"  install the version of {offer.origin.distribution} that trained it"
        ) from error


def _losses(path: Path, step: int) -> list[tuple[float, float]]:
    """Return both sides' losses of the steps up to ``step`` without a gap; a masker's loss stands for both."""
    inside, beside = path / HISTORY_NAME, path.parent / HISTORY_NAME
    table = read_losses(inside if inside.exists() else beside)
    rows: list[tuple[float, float]] = []
    last = None
    for number, losses in table.rows(step):
        if last is not None and number != last + 1:
            rows = []
        names = ("source", "target") if "source" in losses else ("mask", "mask")
        rows.append((losses.get(names[0], float("nan")), losses.get(names[1], float("nan"))))
        last = number
    return rows if last == step else []
