"""How do a clip's numbers become amounts of light for a picture of floats, and how are they looked at?"""

from __future__ import annotations

from typing import Final

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from understudy_sdk import ColorDescription
from understudy_sdk.linear_light import from_light, to_light
from understudy_sdk.types import F32

from .clip import ClipInfo
from .exr import alpha_plane
from .planes import has_alpha, layout_of, samples

__all__ = ["FLOAT_COLOR", "light_of", "light_picture", "shown_light"]

FLOAT_COLOR: Final = ColorDescription(matrix=0, primaries=1, transfer=13, is_full_range=True, bit_depth=16)
"""How amounts of light are shown and merged: by sRGB's curve, which goes on above white and below black."""


def shown_light(light: F32) -> F32:
    """Return amounts of light as numbers that a face can be looked for and merged in; what is no number becomes 0."""
    return from_light(np.nan_to_num(light, nan=0.0, posinf=65504.0, neginf=-65504.0), FLOAT_COLOR)


def light_of(shown: F32) -> F32:
    """Undo ``shown_light``."""
    return to_light(shown, FLOAT_COLOR)


def light_picture(picture: av.VideoFrame, info: ClipInfo, pixel_format: str) -> av.VideoFrame:
    """Turn a clip's stored frame into an upright picture of amounts of light, by its own matrix, range and transfer."""
    from .frame import DecodedFrame  # noqa: PLC0415 # which needs this file

    frame = DecodedFrame(picture, info, 0, VideoReformatter())
    region = frame.region(0, 0, info.width, info.height)
    light = to_light(region.rgb, info.color)
    result = av.VideoFrame(info.width, info.height, pixel_format)
    layout = layout_of(pixel_format)
    assert layout is not None
    for channel in range(3):
        samples(result, layout, channel)[...] = light[..., channel]
    if has_alpha(pixel_format):
        alpha_plane(result)[...] = info.orientation.upright(_alpha_of(picture))
    return result


def _alpha_of(picture: av.VideoFrame) -> F32:
    """Return how much of each pixel of a stored frame is seen, 0 to 1."""
    depth = max(one.bits for one in picture.format.components if one.is_alpha)
    step = 1 if len(picture.planes) == 4 else len(picture.format.components)
    first = 0 if step == 1 else picture.format.name.index("a")
    plane = picture.planes[3 if step == 1 else 0]
    kind = np.dtype(np.uint8 if depth <= 8 else np.uint16)
    if picture.format.is_big_endian:
        kind = kind.newbyteorder(">")
    table = np.frombuffer(plane, kind).reshape(-1, plane.line_size // kind.itemsize)  # type: ignore[call-overload]  # is a buffer
    values = table[: picture.height, first::step][:, : picture.width].astype(np.float32)
    return np.asarray(values / np.float32((1 << depth) - 1), np.float32)
