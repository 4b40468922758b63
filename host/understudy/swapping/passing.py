"""How do a swap's faces get into the frames that pass by, a few at a time?

Each swap is a stage that frames pass through, one swap after the other: the model answers for the faces of a few
frames, its answers wait until those of later neighbours are there, and the merger lays them into the frame. Only frames
and predictions within reach are kept, so memory does not grow with the clip.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from understudy.answers import check_layer, check_swaps
from understudy.extraction import warp_crop
from understudy.faceset import NO_TRACK, FaceRow
from understudy.plugins import blaming
from understudy.video import DecodedFrame
from understudy_sdk import ColorMove, Crop, Mask, Swap

from .enhancing import enhanced_swaps
from .faces import SpanFaces, mask_over_crop, reach
from .flow import FlowFinder, Motion
from .laid import Laid, LaidFaces
from .looks import Glance, glance, steady_look
from .movement import movement_of
from .neighbours import BATCH_FRAMES, Window
from .over_time import Held
from .predicted_masks import masked_swaps
from .steadying import Neighbour, steadied_swap

__all__ = ["merged_frames", "widened_spans"]

Span = tuple[int, int]


def widened_spans(windows: Sequence[Window], span: Span) -> list[Span]:
    """Return which frames each swap has to merge, so that the last one can merge ``span``; the first list is decoded.

    Args:
        windows: Of the swaps, in the order in which frames pass through them.
        span: First frame and the frame after the last.

    Returns:
        One span more than there are windows: what the first swap is given, then what each gives.
    """
    spans = [span]
    for window in reversed(windows):
        spans.append(window.widened(spans[-1]))
    return spans[::-1]


def merged_frames(
    frames: Iterable[DecodedFrame], faces: SpanFaces, span: Span, laid: LaidFaces
) -> Iterator[DecodedFrame]:
    """Yield the frames of a span with a swap's faces laid in, in their order.

    Args:
        frames: Those of the span, and all around them that steady them; in order, undecodable ones left out.
        faces: The swap's faces in all of these frames.
        span: First frame and the frame after the last; others are only looked at.
        laid: Keeps what is laid into each frame.
    """
    stage, window = _Stage(faces, laid), faces.ready.window
    waiting: deque[DecodedFrame] = deque()
    for _, batch in groupby(frames, key=lambda frame: frame.index // BATCH_FRAMES):
        some = list(batch)
        stage.predict(some)
        waiting.extend(frame for frame in some if span[0] <= frame.index < span[1])
        newest = some[-1].index
        while waiting and window.around(waiting[0].index)[1] <= newest + 1:
            yield stage.laid(waiting.popleft())
    while waiting:
        yield stage.laid(waiting.popleft())


@dataclass(frozen=True, slots=True, eq=False)
class _Predicted:
    """A face and the model's answer for it."""

    row: FaceRow
    crop: Crop
    swap: Swap
    box: tuple[int, int, int, int]
    mask: Mask
    glance: Glance | None  # where colours are steadied
    held: Held | None  # None where nothing of it shows; it may still steady its neighbours


