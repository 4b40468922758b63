"""Where was which face cut from every frame? For those who put something of their own in its place.

The file's form, version 1: ``docs/tools/layers.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from understudy.errors import RequestError
from understudy.swapping import Laid
from understudy.timecode import Moment, code_of, counted_frame
from understudy.video import ClipInfo

from .plan import LayerPlan

__all__ = ["faces_row", "matrices_of"]

VERSION: Final = 1
_ZERO: Final = "00:00:00:00"


def faces_row(index: int, laid: Sequence[Laid], *, is_decoded: bool) -> dict[str, Any]:
    """Return what is told of a frame's faces; of one that cannot be decoded nothing is known."""
    return {"frame": index, "decoded": is_decoded, "faces": [_face(one) for one in laid]}


def matrices_of(plan: LayerPlan, info: ClipInfo, rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the whole file's content; every frame of the clip has an entry."""
    color, rate = info.color, info.average_rate
    start, is_drop = _start(info)
    frames = [
        row
        | {
            "pts": info.pts[row["frame"]],
            "timecode": code_of(start + _count(info, row["frame"]), rate, is_drop=is_drop),
        }
        for row in rows
    ]
    return {
        "understudy_layer": VERSION,
        "clip": plan.clip.name,
        "swap": plan.number,
        "source": plan.source,
        "target": plan.target,
        "layer": {
            "kind": plan.settings.kind,
            "alpha": plan.settings.alpha,
            "linear": plan.settings.is_linear,
            "file": plan.path.name,
            "mask": plan.mask.name if plan.mask else None,
        },
        "width": info.width,
        "height": info.height,
        "rotation": info.rotation,
        "time_base": str(info.time_base),
        "frame_rate": str(rate),
        "color": {
            "matrix": color.matrix,
            "primaries": color.primaries,
            "transfer": color.transfer,
            "full_range": color.is_full_range,
            "bit_depth": color.bit_depth,
        },
        "frames": frames,
    }


def _start(info: ClipInfo) -> tuple[int, bool]:
    """Return what the clip's own time code counts from, and whether it drops numbers.

    It counts from 0 where the clip has none, or one that no frame of such a clip has.
    """
    try:
        own = Moment.parse(info.start_timecode or _ZERO)
        return counted_frame(own, info.average_rate), own.is_drop
    except RequestError:
        return 0, False


def _face(laid: Laid) -> dict[str, Any]:
    return {
        "name": laid.name,
        "track": laid.track,
        "box": [round(edge, 3) for edge in laid.box],
        "crop_size": laid.crop.size,
        "face_type": str(laid.crop.face_type),
        "frame_to_crop": laid.crop.frame_to_crop.tolist(),
    }


def _count(info: ClipInfo, index: int) -> int:
    """Return how many frames' time has gone by since the first, which is the index where the rate does not vary."""
    return round((info.pts[index] - info.pts[0]) * info.time_base * info.average_rate)
