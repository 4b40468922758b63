"""What does each enhancer do, as a picture?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure

from understudy_sdk import Swap
from understudy_sdk.five_points import FFHQ, five_points, upright
from understudy_sdk.geometry import invert, transform_points
from understudy_sdk.warp import resize_square, warp_picture

from .canvas import ACCENT, panels, points, show
from .material import Material

__all__ = ["ENHANCER_PICTURES"]

_SIDE: Final = 320


def enhancer_detail(material: Material) -> Figure:
    """A face as 80 px of a model would hold it, and with the target's fine detail."""
    crop = material.crop(material.portraits["astronaut"].rgb, "full", _SIDE)
    small = resize_square(crop.rgb.astype(np.float32) / 255, 80, interpolation="cubic").clip(0, 1)
    enhanced = material.stage("enhancer", "detail", size=_SIDE).enhance([Swap(small)], [crop])[0].rgb
    here = slice(90, 230)
    axes = panels(3)
    for axis, picture, title in zip(
        axes,
        (resize_square(small, _SIDE, interpolation="cubic").clip(0, 1), enhanced, crop.rgb),
        ("stand-in for an answer of 80 px", "with the target's detail", "the target"),
        strict=True,
    ):
        show(axis, picture[here, here], title)
    return axes[0].figure  # type: ignore[no-any-return]


def enhancer_onnx_restorer(material: Material) -> Figure:
    """The square of a tilted crop that a restorer is shown, drawn without one."""
    crop = material.crop(material.portraits["hopper"].rgb, "whole_face", _SIDE)
    to_face = upright(crop.landmarks, FFHQ * 256)
    axes = panels(2)
    axis = show(axes[0], crop.rgb, "the crop, its five points, the restorer's square")
    points(axis, five_points(crop.landmarks), 28)
    corners = transform_points(invert(to_face), np.array([(0, 0), (256, 0), (256, 256), (0, 256), (0, 0)], np.float64))
    axis.plot(*corners.T, color=ACCENT, lw=1.4)
    show(axes[1], warp_picture(crop.rgb, to_face, 256), "what the restorer is shown")
    return axes[0].figure  # type: ignore[no-any-return]


ENHANCER_PICTURES: Final[Mapping[str, Callable[[Material], Any]]] = {
    "enhancer-detail": enhancer_detail,
    "enhancer-onnx_restorer": enhancer_onnx_restorer,
}
