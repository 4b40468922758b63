"""What does the demo show beside the recast clip?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np

from understudy.pictures import write_picture
from understudy.video import ClipInfo, ClipReader, probe
from understudy.video.film import film
from understudy_sdk.types import F32, U8

__all__ = ["write_side_by_side", "write_stills"]


STILLS: Final = 5
STILL_PX: Final = 240


def write_side_by_side(path: Path, target: Path, recast: Path) -> None:
    """Write a clip that shows the target on the left and the recast clip on the right, with the recast clip's sound.

    Both clips have the same size and number of frames. The recast clip's tags, which say what it is, are kept.
    """
    with av.open(recast) as container:
        tags = dict(container.metadata)
    tags["title"] = "Understudy demo: target on the left, recast on the right"
    rate = round(probe(recast).average_rate)
    film(path, _pairs(target, recast), rate, _sound(recast), tags)


def write_stills(path: Path, source: Path, target: Path, recast: Path) -> None:
    """Write a picture of three rows, source, target and recast clip, each at five moments spread over the clips."""
    rows = [np.hstack(_stills(clip)) for clip in (source, target, recast)]
    write_picture(path, np.vstack(rows))


def _pairs(left: Path, right: Path) -> Iterator[U8]:
    with ClipReader(left) as one, ClipReader(right) as other:
        for a, b in zip(one.frames(), other.frames(), strict=True):
            yield np.hstack([a.frame().rgb, b.frame().rgb])


def _stills(clip: Path) -> list[U8]:
    info = probe(clip)
    count = len(info.pts)
    return [_still(clip, info, (2 * number + 1) * count // (2 * STILLS)) for number in range(STILLS)]


def _still(clip: Path, info: ClipInfo, position: int) -> U8:
    with ClipReader(clip, info) as reader:
        rgb = next(iter(reader.frames(position, position + 1))).frame().rgb
    side = min(rgb.shape[:2])
    top, left = (rgb.shape[0] - side) // 2, (rgb.shape[1] - side) // 2
    return np.asarray(
        cv2.resize(rgb[top : top + side, left : left + side], (STILL_PX, STILL_PX), interpolation=cv2.INTER_AREA),
        np.uint8,
    )


def _sound(clip: Path) -> tuple[F32, int]:
    """Return the clip's first sound track as mono samples, float32 (N,), and their rate."""
    blocks = []
    with av.open(clip) as container:
        track = container.streams.audio[0]
        to_mono = av.AudioResampler(format="fltp", layout="mono", rate=track.rate)
        for frame in container.decode(track):
            blocks += [heard.to_ndarray()[0] for heard in to_mono.resample(frame)]
        blocks += [heard.to_ndarray()[0] for heard in to_mono.resample(None)]
        rate = track.rate
    return np.concatenate(blocks).astype(np.float32), rate
