"""What does a merged frame measure? The frames of a chunk come one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy.typing as npt

from understudy.faceset import NO_TRACK
from understudy.quality.flicker import aligned_flicker
from understudy.swapping import Laid
from understudy.video import ClipInfo, DecodedFrame, Laying
from understudy.video.planes import layout_of
from understudy_sdk.types import F32

from .figures import FaceFigures, FrameFigures
from .inside import color_shift, relative_sharpness
from .outside import changed_outside
from .seam import seam_of
from .small import SmallFace, small_face

__all__ = ["FrameMeter"]

_LEAST_SHOWN: Final = 0.02
"""How far a face's mask reaches at least, at its strongest, for the face to be measured."""

Planes = Sequence[npt.NDArray[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class _Squares:
    """A face at the crop's square, for the frame that follows."""

    frame: int
    before: F32
    after: F32


class FrameMeter:
    """Measures merged frames of one clip; it keeps of each only what the next one's flicker needs."""

    def __init__(self, info: ClipInfo) -> None:
        """Take the clip's facts."""
        layout = layout_of(info.pixel_format)
        assert layout is not None, "check_mergeable has made sure of it"
        self._info, self._layout = info, layout
        self._earlier: dict[tuple[int, int], _Squares] = {}

    def measure(
        self, frame: DecodedFrame, laid: Sequence[Laid], words: Laying | None, before: Planes | None
    ) -> FrameFigures:
        """Return the figures of the next frame.

        Args:
            frame: The merged frame.
            laid: Its faces, in the order in which they were laid.
            words: Those that were laid last, or none.
            before: Its samples as they came, where they were kept.
        """
        planes = frame.planes()
        layings = [one.laying for one in laid] + ([words] if words is not None else [])
        outside = changed_outside(planes, before, layings, self._layout)
        faces = tuple(self._face(planes, one) for one in laid)
        self._earlier = {key: kept for key, kept in self._earlier.items() if kept.frame == frame.index}
        return FrameFigures(frame.index, outside, before is not None, faces)

    def _face(self, planes: Planes, one: Laid) -> FaceFigures:
        plain = FaceFigures(one.swap, one.track, one.name, one.box)
        if float(one.laying.mask.max(initial=0.0)) < _LEAST_SHOWN:
            return plain
        small = small_face(planes, one, self._info, self._layout)
        seam = seam_of(small.before, small.after, small.mask)
        return FaceFigures(
            swap=one.swap,
            track=one.track,
            name=one.name,
            box=one.box,
            seam=seam.ratio if seam else None,
            seam_added=seam.added if seam else None,
            color=color_shift(small.before, small.after, small.mask),
            flicker=self._flicker(small, one),
            sharpness=relative_sharpness(small.before, small.after, small.mask),
        )

    def _flicker(self, small: SmallFace, one: Laid) -> float | None:
        if one.track == NO_TRACK:
            return None
        key, mask = (one.swap, one.track), small.square_mask()
        now = _Squares(one.frame, small.square(small.before), small.square(small.after))
        earlier, self._earlier[key] = self._earlier.get(key), now
        if earlier is None or earlier.frame != one.frame - 1 or mask.max() < _LEAST_SHOWN:
            return None
        return aligned_flicker((earlier.after, now.after), (earlier.before, now.before), mask).excess
