"""How does the model of a swap learn from its facesets, and which of what it has learnt is meant?"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from understudy_sdk import CropSpec, Model, Resources, TrainableModel, UnderstudyError

from . import training
from .answers import check_crop_spec
from .errors import RequestError
from .learning import learn_arrays, measured_folder, shown_crops, swap_artifact
from .plugins import blaming
from .progress import Progress
from .project import Chosen, ChosenSwap
from .store import Artifact, WorkFolder
from .training.checkpoints import Checkpoint, Checkpoints, read_checkpoint
from .training.snapshots import snapshots_of

if TYPE_CHECKING:
    from .training.parallel import Crew

__all__ = [
    "PREVIEW_FACES",
    "build_model",
    "follow_training",
    "learnt_by",
    "learnt_checkpoint",
    "load_learnt",
    "newest_step",
    "teach",
]

PREVIEW_FACES: Final = 4


def newest_step(artifact: Artifact) -> int:
    """Return how many steps the newest checkpoint of a swap's training has learnt; 0 without any."""
    state = Checkpoints(artifact.folder).peek()
    return state.step if state else 0


def build_model(chosen: Chosen, resources: Resources) -> Model:
    """Give a model ready to swap or to learn.

    Raises:
        PluginFailedError: The plugin fails, or builds another kind of model than it offers.
    """
    model: Model = chosen.build(resources)
    with blaming(chosen.offer, "being built"):
        if isinstance(model, TrainableModel) != chosen.offer.spec.learns:
            raise TypeError(f"its offer says learns={chosen.offer.spec.learns}, but it built a {type(model).__name__}")
        check_crop_spec(model.crop_spec)
    return model


def teach(
    work: WorkFolder,
    swap: ChosenSwap,
    resources: Resources,
    progress: Progress,
    stop: Callable[[], bool],
    crew: Crew | None = None,
) -> training.TrainOutcome:
    """Train the model of a swap from where it stands, and return how that ended.

    Args:
        work: Where the faces lie.
        swap: Whose model.
        resources: What the model is lent.
        progress: Hears how far it is.
        stop: Asked after each step.
        crew: The processes that learn with this one, the first of them; None where it learns alone.
    """
    folder = swap_artifact(work, swap).prepare()
    changes, spec = _changes(swap, resources)
    held = swap.training.hold_out
    source = learn_arrays(work, swap.source, swap.source.face, spec, folder / "faces" / "source", hold_out=held)
    target = learn_arrays(work, swap.target, swap.face, spec, folder / "faces" / "target", hold_out=held)
    shown = [training.load_arrays(measured_folder(side)) for side in (source, target)]
    crops = [shown_crops(arrays, spec, PREVIEW_FACES) for arrays in shown]
    with ExitStack() as stack:
        stack.callback(_film, folder, progress.say)  # also of a training that is stopped
        sinks, tell = _sinks(swap, folder, stack)
        job = training.Training(
            model=None,
            data=_data(swap, folder, resources),
            folder=folder,
            steps=swap.iterations,
            offer_name=swap.model.name,
            revision=swap.model.offer.spec.revision,
            blame=lambda doing: blaming(swap.model.offer, doing),
            changes=changes,
            beginning=_beginning(swap),
            draw_preview=lambda model: _sheet(model, crops),
            measure=_measure(swap, folder, spec, resources, progress, tell),
            sinks=sinks,
            settings=_settings(swap),
            progress=progress,
            stop=stop,
            device=resources.device,
            title=f"train {swap_artifact(work, swap).name}",
        )
        if crew is None:
            return training.train(job)
        return _train_together(swap, job, crew)


def follow_training(work: WorkFolder, swap: ChosenSwap, resources: Resources, crew: Crew) -> None:
    """Learn with the first process, as it says; the faces are there by now."""
    from .training.parallel import follow  # noqa: PLC0415 - brings torch

    changes, _ = _changes(swap, resources)
    data = _data(swap, swap_artifact(work, swap).folder, resources)
    follow(crew, [change.build for change in changes], data)


def learnt_by(work: WorkFolder, swap: ChosenSwap) -> Any:
    """Return what names the knowledge of a swap's model, or None where there is nothing to learn.

    Raises:
        RequestError: The project names a checkpoint that is not there.
    """
    if not swap.iterations:
        return None
    folder = swap_artifact(work, swap).folder
    state = _named(swap, folder).state if swap.use_step else Checkpoints(folder).peek()
    return [state.step, *(mark.sha256 for name, mark in state.files.items() if "weights" in name)] if state else []


def load_learnt(work: WorkFolder, swap: ChosenSwap, resources: Resources, progress: Progress) -> Model:
    """Give a swap's model as it has learnt, with the settings it had then.

    Raises:
        RequestError: It has not learnt yet, or the checkpoint that the project names is not there or damaged.
    """
    if not swap.iterations:
        return build_model(swap.model, resources)
    checkpoint = learnt_checkpoint(work, swap, progress.say)
    model = build_model(swap.model_that_learnt(checkpoint.state.step), resources)
    assert isinstance(model, TrainableModel)
    with blaming(swap.model.offer, f"loading step {checkpoint.state.step}"):
        model.load_weights(checkpoint.weights())
    return model