class _Stage:
    """One swap at work on passing frames."""

    def __init__(self, faces: SpanFaces, laid: LaidFaces) -> None:
        self._faces, self._ready, self._laid = faces, faces.ready, laid
        self._predicted: dict[int, list[_Predicted]] = {}
        self._motions: dict[tuple[str, str], Motion] = {}
        self._flow: FlowFinder | None = None

    def predict(self, batch: Sequence[DecodedFrame]) -> None:
        """Let the model answer for the chosen faces of a few frames."""
        ready = self._ready
        places = [(frame, row) for frame in batch for row in self._faces.by_frame.get(frame.index, ())]
        self._predicted |= {frame.index: [] for frame in batch}
        if not places:
            return
        pictures = {frame.index: frame.frame() for frame, _ in places}
        spec = ready.model.crop_spec
        crops = [warp_crop(pictures[frame.index], row.face, spec.face_type, spec.size) for frame, row in places]
        first, last = places[0][0].index, places[-1][0].index
        with blaming(ready.swap.model.offer, f"swapping faces of frames {first} to {last}"):
            swapped = check_swaps(ready.model.swap(crops), crops)
        swapped = enhanced_swaps(ready, swapped, [(pictures[frame.index], row) for frame, row in places])
        if ready.masker is not None and ready.swap.mask_swaps is not None:
            with blaming(ready.swap.mask_swaps.offer, f"masking swapped faces of frames {first} to {last}"):
                swapped = masked_swaps(ready.masker, crops, swapped)
        for (frame, row), crop, swap in zip(places, crops, swapped, strict=True):
            held = ready.settings.at(row.track, frame.index)
            box = reach(crop, pictures[frame.index], ready.mergers.get(held.merger) if held else None)
            mask = mask_over_crop(self._faces.masks[row.name], row, spec)
            seen = glance(crop, swap, mask) if ready.window.color_strength else None
            self._predicted[frame.index].append(_Predicted(row, crop, swap, box, mask, seen, held))

    def laid(self, frame: DecodedFrame) -> DecodedFrame:
        """Return a frame with its faces merged in; what no later frame needs is let go."""
        for one in self._predicted[frame.index]:
            self._lay(frame, one)
        self._forget(self._ready.window.around(frame.index)[0])
        return frame

    def _lay(self, frame: DecodedFrame, one: _Predicted) -> None:
        (x0, y0, x1, y1), held = one.box, one.held
        if held is None or x0 >= x1 or y0 >= y1:
            return
        near = self._near(one)
        swap = steadied_swap(one.swap, self._neighbours(one, near))
        crop = replace(one.crop, look=self._look(one, swap, near), motion_px=movement_of(one.row, self._faces.by_frame))
        region = frame.region(x0, y0, x1, y1)
        with blaming(held.merger.offer, f"merging the face at frame {frame.index}"):
            layer = check_layer(self._ready.mergers.get(held.merger).merge(region, swap, crop, one.mask), region)
        layer = self._ready.mark.laid(region, layer.shown(held.opacity))
        laying = frame.lay(region, layer)
        index, row = self._ready.swap.index, one.row
        left, top, right, bottom = map(float, row.face.box)
        box = left, top, right, bottom
        self._laid.add(Laid(index, row.name, row.track, frame.index, crop, region, layer, box, laying))

    def _look(self, one: _Predicted, swap: Swap, near: Sequence[_Predicted]) -> ColorMove | None:
        """Return what steadies the colours that the swap takes over."""
        window = self._ready.window
        if not window.color_strength:
            return None
        weighed = [
            (other.glance, window.color_weight(one.row.frame, other.row.frame))
            for other in near
            if other.glance is not None
        ]
        return steady_look(glance(one.crop, swap, one.mask), weighed)

    def _neighbours(self, one: _Predicted, near: Sequence[_Predicted]) -> list[Neighbour]:
        """Return the predictions around a frame that steady its own."""
        frame, window = one.row.frame, self._ready.window
        if not window.strength:
            return []
        return [
            Neighbour(there.swap, self._motion(one, there), window.weight(frame, there.row.frame)) for there in near
        ]

    def _near(self, one: _Predicted) -> list[_Predicted]:
        """Return the faces of the same track around a frame, as far as it goes on without a gap."""
        frame, window = one.row.frame, self._ready.window
        if one.row.track == NO_TRACK:
            return []
        first, stop = window.around(frame)
        found = []
        for side in (range(frame - 1, first - 1, -1), range(frame + 1, stop)):
            for other in side:
                there = next((face for face in self._predicted.get(other, ()) if face.row.track == one.row.track), None)
                if there is None:
                    break
                found.append(there)
        return found

    def _motion(self, here: _Predicted, there: _Predicted) -> Motion:
        names = here.row.name, there.row.name
        if names not in self._motions:
            self._flow = self._flow or FlowFinder()
            forth, back = self._flow.between(here.crop.rgb, there.crop.rgb)
            self._motions |= {names: forth, names[::-1]: back}
        return self._motions[names]

    def _forget(self, first: int) -> None:
        """Drop what lies before a frame; each has looked ahead as far as it is looked back at."""
        for frame in [frame for frame in self._predicted if frame < first]:
            gone = {face.row.name for face in self._predicted.pop(frame)}
            self._motions = {names: motion for names, motion in self._motions.items() if not gone & {*names}}
