"""What does a compositor get beside the merged clip, as a picture?"""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.figure import Figure

from understudy_sdk import Region, Swap
from understudy_sdk.geometry import crop_corners

from .canvas import panels, show
from .material import Material

__all__ = ["LAYER_PICTURES"]


def layers(material: Material) -> Figure:
    """A frame, the layer over a chequerboard, its mask, and the layer over the frame."""
    frame = material.portraits["astronaut"].rgb
    crop, other = material.crop(frame), material.crop(material.portraits["hopper"].rgb)
    (mask,) = material.stage("masker", "hull").mask([crop])
    corners = crop_corners(crop.frame_to_crop, crop.size)
    (x0, y0), (x1, y1) = np.maximum(corners.min(axis=0).astype(int), 0), corners.max(axis=0).astype(int)
    under = np.ascontiguousarray(frame[y0:y1, x0:x1], np.float32) / 255
    merger = material.stage("merger", "overlay", color_transfer="rct", mask_erode_px=6, mask_blur_px=12)
    layer = merger.merge(Region(under, int(x0), int(y0)), Swap(other.rgb.astype(np.float32) / 255), crop, mask)
    rows, columns = np.mgrid[: under.shape[0], : under.shape[1]]
    board = np.repeat((0.55 + 0.2 * ((rows // 12 + columns // 12) % 2))[..., None], 3, axis=2)
    alpha = layer.mask[..., None]
    axes = panels(4)
    show(axes[0], under, "the clip")
    show(axes[1], np.clip(board * (1 - alpha) + layer.rgb * alpha, 0, 1), "the layer: face and alpha")
    show(axes[2], np.repeat(alpha, 3, axis=2), "the mask alone")
    show(axes[3], np.clip(under * (1 - alpha) + layer.rgb * alpha, 0, 1), "layer over clip: the merged clip")
    return axes[0].figure


LAYER_PICTURES: Final = {"tool-layers": layers}
