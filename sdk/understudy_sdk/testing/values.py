"""Which values do the contract tests feed to a stage? Small, drawn by formula, the same on every machine."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from understudy_sdk import mesh as meshes
from understudy_sdk.errors import MissingWeightsError
from understudy_sdk.stages import Resources
from understudy_sdk.types import F32, U8, Crop, Face, FaceType, Frame, Region
from understudy_sdk.weights import WeightFile

__all__ = [
    "CROP_OFFSET",
    "TIME_BASE",
    "face_frame",
    "frozen",
    "offline_cpu",
    "plain_crop",
    "plain_face",
    "plain_frame",
    "plain_landmarks",
    "plain_mesh",
    "plain_region",
]

TIME_BASE: Final = Fraction(1, 25)
"""Seconds per tick of every frame made here."""

CROP_OFFSET: Final = (8, 6)
"""Where the crops made here have their top-left corner in their frame, x and y in px."""

# Side of the square that holds brows to chin, as a share of the crop's side, and its top edge's share; about as
# DeepFaceLab's crop squares have it.
_FACE_SHARE: Final[dict[FaceType, tuple[float, float]]] = {
    FaceType.HALF: (0.94, 0.06),
    FaceType.MID_FULL: (0.80, 0.10),
    FaceType.FULL: (0.62, 0.19),
    FaceType.FULL_NO_ALIGN: (0.62, 0.19),
    FaceType.WHOLE_FACE: (0.46, 0.30),
    FaceType.HEAD: (0.33, 0.50),
    FaceType.HEAD_NO_ALIGN: (0.33, 0.33),
    FaceType.MESH: (0.46, 0.30),
}


def frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Make an array read-only and return it, so that a stage that writes to its input fails loudly."""
    array.flags.writeable = False
    return array


def plain_frame(level: int = 120, width: int = 64, height: int = 48, pts: int = 0) -> Frame:
    """Return a frame of one grey level, 0 to 255; nobody is in it."""
    return Frame(frozen(np.full((height, width, 3), level, np.uint8)), pts, TIME_BASE)


def face_frame(width: int = 320, height: int = 240, centre: tuple[float, float] = (0.5, 0.5), pts: int = 0) -> Frame:
    """Return a frame with one drawn face, half the frame's height tall.

    Args:
        width: Of the frame in px.
        height: Of the frame in px.
        centre: Of the face, x and y as shares of the frame.
        pts: Presentation time in ``TIME_BASE`` ticks.
    """
    row, column = np.mgrid[0:height, 0:width]
    # Face coordinates: 0, 0 between the eyes and the mouth, 1 is the face's half height.
    x = (column - centre[0] * width) / (height / 4)
    y = (row - centre[1] * height) / (height / 4)
    rgb = np.full((height, width, 3), (70, 90, 110), np.float64)
    for x0, y0, half_width, half_height, color in _CARTOON:
        distance = np.hypot((x - x0) / half_width, (y - y0) / half_height)
        cover = np.clip((1 - distance) * min(half_width, half_height) * 12, 0, 1)[..., None]
        rgb = rgb * (1 - cover) + np.array(color) * cover
    return Frame(frozen(rgb.round().astype(np.uint8)), pts, TIME_BASE)


# Ellipses in drawing order: centre x, y, half width, half height (face coordinates), colour.
_CARTOON: Final[tuple[tuple[float, float, float, float, tuple[int, int, int]], ...]] = (
    (0.00, -0.15, 0.86, 1.10, (60, 42, 34)),  # hair
    (0.00, 0.05, 0.74, 0.98, (224, 178, 152)),  # face
    (-0.30, -0.32, 0.19, 0.05, (74, 52, 42)),  # brows
    (0.30, -0.32, 0.19, 0.05, (74, 52, 42)),
    (-0.30, -0.12, 0.16, 0.08, (244, 240, 236)),  # eyes
    (0.30, -0.12, 0.16, 0.08, (244, 240, 236)),
    (-0.30, -0.12, 0.07, 0.08, (48, 36, 30)),  # pupils
    (0.30, -0.12, 0.07, 0.08, (48, 36, 30)),
    (0.00, 0.14, 0.07, 0.24, (206, 156, 130)),  # nose
    (-0.07, 0.36, 0.05, 0.03, (150, 100, 84)),  # nostrils
    (0.07, 0.36, 0.05, 0.03, (150, 100, 84)),
    (0.00, 0.60, 0.28, 0.09, (176, 86, 84)),  # lips
    (0.00, 0.60, 0.24, 0.02, (112, 44, 46)),
)


def plain_face(
    width: int = 320, height: int = 240, centre: tuple[float, float] = (0.5, 0.5), score: float = 0.9, eyes: bool = True
) -> Face:
    """Return the face that ``face_frame`` draws with the same arguments, as a detector would."""
    unit = height / 4
    at = np.array([centre[0] * width, centre[1] * height])
    corners = np.array([[-0.74, -0.60], [0.74, 0.95]]) * unit + at
    pupils = np.array([[-0.30, -0.12], [0.30, -0.12]]) * unit + at
    return Face(
        box=frozen(corners.reshape(4).astype(np.float32)),
        score=score,
        eyes=frozen(pupils.astype(np.float32)) if eyes else None,
    )


