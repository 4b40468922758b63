"""How do a swap's faces get into the frames that pass by?

The model's answers are there already (``predicting``), those for neighbouring frames too. Where a swap is steadied they
have their say, and the merger lays the face into the frame, one swap after the other. Of each frame only what lies
within reach is kept, so memory does not grow with the clip.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from understudy.answers import check_layer
from understudy.extraction import placed_crop
from understudy.faceset import NO_TRACK, FaceRow
from understudy.plugins import blaming
from understudy.predicting import AnswerBook
from understudy.video import DecodedFrame
from understudy.video.codes import brightness_weights
from understudy_sdk import ColorMove, Crop, Layer, Mask, Region, Swap
from understudy_sdk.placement import shown_box

from .faces import SpanFaces, mask_over_crop, reach
from .flow import FlowFinder, Motion
from .laid import Laid, LaidFaces
from .looks import Glance, glance, steady_look
from .movement import movement_of
from .over_time import Held
from .steadying import Neighbour, steadied_swap

__all__ = ["merged_frames", "where_it_shows"]

_MARGIN_PX, _GRID_PX = 8, 4
"""Around what shows of a layer: two chips of the watermark, and on to a step of this grid of the region."""


def merged_frames(
    frames: Iterable[DecodedFrame], parts: Sequence[SpanFaces], laid: LaidFaces
) -> Iterator[DecodedFrame]:
    """Yield frames with the faces of all swaps laid in.

    Args:
        frames: Those of the span; in order, undecodable ones left out.
        parts: The swaps' faces in the span and around it, in the order in which they are laid.
        laid: Keeps what is laid into each frame.
    """
    with ExitStack() as books:
        stages = [_Stage(faces, books.enter_context(AnswerBook(faces.ready.order.answers)), laid) for faces in parts]
        for frame in frames:
            for stage in stages:
                stage.lay(frame)
            yield frame


@dataclass(frozen=True, slots=True, eq=False)
class _Predicted:
    """A face and the model's answer for it."""

    row: FaceRow
    crop: Crop
    swap: Swap
    mask: Mask
    glance: Glance | None  # where colours are steadied
    held: Held | None  # None where nothing of it shows; it may still steady its neighbours


class _Stage:
    """One swap at work on passing frames."""

    def __init__(self, faces: SpanFaces, book: AnswerBook, laid: LaidFaces) -> None:
        self._faces, self._ready, self._order = faces, faces.ready, faces.ready.order
        self._book, self._laid = book, laid
        self._predicted: dict[int, list[_Predicted]] = {}
        self._motions: dict[tuple[str, str], Motion] = {}
        self._flow: FlowFinder | None = None

    def lay(self, frame: DecodedFrame) -> None:
        """Merge a frame's faces into it; what no later frame needs is let go."""
        for one in self._at(frame.index):
            self._lay(frame, one)
        self._forget(self._order.window.around(frame.index)[0])

    def _at(self, frame: int) -> list[_Predicted]:
        """Return the faces of a frame that the model answered for."""
        if frame not in self._predicted:
            found = [self._look_up(row) for row in self._faces.by_frame.get(frame, ())]
            self._predicted[frame] = [one for one in found if one is not None]
        return self._predicted[frame]

    def _look_up(self, row: FaceRow) -> _Predicted | None:
        found = self._book.answer(row.frame, row.name)
        if found is None:
            return None
        spec, answer = found
        crop = placed_crop(answer.rgb, row.face, spec.face_type)
        mask = mask_over_crop(self._faces.masks[row.name], row, crop)
        seen = glance(crop, answer.swap, mask) if self._order.window.color_strength else None
        return _Predicted(row, crop, answer.swap, mask, seen, self._order.settings.at(row.track, row.frame))

    def _lay(self, frame: DecodedFrame, one: _Predicted) -> None:
        held = one.held
        if held is None:
            return
        merger = self._ready.mergers.get(held.merger)
        x0, y0, x1, y1 = reach(one.crop, frame.size, merger)
        if x0 >= x1 or y0 >= y1:
            return
        near = self._near(one)
        swap = steadied_swap(one.swap, self._neighbours(one, near))
        crop = replace(one.crop, look=self._look(one, swap, near), motion_px=movement_of(one.row, self._faces.by_frame))
        region = frame.region(x0, y0, x1, y1)
        with blaming(held.merger.offer, f"merging the face at frame {frame.index}"):
            layer = check_layer(merger.merge(region, swap, crop, one.mask), region)
        shown, layer = where_it_shows(region, layer.shown(held.opacity))
        brightness, weights = frame.brightness(*shown.box), brightness_weights(shown.color)
        layer = self._order.mark.laid(layer, (shown.x0, shown.y0), brightness, weights)
        laying = frame.lay(shown, layer)
        index, row = self._order.swap.index, one.row
        left, top, right, bottom = map(float, row.face.box)
        box = left, top, right, bottom
        self._laid.add(Laid(index, row.name, row.track, frame.index, crop, region, shown, layer, box, laying))

    def _look(self, one: _Predicted, swap: Swap, near: Sequence[_Predicted]) -> ColorMove | None:
        """Return what steadies the colours that the swap takes over."""
        window = self._order.window
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
        frame, window = one.row.frame, self._order.window
        if not window.strength:
            return []
        return [
            Neighbour(there.swap, self._motion(one, there), window.weight(frame, there.row.frame)) for there in near
        ]

    def _near(self, one: _Predicted) -> list[_Predicted]:
        """Return the faces of the same track around a frame, as far as it goes on without a gap."""
        frame, window = one.row.frame, self._order.window
        if one.row.track == NO_TRACK:
            return []
        first, stop = window.around(frame)
        found = []
        for side in (range(frame - 1, first - 1, -1), range(frame + 1, stop)):
            for other in side:
                there = next((face for face in self._at(other) if face.row.track == one.row.track), None)
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


def where_it_shows(region: Region, layer: Layer) -> tuple[Region, Layer]:
    """Return what of a layer shows, and so much around it that the watermark meets no edge that is none."""
    x0, y0, x1, y1 = shown_box(layer.mask, _MARGIN_PX, _GRID_PX)
    box = x0, y0, max(x1, 1), max(y1, 1)  # a face of which nothing shows is a pixel of nothing
    return region.part(*box), layer.part(*box)
