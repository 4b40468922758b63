"""How does a face take on the colours of another picture?"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, overload

import cv2
import numpy as np
import numpy.typing as npt

from . import color_distributions as distributions
from .color_lattice import idt_lattice, sot_lattice
from .histograms import match_histograms
from .linear_light import from_light, has_light, to_light
from .texture_config import TextureConfig
from .types import ColorDescription, ColorMove

__all__ = ["move_colors", "rct", "recolored", "to_lab"]

F32 = npt.NDArray[np.float32]

_LAB_ENDS: Final = (0.0, -127.0, -127.0), (100.0, 127.0, 127.0)
_ON_WHOLE_CROP: Final = ("mkl", "idt")
_THINNED_FROM_PX: Final = 192
_MIX_LIGHTNESS: Final = 100 / 2.55  # at which DeepFaceLab's mix moves colours: 100 of 8 bits


def recolored(
    config: TextureConfig,
    face: F32,
    target: F32,
    weights: F32,
    *,
    color: ColorDescription | None = None,
    look: ColorMove | None = None,
) -> F32:
    """Return a face in the target's colours as the settings say.

    Args:
        config: The settings.
        face: float32 (h, w, 3), RGB, 0 to 1, in the clip's transfer.
        target: float32 (h, w, 3): what the face covers.
        weights: float32 (h, w), 0 to 1: how much of the face shows where.
        color: What the clip's numbers mean; without it nothing is done in linear light.
        look: What to do to the target's colours first: its crop's.

    Returns:
        float32 (h, w, 3), 0 to 1; the face itself where no transfer is asked for or less than a pixel shows.
    """
    way = config.color_transfer
    if way == "none" or float(weights.sum()) < 1.0:
        return face
    if look is not None:
        target = move_colors(target, look)
    if not (config.linear_light and color is not None and has_light(color)):
        return _transferred(config, face, target, weights, is_light=False)
    light = _transferred(config, to_light(face, color), to_light(target, color), weights, is_light=True)
    return np.clip(from_light(light, color), 0.0, 1.0)


def move_colors(picture: F32, move: ColorMove) -> F32:
    """Return a picture with its colours moved, float32 (h, w, 3), 0 to 1."""
    return _from_lab(_moved_lab(to_lab(picture), move.gain, move.offset))


def rct(
    picture: F32,
    reference: F32,
    picture_weights: F32 | None = None,
    reference_weights: F32 | None = None,
    *,
    is_light: bool = False,
    is_zeroed: bool = False,
) -> F32:
    """Give a picture the reference's mean and contrast, channel by channel in L*a*b*.

    E. Reinhard, M. Ashikhmin, B. Gooch and P. Shirley, "Color Transfer between Images", IEEE CG&A 21(5), 2001, with
    CIE L*a*b* (OpenCV's, from sRGB) for the paper's own space, as DeepFaceLab does. Weighted statistics count only the
    weighted pixels; DeepFaceLab's masked form instead counts the others as black, which pulls colours towards grey.

    Args:
        picture: float32 (H, W, 3), RGB, 0 to 1: what is recoloured, all of it.
        reference: float32 (any, any, 3), RGB, 0 to 1.
        picture_weights: float32 (H, W), how much each pixel counts in the statistics; all alike by default.
        reference_weights: float32 of the reference's height and width.
        is_light: Whether both are amounts of light.
        is_zeroed: Count pixels of weight 0 as black and all others alike, as DeepFaceLab's masked form.

    Returns:
        float32 (H, W, 3), 0 to 1. A channel without contrast is only moved; without any weight the picture stays. Of
        pictures of 192 px and more, every second row and column counts: that is as good and four times faster.
    """
    lab, reference = to_lab(picture, is_light=is_light), _thinned(reference)
    statistics = _zeroed_mean_and_deviation if is_zeroed else _mean_and_deviation
    here = statistics(_thinned(lab), _thinned(picture_weights))
    there = statistics(to_lab(reference, is_light=is_light), _thinned(reference_weights))
    if here is None or there is None:
        return picture
    (mean, deviation), (reference_mean, reference_deviation) = here, there
    has_contrast = deviation > 1e-4  # of L*a*b*'s 100: less is rounding
    gain = np.divide(reference_deviation, deviation, out=np.ones_like(deviation), where=has_contrast)
    return _from_lab(_moved_lab(lab, gain, reference_mean - mean * gain), is_light=is_light)


def to_lab(rgb: F32, *, is_light: bool = False) -> F32:
    """Return CIE L*a*b*, float32 (h, w, 3), of sRGB or of amounts of light."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_LRGB2Lab if is_light else cv2.COLOR_RGB2Lab), np.float32)


def _transferred(config: TextureConfig, face: F32, target: F32, weights: F32, *, is_light: bool) -> F32:
    way, is_zeroed = config.color_transfer, config.color_statistics == "zeroed"
    if way == "rct":
        return rct(face, target, weights, weights, is_light=is_light, is_zeroed=is_zeroed)
    if is_zeroed:
        if way.endswith("_m"):
            shown = (weights > 0).astype(np.float32)[..., None]
            face, target = face * shown, target * shown
        return _ZEROED_WAYS[way](face, target)
    return _WAYS[way](face, target, None if way in _ON_WHOLE_CROP else weights)


def _mixed(face: F32, target: F32, weights: F32 | None) -> F32:
    """Give a face the target's lightness by mean and contrast, and its colours at one lightness by transport."""
    lab, target_lab = to_lab(face), to_lab(target)
    level, target_level = (_at_one_lightness(some) for some in (lab, target_lab))
    return _with_lightness(to_lab(sot_lattice(level, target_level, weights, is_smooth=False)), lab, target_lab, weights)


def _mixed_zeroed(face: F32, target: F32) -> F32:
    """As DeepFaceLab mixes: its transport works on 8-bit numbers, whose moves hardly smooth into each other."""
    lab, target_lab = to_lab(face), to_lab(target)
    level, target_level = (_at_one_lightness(some) for some in (lab, target_lab))
    moved = distributions.sot(level, target_level, _directions(5), sigma_color=5.0 / 255.0)
    return _with_lightness(to_lab(moved), lab, target_lab, None)


def _with_lightness(colors: F32, lab: F32, target_lab: F32, weights: F32 | None) -> F32:
    here, there = _mean_and_deviation(lab, weights), _mean_and_deviation(target_lab, weights)
    colors[..., 0] = lab[..., 0]
    if here is not None and there is not None:
        gain = there[1][0] / max(float(here[1][0]), 1e-3)
        colors[..., 0] = np.clip((lab[..., 0] - here[0][0]) * gain + there[0][0], 0.0, 100.0)
    return _from_lab(colors)


def _at_one_lightness(lab: F32) -> F32:
    level = lab.copy()
    level[..., 0] = _MIX_LIGHTNESS
    return _from_lab(level)


def _directions(batch: int) -> npt.NDArray[np.float64]:
    return distributions.draw_directions(np.random.default_rng(3), 10, batch)


_WAYS: Final[dict[str, Callable[[F32, F32, F32 | None], F32]]] = {
    "lct": distributions.lct,
    "mkl": distributions.mkl,
    "mkl_m": distributions.mkl,
    "idt": idt_lattice,
    "idt_m": idt_lattice,
    "sot_m": sot_lattice,
    "mix_m": _mixed,
    "hist": lambda face, target, weights: match_histograms(face, target, weights, weights),
}

_ZEROED_WAYS: Final[dict[str, Callable[[F32, F32], F32]]] = {
    "lct": distributions.lct,
    "mkl": distributions.mkl,
    "mkl_m": distributions.mkl,
    "idt": lambda face, target: distributions.idt(face, target, distributions.draw_rotations(np.random.default_rng(3))),
    "idt_m": lambda face, target: distributions.idt(
        face, target, distributions.draw_rotations(np.random.default_rng(3))
    ),
    "sot_m": lambda face, target: distributions.sot(face, target, _directions(30)),
    "mix_m": _mixed_zeroed,
    "hist": match_histograms,
}


def _from_lab(lab: F32, *, is_light: bool = False) -> F32:
    rgb = cv2.cvtColor(lab, cv2.COLOR_Lab2LRGB if is_light else cv2.COLOR_Lab2RGB)
    return np.clip(np.asarray(rgb, np.float32), 0.0, 1.0)


def _moved_lab(lab: F32, gain: F32, offset: F32) -> F32:
    """Return ``lab * gain + offset``, cut to what L*a*b* holds."""
    affine = np.concatenate([np.diag(gain), offset[:, None]], axis=1)
    moved = np.asarray(cv2.transform(lab, affine), np.float32)  # many times faster than arrays of three columns
    rows = moved.reshape(moved.shape[0], -1)  # whole rows are cut many times faster than arrays of three columns
    np.clip(rows, *_lab_ends(moved.shape[1]), out=rows)
    return moved


@lru_cache(maxsize=64)
def _lab_ends(width: int) -> tuple[F32, F32]:
    """Return the least and the greatest numbers of a row of L*a*b*, float32 (width * 3,) each."""
    least, greatest = (np.tile(np.array(end, np.float32), width) for end in _LAB_ENDS)
    return least, greatest


@overload
def _thinned(picture: F32) -> F32: ...
@overload
def _thinned(picture: None) -> None: ...
@overload
def _thinned(picture: F32 | None) -> F32 | None: ...
def _thinned(picture: F32 | None) -> F32 | None:
    """Return every second row and column of a large picture."""
    if picture is None or min(picture.shape[:2]) < _THINNED_FROM_PX:
        return picture
    return np.ascontiguousarray(picture[::2, ::2])


def _mean_and_deviation(lab: F32, weights: F32 | None) -> tuple[F32, F32] | None:
    """Return mean and standard deviation per channel, float32 (3,) each, or nothing where nothing counts."""
    shares = np.full(lab.shape[0] * lab.shape[1], 1.0, np.float32) if weights is None else weights.reshape(-1)
    total = np.float32(shares.sum())
    if total < 1.0:  # less than one pixel
        return None
    mean = shares @ lab.reshape(-1, 3) / total
    apart = _shifted(lab, -mean)
    apart *= apart
    return mean, np.sqrt(shares @ apart.reshape(-1, 3) / total)


def _shifted(lab: F32, by: F32) -> F32:
    shift = np.concatenate([np.eye(3), by[:, None]], axis=1)
    return np.asarray(cv2.transform(lab, shift), np.float32)


def _zeroed_mean_and_deviation(lab: F32, weights: F32 | None) -> tuple[F32, F32] | None:
    shown = lab if weights is None else np.where(weights[..., None] > 0, lab, np.float32(0.0))
    return _mean_and_deviation(shown, None)