def learnt_checkpoint(work: WorkFolder, swap: ChosenSwap, say: Callable[[str], None]) -> Checkpoint:
    """Return the newest whole checkpoint of a swap's model that learns, or the one that the project names.

    Args:
        work: Where it lies.
        swap: Whose model.
        say: Told each damaged checkpoint that is passed over.

    Raises:
        RequestError: It has not learnt yet, or the checkpoint that the project names is not there or damaged.
    """
    artifact = swap_artifact(work, swap)
    if swap.use_step:
        checkpoint: Checkpoint | None = _named(swap, artifact.folder)
        fault = checkpoint.fault() if checkpoint else ""
        if fault:
            raise RequestError(
                f"step {swap.use_step} of {artifact.name} is damaged: {fault}\n  choose another use_step"
            )
    else:
        checkpoint = Checkpoints(artifact.folder).newest(say)
    if checkpoint is None:
        raise RequestError(
            f"the model of {artifact.name} was not trained yet\n  run the train phase first: understudy train"
        )
    return checkpoint


def _named(swap: ChosenSwap, folder: Path) -> Checkpoint:
    """Return the checkpoint or snapshot of the step that a project names."""
    assert swap.use_step is not None
    places = (Checkpoints(folder), snapshots_of(folder))
    for place in places:
        found = read_checkpoint(place.path_of(swap.use_step))
        if isinstance(found, Checkpoint):
            return found
    steps = sorted({step for place in places for step in place.steps()})
    raise RequestError(
        f"swaps.{swap.index}.model.use_step is {swap.use_step}, but there is no checkpoint or snapshot of that step\n"
        f"  there are: {', '.join(map(str, steps)) or 'none'}"
    )


def _changes(swap: ChosenSwap, resources: Resources) -> tuple[tuple[training.Change, ...], CropSpec]:
    """Return every stretch of a training with its own settings, the first one included, and the model's crops."""
    built = [_learner(swap.model, resources)]  # kept for the first stretch, and then no more: it may fill the device

    def first() -> training.Learner:
        return built.pop() if built else _learner(swap.model, resources)

    spec = built[0].crop_spec
    changes = [training.Change(0, first, swap.model.config.model_dump(mode="json"))]
    for change in swap.schedule:
        build = lambda model=change.model: _learner(model, resources)  # noqa: E731 - bound to this change
        changes.append(training.Change(change.after, build, change.model.config.model_dump(mode="json")))
    return tuple(changes), spec


def _learner(chosen: Chosen, resources: Resources) -> TrainableModel:
    model = build_model(chosen, resources)
    assert isinstance(model, TrainableModel)
    return model


def _data(swap: ChosenSwap, folder: Path, resources: Resources) -> training.DeckData:
    sides = [training.load_arrays(folder / "faces" / side) for side in ("source", "target")]
    return training.DeckData(*sides, seed=swap.seed, device=resources.device)


def _settings(swap: ChosenSwap) -> training.LoopSettings:
    wanted = swap.training
    return training.LoopSettings(
        save_every_s=wanted.save_every_min * 60,
        preview_every_steps=wanted.preview_every,
        measure_every_steps=wanted.measure_every,
        snapshot_every_steps=wanted.snapshot_every,
        keep_snapshots=wanted.keep_snapshots,
    )


def _beginning(swap: ChosenSwap) -> training.Beginning | None:
    found = read_checkpoint(swap.start_from) if swap.start_from else None
    return training.Beginning(found, swap.keep_steps) if isinstance(found, Checkpoint) else None


def _sheet(model: TrainableModel, crops: Any) -> Any:
    from .training.preview import preview_sheet  # noqa: PLC0415 - brings torch

    return preview_sheet(model, *crops)


def _film(folder: Path, say: Callable[[str], None]) -> None:
    """Write the film of the previews; that it fails must not hide how the training ended."""
    from .training.timelapse import previews_of, write_timelapse  # noqa: PLC0415 # brings OpenCV

    try:
        if previews_of(folder):
            write_timelapse(folder)
    except UnderstudyError as error:
        say(str(error))


def _measure(
    swap: ChosenSwap, folder: Path, spec: CropSpec, resources: Resources, progress: Progress, tell: Any
) -> Callable[[Any, int], dict[str, float]] | None:
    if not swap.training.measure_every or not swap.training.hold_out:
        return None
    from .quality.watching import measuring_for  # noqa: PLC0415 - only where it is asked for

    return measuring_for(swap, folder, spec, replace(resources, parallel=None), progress, tell=tell)


def _sinks(swap: ChosenSwap, folder: Path, stack: ExitStack) -> tuple[tuple[training.Sink, ...], Any]:
    """Return who else is told of losses and previews, and of measures."""
    if not swap.training.tensorboard:
        return (), None
    from .training.tensorboard import EVENTS_NAME, TensorBoardSink  # noqa: PLC0415 - an extra

    sink = stack.enter_context(TensorBoardSink(folder / EVENTS_NAME))
    return (sink,), sink.measures


def _train_together(swap: ChosenSwap, job: training.Training, crew: Crew) -> training.TrainOutcome:
    from .training.parallel import Order, lead  # noqa: PLC0415 - brings torch

    crew.tell(Order.TRAIN, swap.index)
    try:
        return training.train(lead(job, crew))
    finally:
        crew.dismiss()
