"""How are the answers that are missing made, a few frames at a time?

Every frame is decoded once for all swaps. A model sees the clip as it is, not what other swaps lay into it: so its
answers do not hang on how those are merged.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from understudy.ahead import ahead
from understudy.answers import check_swaps
from understudy.extraction import faceset_artifact, warp_crop
from understudy.faceset import FaceRow, Faceset
from understudy.plugins import blaming
from understudy.progress import Progress
from understudy.project import ChosenSwap
from understudy.store import WorkFolder
from understudy.teaching import load_learnt
from understudy.video import ClipInfo, ClipReader, DecodedFrame, fingerprint
from understudy_sdk import Crop, Enhancer, Masker, Model, Resources, Swap

from .answers import Answer, write_answers
from .enhancing import enhanced_swaps
from .kept import KeptAnswers
from .keyed import KeyedModel
from .predicted_masks import masked_swaps
from .units import BATCH_FRAMES, Span, Unit

__all__ = ["Answerer", "Missing", "answerer_of", "predicted_units"]


@dataclass(frozen=True, slots=True)
class Answerer:
    """A swap's model at work, and what masks the faces that it draws and gives them more detail."""

    swap: ChosenSwap
    model: Model
    masker: Masker | None = None
    enhancer: Enhancer | None = None
    keyed: KeyedModel | None = None

    def answers(self, batch: Sequence[DecodedFrame], faces: Mapping[int, Sequence[FaceRow]]) -> dict[str, Answer]:
        """Return the answers for the faces of a few frames, by their names.

        Args:
            batch: The frames.
            faces: Theirs, by frame.
        """
        places = [(frame, row) for frame in batch for row in faces.get(frame.index, ())]
        if not places:
            return {}
        pictures = {frame.index: frame.frame() for frame, _ in places}
        spec = self.model.crop_spec
        crops = [warp_crop(pictures[frame.index], row.face, spec.face_type, spec.size) for frame, row in places]
        where = f"faces of frames {places[0][0].index} to {places[-1][0].index}"
        with blaming(self.swap.model.offer, f"swapping {where}"):
            swapped = check_swaps(self._swapped(crops, [frame.index for frame, _ in places]), crops)
        if self.enhancer is not None and self.swap.enhancer is not None:
            shown = [(pictures[frame.index], row) for frame, row in places]
            swapped = enhanced_swaps(self.enhancer, self.swap.enhancer.offer, spec.face_type, swapped, shown)
        if self.masker is not None and self.swap.mask_swaps is not None:
            with blaming(self.swap.mask_swaps.offer, f"masking swapped {where}"):
                swapped = masked_swaps(self.masker, crops, swapped)
        found = zip(places, crops, swapped, strict=True)
        return {row.name: Answer(crop.rgb, swap) for (_, row), crop, swap in found}

    def _swapped(self, crops: Sequence[Crop], frames: Sequence[int]) -> list[Swap]:
        """Return the model's swaps; where keyframes change its settings, each frame by itself."""
        if self.keyed is None or self.keyed.clock is None:
            return self.model.swap(crops)
        swaps = list[Swap]()
        for frame, some in groupby(zip(frames, crops, strict=True), key=lambda pair: pair[0]):
            self.keyed.adjust(self.model, self.swap.model, frame)
            swaps += self.model.swap([crop for _, crop in some])
        return swaps


def answerer_of(work: WorkFolder, swap: ChosenSwap, resources: Resources, progress: Progress, clip: Path) -> Answerer:
    """Load a swap's model as it has learnt, and what works on the faces that it draws.

    Args:
        work: Where it has learnt.
        swap: The swap.
        resources: What the stages are lent.
        progress: Hears of damaged checkpoints.
        clip: Whose faces it is to swap.
    """
    masker, enhancer = (chosen.build(resources) if chosen else None for chosen in (swap.mask_swaps, swap.enhancer))
    return Answerer(swap, load_learnt(work, swap, resources, progress), masker, enhancer, KeyedModel.of(swap, clip))


@dataclass(frozen=True, slots=True)
class Missing:
    """What one swap lacks on a clip, and who can make it."""

    answerer: Answerer
    kept: KeptAnswers
    units: Mapping[Span, Unit]

    def make(
        self, work: WorkFolder, key: str, span: Span, frames: Sequence[DecodedFrame], heard: Callable[[int], None]
    ) -> None:
        """Make one unit, if it is among them, of its frames; ``heard`` is told of its faces, a few at a time."""
        unit = self.units.get(span)
        if unit is None:
            return
        with Faceset(faceset_artifact(work, self.answerer.swap.target).folder) as index:
            names = set(unit.faces)
            rows = [row for row in index.rows(key, *span) if row.name in names]
        faces = {frame: list(some) for frame, some in groupby(rows, key=lambda row: row.frame)}
        found: dict[str, Answer] = {}
        for _, batch in groupby(frames, key=lambda frame: frame.index // BATCH_FRAMES):
            some = self.answerer.answers(list(batch), faces)
            heard(len(some))
            found |= some
        write_answers(unit.path, self.answerer.model.crop_spec, found)
        for old in self.kept.artifact.folder.glob(f"frames-{span[0]:08d}-*.safetensors"):
            if old != unit.path:
                old.unlink()  # of faces as they were before
        if lost := len(unit.faces) - len(found):  # in frames that cannot be decoded
            heard(lost)


def predicted_units(
    work: WorkFolder, clip: Path, info: ClipInfo, parts: Sequence[Missing], heard: Callable[[int], None]
) -> Generator[Span, None, None]:
    """Make all that is missing on a clip, unit by unit in their order, and yield the span of each when it is kept.

    Args:
        work: Where the faces lie.
        clip: The clip.
        info: Its facts.
        parts: What each swap lacks.
        heard: Told of how many more faces there are answers, after every few frames; what it raises stops the work.
    """
    key = fingerprint(clip)
    for part in parts:
        part.kept.artifact.prepare()
    with ClipReader(clip, info) as reader:
        for spans in _runs(sorted({span for part in parts for span in part.units})):
            stop = min(spans[-1][1], len(info.pts))
            with closing(ahead(reader.frames(spans[0][0], stop), depth=8)) as frames:
                for span, some in _dealt(frames, spans):
                    for part in parts:
                        part.make(work, key, span, some, heard)
                    yield span


def _runs(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """Yield spans that follow each other together, so that a clip is decoded in as few goes as can be."""
    run: list[Span] = []
    for span in spans:
        if run and run[-1][1] != span[0]:
            yield run
            run = []
        run.append(span)
    if run:
        yield run


def _dealt(frames: Iterator[DecodedFrame], spans: Sequence[Span]) -> Iterator[tuple[Span, list[DecodedFrame]]]:
    """Yield each span with its frames, as far as they can be decoded."""
    following = next(frames, None)
    for span in spans:
        some = []
        while following is not None and following.index < span[1]:
            some.append(following)
            following = next(frames, None)
        yield span, some
