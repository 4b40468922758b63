"""What does each masker and merger do, as a picture?"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

import cv2
import numpy as np
from matplotlib.figure import Figure

from understudy.demo.expression import Expression
from understudy.demo.puppet import Pose
from understudy.pictures import encode_png
from understudy_sdk import ClipPosition, Crop, Region, Swap
from understudy_sdk.geometry import crop_corners
from understudy_sdk.warp import warp_picture

from .canvas import GOOD, outline, panels, show
from .material import Material

__all__ = ["MASK_PICTURES"]

TURNED: Final = Pose(yaw_deg=24, pitch_deg=-4)
COLORED_OR_NOT: Final = {"color_transfer: none": {"color_transfer": "none"}, "color_transfer: rct, as usual": {}}


def masker_hull(material: Material) -> Figure:
    """Hulls with and without forehead, widened on one side, and their edges."""
    crop, axes = material.crop(material.portraits["astronaut"].rgb, "whole_face", 256), panels(4)
    for place, (title, settings) in enumerate({
        "brow_expansion: 0": {"brow_expansion": 0.0},
        "as usual (brow_expansion: 1)": {},
        "expand_top_px: 30, expand_left_px: 20": {"expand_top_px": 30.0, "expand_left_px": 20.0},
    }.items()):  # fmt: skip
        _masked(axes[place], crop, _mask(material, crop, "hull", **settings), title)
    soft, hard = (_mask(material, crop, "hull", edges=edges)[150:190, 60:100] for edges in ("smooth", "hard"))
    show(axes[3], np.vstack([hard[:20], soft[:20]]), "the edge enlarged: hard above smooth", grey=(0, 1))
    return axes[0].figure


def _mask(material: Material, crop: Crop, name: str, **settings: Any) -> Any:
    return material.stage("masker", name, **settings).mask([crop])[0].values


def _masked(axes: Any, crop: Crop, mask: Any, title: str) -> None:
    """Show a crop, darkened where the mask leaves it out, with the mask's edge."""
    dark = crop.rgb.astype(np.float32) * (0.35 + 0.65 * mask[..., None])
    outline(show(axes, dark.astype(np.uint8), title), mask)


def masker_mesh(material: Material) -> Figure:
    """The mesh's outline beside the hull, on a turned head, and up the forehead."""
    front = material.crop(material.portraits["astronaut"].rgb, "whole_face", 256)
    turned = material.crop(material.posed("astronaut", TURNED), "whole_face", 256)
    axes = panels(4)
    _masked(axes[0], front, _mask(material, front, "mesh"), "mesh")
    _masked(axes[1], front, _mask(material, front, "mesh", forehead=0.15), "mesh, forehead: 0.15")
    for place, (crop, title) in enumerate(((front, "mesh and hull (blue)"), (turned, "the same, head turned")), 2):
        _masked(axes[place], crop, _mask(material, crop, "mesh"), title)
        outline(axes[place], _mask(material, crop, "hull"), GOOD)
    return axes[0].figure


def masker_eyes_mouth(material: Material) -> Figure:
    """Eyes, mouth, brows and lips, with narrow and wide soft edges."""
    rgb = material.posed("astronaut", Pose(), Expression(mouth_open=0.5))
    crop, axes = material.crop(rgb, "full", 256), panels(4)
    for place, (title, settings) in enumerate({
        "as usual: eyes and mouth": {},
        "regions: [eyes, brows, lips]": {"regions": ("eyes", "brows", "lips")},
        "grow_px: 12": {"grow_px": 12.0},
        "grow_px: 12, blur_px: 48": {"grow_px": 12.0, "blur_px": 48.0},
    }.items()):  # fmt: skip
        mask = _mask(material, crop, "eyes_mouth", **settings)
        show(axes[place], (crop.rgb * (0.3 + 0.7 * mask[..., None])).astype(np.uint8), title)
    return axes[0].figure


def masker_external(material: Material) -> Figure:
    """A matte of the whole frame, a crop's share of it, and joined with the hull."""
    rgb = material.posed("astronaut", Pose(roll_deg=8))
    covered, matte = _with_bar(rgb)
    matte_file = material.folder / "matte.png"
    matte_file.write_bytes(encode_png(matte))
    crop = material.crop(rgb, "full", 256)
    crop = Crop(
        warp_picture(covered, crop.frame_to_crop, 256), crop.frame_to_crop, crop.face_type, crop.landmarks, crop.mesh,
        ClipPosition("clip", Fraction(0), 0, 512, 512),
    )  # fmt: skip
    external = _mask(material, crop, "external", mattes=str(matte_file))
    hull, axes = _mask(material, crop, "hull"), panels(4)
    show(axes[0], covered, "a frame, something before the face")
    show(axes[1], matte, "its matte, from an editor", grey=(0, 255))
    _masked(axes[2], crop, external, "external: the matte over the crop")
    _masked(axes[3], crop, np.minimum(external, hull), "join: minimum, of hull and external")
    return axes[0].figure


