"""By which figures can the faces of a faceset be put in order, and what is each called elsewhere?

A figure is known without opening the picture (``known``), or measured on it (``measured``), or says how faces stand to
each other (``among``; see ``orders``).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np

from understudy.errors import RequestError

from .facts import FaceFacts
from .looking import Sight
from .sharpness import cpbd_sharpness, fourier_detail, laplacian_variance, motion_sharpness

__all__ = ["METRICS", "Among", "Metric", "metric_named"]

Among = Literal["histogram", "histogram_far", "picture", "picture_far", "shape", "shape_far", "person", "time"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure to order faces by; exactly one of ``known``, ``measured`` and ``among`` is given.

    Attributes:
        name: What the command line calls it.
        summary: What it says of a face.
        elsewhere: What DeepFaceLab (DFL) and faceswap (FS) call it.
        descending: Whether the greatest figure comes first.
        known: Gives it from facts.
        measured: Gives it from a picture.
        among: Which comparison gives it.
    """

    name: str
    summary: str
    elsewhere: str = ""
    descending: bool = True
    known: Callable[[FaceFacts], float] | None = None
    measured: Callable[[Sight], float] | None = None
    among: Among | None = None


def metric_named(name: str) -> Metric:
    """Return a metric.

    Raises:
        RequestError: None is called so; the nearest is named.
    """
    if name in METRICS:
        return METRICS[name]
    near = difflib.get_close_matches(name, METRICS, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise RequestError(f"no metric is called {name!r}.{hint}\n  to see them all: understudy faceset metrics")


def _brightness(sight: Sight) -> float:
    return float(sight.rgb.max(axis=2).mean())


def _hue(sight: Sight) -> float:
    return float(cv2.cvtColor(sight.rgb, cv2.COLOR_RGB2HSV)[..., 0].mean())


def _black(sight: Sight) -> float:
    return float(np.count_nonzero(sight.rgb == 0))


def _green(sight: Sight) -> float:
    red, green, blue = sight.rgb.reshape(-1, 3).mean(axis=0)
    return float(green / 2 - (red + blue) / 4)


def _orange(sight: Sight) -> float:
    red, _, blue = sight.rgb.reshape(-1, 3).mean(axis=0)
    return float((red - blue) / 2)


_EVERY: Final = (
    Metric("sharpness", "variance of the Laplacian at 256 px under the mask", known=lambda face: face.sharpness),
    Metric(
        "blur", "CPBD: share of edges too sharp to be seen as blurred", "DFL blur",
        measured=lambda sight: cpbd_sharpness(sight.grey_face),
    ),
    Metric(
        "motion_blur", "variance of a wide Laplacian under the mask", "DFL motion-blur",
        measured=lambda sight: motion_sharpness(sight.grey_face),
    ),
    Metric(
        "laplacian", "variance of the Laplacian of the whole picture over its side", "FS blur",
        measured=lambda sight: laplacian_variance(sight.grey),
    ),
    Metric(
        "blur_fft", "detail left without the coarse shapes, in decibels", "FS blur-fft",
        measured=lambda sight: fourier_detail(sight.grey),
    ),
    Metric("yaw", "degrees turned to the picture's left", "DFL face-yaw, FS yaw", known=lambda face: face.yaw_deg),
    Metric("pitch", "degrees turned upwards", "DFL face-pitch, FS pitch", known=lambda face: face.pitch_deg),
    Metric("roll", "degrees leaning clockwise", "FS roll", known=lambda face: face.roll_deg),
    Metric(
        "size", "side in the frame of the square it was cut from, px", "DFL face-source-rect-size, FS size",
        known=lambda face: face.size_px,
    ),
    Metric("score", "certainty of the finder", known=lambda face: face.score),
    Metric(
        "distance", "mean distance of the landmarks from the mean face", "FS distance", descending=False,
        known=lambda face: face.misfit,
    ),
    Metric("brightness", "mean HSV value", "DFL brightness", measured=_brightness),
    Metric("luma", "mean grey under the mask", "FS color-gray, color-luma", known=lambda face: face.luma),
    Metric("hue", "mean HSV hue, 0 to 179", "DFL hue", measured=_hue),
    Metric("green", "mean green over purple (Cg of YCoCg)", "FS color-green", measured=_green),
    Metric("orange", "mean orange over blue (Co of YCoCg)", "FS color-orange", measured=_orange),
    Metric("black", "number of colour samples that are 0", "DFL black, FS color-black", descending=False,
           measured=_black),
    Metric("time", "clip and frame", "DFL origname", among="time"),
    Metric(
        "faces_in_frame", "faces the set has of the same frame: first those alone", "DFL oneface", descending=False,
        known=lambda face: float(face.faces_in_frame),
    ),
    Metric("hist", "each beside the nearest in colour histograms", "DFL hist, FS hist", among="histogram"),
    Metric("hist_dissim", "farthest from all others in grey histograms first", "DFL hist-dissim, FS dissim",
           among="histogram_far"),
    Metric("absdiff", "each beside the nearest in pixels", "DFL absdiff (similar)", among="picture"),
    Metric("absdiff_dissim", "each beside the farthest in pixels", "DFL absdiff (dissimilar)", among="picture_far"),
    Metric("landmarks", "each beside the nearest in landmarks", "FS face-cnn", among="shape"),
    Metric("landmarks_dissim", "farthest from all others in landmarks first", "FS face-cnn-dissim",
           among="shape_far"),
    Metric("person", "by person, the most typical track of each first", "FS face", among="person"),
)  # fmt: skip

METRICS: Final = {metric.name: metric for metric in _EVERY}
"""Every metric by its name."""
