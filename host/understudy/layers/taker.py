"""How does a swap's layer come from the merged frames of a chunk?

Every frame of the span gets an entry, transparent where the swap changed nothing and where the clip cannot be decoded.
A chunk's JSON is written last, and tells that all of the chunk is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from understudy.store import write_json
from understudy.swapping import Laid
from understudy.video import ClipInfo, DecodedFrame, Laying
from understudy.video.planes import layout_of

from .colours import colours_of, held_in_rgb, light_of, rgb_of
from .marks import chunk_mark
from .matrices import faces_row
from .numbers import mask_numbers, movie_numbers
from .patch import Patch, patch_of
from .pictures import PNG_TOP, PictureMaker
from .plan import LayerPlan
from .prores import FACE_FORMAT, MASK_FORMAT
from .sinks import MovieSink, PictureSink, Sink

__all__ = ["LayerMaker", "LayerTaker"]

_EXR_TOP: Final = 2048
"""Steps of alpha from 0 to 1 that half floats hold exactly."""

Planes = tuple[npt.NDArray[Any], ...]


@dataclass(frozen=True, slots=True)
class LayerMaker:
    """Makes the taker of one chunk of a layer; ``stem`` is what the chunk is called."""

    plan: LayerPlan
    stem: str

    def taker(self, span: tuple[int, int], info: ClipInfo) -> LayerTaker:
        """Return what takes the frames of the chunk."""
        return LayerTaker(self.plan, info, span, self.stem)


class LayerTaker:
    """Makes one chunk of one layer; a taker of frames (``merging.takers``)."""

    def __init__(self, plan: LayerPlan, info: ClipInfo, span: tuple[int, int], stem: str) -> None:
        """Take the layer, the clip's facts, the span of frames and the chunk's name."""
        layout = layout_of(info.pixel_format)
        assert layout is not None, "check_mergeable has made sure of it"
        self._plan, self._info, self._layout, self._span, self._stem = plan, info, layout, span, stem
        self._face, self._mask = _face_sink(plan, info, stem), _mask_sink(plan, info, stem)
        self._rows: list[dict[str, Any]] = []
        self._files = ExitStack()

    def __enter__(self) -> Self:
        """Open the files."""
        for sink in (self._face, self._mask):
            if sink is not None:
                self._files.enter_context(sink)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Complete the span and close the files, or drop them."""
        try:
            if error is None:
                self._skip_to(self._span[1])
        except BaseException as own:
            self._files.__exit__(type(own), own, own.__traceback__)
            raise
        self._files.__exit__(kind, error, trace)
        if error is None:
            write_json(self._plan.chunk(self._stem, "json"), chunk_mark(self._plan, self._rows))

    def see(self, frame: DecodedFrame) -> None:
        """Pass by: what was laid knows what was there before."""

    def take(self, frame: DecodedFrame, laid: Sequence[Laid], words: Laying | None) -> None:
        """Make the entry of a frame, and those of the frames before it that did not come."""
        self._skip_to(frame.index)
        own = [one for one in laid if one.swap == self._plan.swap]
        layings = [one.laying for one in own]
        if self._plan.has_words and words is not None:
            layings.append(words)
        patch = patch_of(layings, self._layout, self._info.stored_size)
        self._add(patch)
        self._rows.append(faces_row(frame.index, own, is_decoded=True))

    def _skip_to(self, index: int) -> None:
        while self._span[0] + len(self._rows) < index:
            self._add(None)
            self._rows.append(faces_row(self._span[0] + len(self._rows), (), is_decoded=False))

    def _add(self, patch: Patch | None) -> None:
        index = self._span[0] + len(self._rows)
        face, mask = ((), ()) if patch is None else self._parts(patch)
        box = patch.box if patch is not None else None
        self._face.add(index, box, face)
        if self._mask is not None:
            self._mask.add(index, box, mask)

    def _parts(self, patch: Patch) -> tuple[Planes, Planes]:
        """Return a patch as the files hold it: the face, and the mask alone."""
        settings, color = self._plan.settings, self._info.color
        if settings.is_movie:
            is_premultiplied = settings.alpha == "premultiplied"
            numbers = movie_numbers(patch, self._layout, self._info, is_premultiplied=is_premultiplied)
            return numbers, mask_numbers(numbers[3])
        if settings.kind == "png16":
            alpha, rgb = held_in_rgb(patch, self._layout, color, PNG_TOP)
        else:
            colours = colours_of(patch, self._layout, _EXR_TOP, None)
            alpha, rgb = colours.alpha, rgb_of(colours.planes, color, self._layout.top)
        added = rgb * alpha[..., None]
        if settings.is_linear:
            added = light_of(patch, alpha, self._layout, color)
            rgb = np.divide(added, alpha[..., None], out=np.zeros_like(added), where=alpha[..., None] > 0)
        shown = added if settings.alpha == "premultiplied" else np.where(alpha[..., None] > 0, rgb, 0)
        return (np.concatenate([shown, alpha[..., None]], axis=2, dtype=np.float32),), (alpha[..., None],)


def _face_sink(plan: LayerPlan, info: ClipInfo, stem: str) -> Sink:
    kind = plan.settings.kind
    if kind == "prores4444":
        return MovieSink(plan.chunk(stem, "face.mov"), info, FACE_FORMAT)
    maker = PictureMaker(kind, (info.width, info.height), 4, info.color, is_linear=plan.settings.is_linear)
    return PictureSink(plan.path, info, maker, plan.settings.suffix)


def _mask_sink(plan: LayerPlan, info: ClipInfo, stem: str) -> Sink | None:
    kind = plan.settings.kind
    if plan.mask is None:
        return None
    if kind == "prores4444":
        return MovieSink(plan.chunk(stem, "mask.mov"), info, MASK_FORMAT)
    maker = PictureMaker(kind, (info.width, info.height), 1, info.color, is_linear=False)
    return PictureSink(plan.mask, info, maker, plan.settings.suffix)