def _with_bar(rgb: Any) -> tuple[Any, Any]:
    """Return a picture with a rod across the face, and a matte of what is not the rod."""
    covered, matte = rgb.copy(), np.full(rgb.shape[:2], 255, np.uint8)
    ends = ((90, 330), (400, 150))
    cv2.line(covered, *ends, (46, 92, 66), 34, cv2.LINE_AA)
    cv2.line(covered, *(np.subtract(end, (3, 7)).tolist() for end in ends), (86, 140, 108), 8, cv2.LINE_AA)
    cv2.line(matte, *ends, 0, 36, cv2.LINE_AA)
    return covered, cv2.GaussianBlur(matte, (0, 0), 1.2)


def masks_joined(material: Material) -> Figure:
    """Two soft masks, their minimum and their product."""
    crop, axes = material.crop(material.portraits["hopper"].rgb, "full", 256), panels(4)
    one = _mask(material, crop, "eyes_mouth", regions=("eyes", "brows", "lips"), grow_px=20.0, blur_px=60.0)
    other = cv2.GaussianBlur(_mask(material, crop, "hull"), (0, 0), 14)
    for axis, mask, title in zip(
        axes, (one, other, np.minimum(one, other), one * other),
        ("one soft mask", "another", "join: minimum", "join: product"), strict=True,
    ):  # fmt: skip
        show(axis, mask, title, grey=(0, 1))
    return axes[0].figure


def _merged(material: Material, name: str, ways: Mapping[str, Mapping[str, Any]] = COLORED_OR_NOT) -> Figure:
    """Lay another portrait's crop over a face: a stand-in for a model's answer, in another light on purpose."""
    target = material.posed("astronaut", Pose(yaw_deg=-6))
    source = material.crop(material.portraits["hopper"].rgb, "full", 192)
    crop = material.crop(target, "full", 192)
    mask = material.stage("masker", "hull").mask([crop])[0]
    swap = Swap(np.clip(source.rgb.astype(np.float32) / 255, 0, 1))
    corners = crop_corners(crop.frame_to_crop, 192)
    low = np.clip(np.floor(corners.min(axis=0)).astype(int) - 8, 0, None)
    high = np.ceil(corners.max(axis=0)).astype(int) + 8
    region = Region(target[low[1] : high[1], low[0] : high[0]].astype(np.float32) / 255, int(low[0]), int(low[1]))
    axes = panels(4)
    show(axes[0], target[low[1] : high[1], low[0] : high[0]], "the frame, around the face")
    show(axes[1], source.rgb, "stand-in for a model's answer")
    for axis, (title, settings) in zip(axes[2:], ways.items(), strict=True):
        layer = material.stage("merger", name, mask_erode_px=4, mask_blur_px=20, **settings).merge(
            region, swap, crop, mask
        )
        alpha = layer.mask[..., None]
        picture = region.rgb * (1 - alpha) + layer.rgb * alpha
        show(axis, np.clip(picture, 0, 1), title)
    return axes[0].figure


def merger_overlay(material: Material) -> Figure:
    """The overlay, without and with colour transfer."""
    return _merged(material, "overlay")


def merger_seamless_clone(material: Material) -> Figure:
    """The seamless clone, without and with colour transfer."""
    return _merged(material, "seamless_clone")


def merger_laplacian(material: Material) -> Figure:
    """The multi-band blend, without and with colour transfer."""
    return _merged(material, "laplacian")


def merger_hist_match(material: Material) -> Figure:
    """The histogram match, without and with colour transfer before it."""
    return _merged(material, "hist_match")


def merger_seamless_hist_match(material: Material) -> Figure:
    """The clone with a histogram match, without and with colour transfer before it."""
    return _merged(material, "seamless_hist_match")


def merger_raw(material: Material) -> Figure:
    """The raw face, over its mask and over its square."""
    return _merged(material, "raw", {"over: mask, as usual": {}, "over: square": {"over": "square"}})


MASK_PICTURES: Final = {
    "masker-hull": masker_hull,
    "masker-mesh": masker_mesh,
    "masker-eyes_mouth": masker_eyes_mouth,
    "masker-external": masker_external,
    "masks-joined": masks_joined,
    "merger-overlay": merger_overlay,
    "merger-seamless_clone": merger_seamless_clone,
    "merger-laplacian": merger_laplacian,
    "merger-hist_match": merger_hist_match,
    "merger-seamless_hist_match": merger_seamless_hist_match,
    "merger-raw": merger_raw,
}