def plain_landmarks(size: int = 64, face_type: FaceType = FaceType.FULL) -> F32:
    """Return 68 plausible iBUG points inside a crop of that type, float32 (68, 2), in the crop's pixels."""
    share, top = _FACE_SHARE[face_type]
    points = _unit_landmarks() * share + np.array([(1 - share) / 2, top])
    return np.asarray(frozen((points * size).astype(np.float32)))


def _unit_landmarks() -> npt.NDArray[np.float64]:
    """Return 68 points of a plain frontal face; the unit square runs from the brows to the chin."""

    def arc(x: float, y: float, across: float, down: float, degrees: tuple[float, ...]) -> list[tuple[float, float]]:
        turns = np.radians(degrees)
        return [(x + across * np.cos(turn), y + down * np.sin(turn)) for turn in turns]

    jaw = arc(0.5, 0.25, 0.5, 0.75, tuple(np.linspace(180, 0, 17)))
    brows = [point for x in (0.26, 0.74) for point in arc(x, 0.1, 0.17, 0.09, (180, 225, 270, 315, 360))]
    nose = [(0.5, y) for y in (0.2, 0.3, 0.4, 0.5)] + [(x, 0.56) for x in (0.4, 0.45, 0.5, 0.55, 0.6)]
    eyes = [point for x in (0.28, 0.72) for point in arc(x, 0.22, 0.1, 0.04, (180, 240, 300, 0, 60, 120))]
    outer_lips = arc(0.5, 0.76, 0.2, 0.07, tuple(range(180, 540, 30)))
    inner_lips = arc(0.5, 0.76, 0.15, 0.02, tuple(range(180, 540, 45)))
    return np.array(jaw + brows + nose + eyes + outer_lips + inner_lips)


def plain_mesh(size: int = 64, face_type: FaceType = FaceType.FULL) -> F32:
    """Return a plausible dense mesh inside a crop of that type, float32 (468, 3), in the crop's pixels.

    Its rim is an ellipse around the landmarks, its steady points lie as on a mean head, and the rest fills the rim.
    """
    share, top = _FACE_SHARE[face_type]
    points = np.empty((meshes.COUNTS[0], 3))
    turns = np.arange(len(points)) * 2.4  # the golden angle: evenly over a disc
    spread = np.sqrt(np.arange(len(points)) / len(points))
    points[:, :2] = 0.25 * spread[:, None] * np.column_stack([np.sin(turns), -np.cos(turns)])
    rim = np.linspace(0, 2 * np.pi, len(meshes.FACE_OVAL), endpoint=False)
    points[list(meshes.FACE_OVAL), :2] = np.column_stack([0.27 * np.sin(rim), -0.33 * np.cos(rim)])
    points[:, 2] = 4.0 * points[:, 0] ** 2 - 0.1  # cheeks lie further back than the nose
    points[list(meshes.STEADY)] = meshes.TEMPLATE / (1.0, 1.0, meshes.DEPTH)
    mesh = points * (share / 0.46) + (0.5, top + share * (0.2 / 0.46), 0.0)
    return np.asarray(frozen((mesh * size).astype(np.float32)))


def plain_crop(level: int = 120, size: int = 64, face_type: FaceType = FaceType.FULL, seed: int = 0) -> Crop:
    """Return a crop of noise around a grey level, whose frame has the same scale.

    The crop's top-left corner lies at ``CROP_OFFSET`` of its frame; its landmarks and its mesh lie inside the crop.
    """
    noise = np.random.default_rng(seed).integers(-30, 31, (size, size, 3))
    frame_to_crop = np.array([[1.0, 0.0, -CROP_OFFSET[0]], [0.0, 1.0, -CROP_OFFSET[1]]])
    rgb: U8 = frozen(np.clip(level + noise, 0, 255).astype(np.uint8))
    return Crop(
        rgb=rgb,
        frame_to_crop=frozen(frame_to_crop),
        face_type=face_type,
        landmarks=plain_landmarks(size, face_type),
        mesh=plain_mesh(size, face_type),
    )


def plain_region(width: int = 96, height: int = 80, seed: int = 0) -> Region:
    """Return a region of soft noise from the frame's top-left corner on; it holds the crops made here up to 64 px."""
    coarse = np.random.default_rng(seed).uniform(0.2, 0.8, ((height + 15) // 8, (width + 15) // 8, 3))
    fine = np.repeat(np.repeat(coarse, 8, axis=0), 8, axis=1)[:height, :width]
    return Region(rgb=frozen(fine.astype(np.float32)), x0=0, y0=0)


def offline_cpu(weights: Callable[[WeightFile], Path] | None = None) -> Resources:
    """Return one CPU thread, and weight files only where ``weights`` finds them; by default there are none."""
    return Resources(device="cpu", weights=weights or _nothing_here, threads=1)


def _nothing_here(weight: WeightFile) -> Path:
    raise MissingWeightsError(weight.name, [str(source) for source in weight.sources])
