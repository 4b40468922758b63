"""Where in a frame does a crop lie, and how do points move between the two?

Pixels. An integer coordinate is a pixel's centre, in frames and crops alike, so an affine from here goes into
``cv2.warpAffine`` as it is. A crop of side S covers the square from 0 to S in its own coordinates (not from -0.5 to
S - 0.5, and not to S - 1): that is DeepFaceLab's convention, and facesets and models depend on it. It follows that the
same square at another size is reached by multiplication alone (``scale_crop``), whereas ``cv2.resize`` keeps the
picture's outer edges in place and would shift the content by up to half a pixel.

Affines are float64 (2, 3) and named for their direction: ``frame_to_crop``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from . import landmarks as marks
from . import mesh as meshes
from .errors import InvalidValueError
from .types import FaceType

__all__ = [
    "average_yaw",
    "compose",
    "crop_corners",
    "frame_to_crop",
    "head_pose",
    "invert",
    "mesh_to_crop",
    "mirror_landmarks",
    "scale_crop",
    "shift_origin",
    "transform_points",
    "umeyama",
]

F64 = npt.NDArray[np.float64]
Points = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class _Square:
    """A face type's crop in the unit square of the template.

    Attributes:
        padding: How far the crop reaches beyond the template's square, measured along a diagonal at each corner.
        center: Its middle, x y.
        is_upright: Whether it keeps the frame's axes instead of the face's.
    """

    padding: float
    center: tuple[float, float] = (0.5, 0.5)
    is_upright: bool = False

    @property
    def side(self) -> float:
        """Side of the crop, in sides of the template's square."""
        return 1.0 + 2.0 * math.sqrt(2.0) * self.padding


_SQUARES: Final = {
    FaceType.HALF: _Square(0.0),
    FaceType.MID_FULL: _Square(0.0675),
    FaceType.FULL: _Square(0.2109375),
    FaceType.FULL_NO_ALIGN: _Square(0.2109375, is_upright=True),
    FaceType.WHOLE_FACE: _Square(0.40, center=(0.5, 0.43)),  # 7 % up, for the forehead
    FaceType.HEAD: _Square(0.70, center=(0.5, 0.0)),  # half the square up, and sideways by the yaw
    FaceType.HEAD_NO_ALIGN: _Square(0.70, is_upright=True),
}


def umeyama(points: Points, template: Points) -> F64:
    """Return the similarity (rotation, uniform scale, shift) that brings points nearest to a template.

    Least squares without reflection; S. Umeyama, "Least-squares estimation of transformation parameters between two
    point patterns", IEEE PAMI 13(4), 1991, equations 39 to 43.

    Args:
        points: float (L, D), where they are, in the plane (D is 2) or in space (3).
        template: float (L, D), where they should be.

    Returns:
        float64 (D, D + 1), from the points' coordinates to the template's.

    Raises:
        InvalidValueError: The points all lie in one place, or are not finite.
    """
    points, template = np.asarray(points, np.float64), np.asarray(template, np.float64)
    points_mean, template_mean = points.mean(axis=0), template.mean(axis=0)
    spread = points.var(axis=0).sum()
    if not (np.isfinite(spread) and spread > 0.0):
        raise InvalidValueError("points to align", f"spread over {spread:g} px²", "finite and not all in one place")
    covariance = (template - template_mean).T @ (points - points_mean) / len(points)
    left, singular, right = np.linalg.svd(covariance)
    signs = np.ones(len(singular))
    signs[-1] = np.sign(np.linalg.det(left) * np.linalg.det(right)) or 1.0
    linear = (left * signs) @ right * (float(singular @ signs) / spread)
    return np.column_stack([linear, template_mean - linear @ points_mean])


def frame_to_crop(
    landmarks: Points, face_type: FaceType, size: int, scale: float = 1.0, *, mesh: Points | None = None
) -> F64:
    """Return where a face's crop lies: the affine from the frame's pixels to the crop's.

    DeepFaceLab's alignment in closed form: the 33 steady landmarks are brought onto the template, and the face type's
    square around it becomes the crop. ``FaceType.MESH`` lies by the mesh instead: its steady points are brought onto
    a mean head in three dimensions, so neither a turned head nor an open mouth changes the crop's scale.

    Args:
        landmarks: float (68, 2), x y in px of the frame.
        face_type: How much of the head the crop shows.
        size: The crop's side S in px.
        scale: Above 1 the crop shows less and the face is larger.
        mesh: float (468 or 478, 3), x y z in px of the frame; ``FaceType.MESH`` needs it, others do not look at it.

    Returns:
        float64 (2, 3).

    Raises:
        InvalidValueError: The points all lie in one place, or are not finite; or the mesh is missing.
    """
    if face_type is FaceType.MESH:
        return _frame_to_mesh_crop(meshes.require_mesh("the mesh for face type 'mesh'", mesh), size * scale, size / 2)
    landmarks = np.asarray(landmarks, np.float64)
    to_unit = umeyama(landmarks[list(marks.ALIGNED)], marks.TEMPLATE[np.subtract(marks.ALIGNED, 17)])
    square = _SQUARES[face_type]
    center = np.array(square.center)
    if face_type is FaceType.HEAD:
        yaw = average_yaw(transform_points(to_unit, landmarks))
        center[0] += 0.5 * yaw * abs(math.tanh(2.0 * yaw))  # a turned head shows its back on one side
    linear, crop_per_unit = to_unit[:, :2], size * scale / square.side
    if square.is_upright:
        center = transform_points(invert(to_unit), center[None])[0]
        unit_per_px = math.hypot(linear[0, 0], linear[1, 0])
        linear = np.eye(2) * (crop_per_unit * unit_per_px)
        return np.column_stack([linear, size / 2 - linear @ center])
    return np.column_stack([linear * crop_per_unit, (to_unit[:, 2] - center) * crop_per_unit + size / 2])


def head_pose(mesh: Points) -> F64:
    """Return how a head lies in the frame: the similarity from the frame's pixels to the mean head's coordinates.

    Args:
        mesh: float (468 or 478, 3), x y z in px of the frame.

    Returns:
        float64 (3, 4); applies to the mesh after its depths are multiplied by ``mesh.DEPTH``. See ``mesh.TEMPLATE``.

    Raises:
        InvalidValueError: It is no mesh of the known topology, or all in one place.
    """
    points = meshes.require_mesh("the mesh to fit", mesh)[list(meshes.STEADY)] * (1.0, 1.0, meshes.DEPTH)
    return umeyama(points, meshes.TEMPLATE)


def _frame_to_mesh_crop(mesh: F64, crop_per_unit: float, middle: float) -> F64:
    """Return the square that has the head's middle point in its own middle, turned as the head is in the picture."""
    to_head = head_pose(mesh)
    rotation = to_head[:, :3]  # times the scale
    # The turn in the picture: the rotation about z that is nearest to the whole. Nodding or turning away adds nothing.
    cos, sin = rotation[0, 0] + rotation[1, 1], rotation[1, 0] - rotation[0, 1]
    unit_per_px = float(np.cbrt(np.linalg.det(rotation)))
    center = (-rotation.T @ to_head[:, 3] / unit_per_px**2)[:2]
    linear = np.array([[cos, -sin], [sin, cos]]) * (unit_per_px * crop_per_unit / math.hypot(cos, sin))
    return np.column_stack([linear, middle - linear @ center])


def invert(affine: F64) -> F64:
    """Return the affine of the opposite direction, float64 (2, 3).

    Raises:
        InvalidValueError: The affine flattens the plane.
    """
    determinant = float(np.linalg.det(affine[:, :2]))
    if not (math.isfinite(determinant) and determinant != 0.0):
        raise InvalidValueError("affine to invert", f"of determinant {determinant:g}", "of a determinant other than 0")
    linear = np.linalg.inv(affine[:, :2])
    return np.column_stack([linear, -linear @ affine[:, 2]])


def compose(first: F64, then: F64) -> F64:
    """Return the affine that does ``first`` and ``then`` the other, float64 (2, 3)."""
    return np.column_stack([then[:, :2] @ first[:, :2], then[:, :2] @ first[:, 2] + then[:, 2]])


def transform_points(affine: F64, points: Points) -> F64:
    """Return points (L, 2), x y, moved by an affine, as float64 (L, 2)."""
    return np.asarray(points, np.float64) @ affine[:, :2].T + affine[:, 2]


def mesh_to_crop(affine: F64, mesh: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return a dense mesh (M, 3) of the frame in a crop's pixels, float32 (M, 3); depth grows with the same scale."""
    scale = math.hypot(affine[0, 0], affine[1, 0])
    return np.column_stack([transform_points(affine, mesh[:, :2]), mesh[:, 2] * scale]).astype(np.float32)


def scale_crop(affine: F64, from_size: int, to_size: int) -> F64:
    """Return a ``frame_to_crop`` for the same square in another size; both are cut from the frame, see the file's head.

    Args:
        affine: float64 (2, 3), from the frame to a crop of side ``from_size``.
        from_size: Side in px of the crop that the affine leads to.
        to_size: Side in px wanted.
    """
    return affine * (to_size / from_size)


def shift_origin(affine: F64, x0: float, y0: float) -> F64:
    """Return the affine for input pixels counted from (x0, y0): frame to crop becomes region to crop."""
    return np.column_stack([affine[:, :2], affine[:, :2] @ (x0, y0) + affine[:, 2]])


def crop_corners(affine: F64, size: int) -> F64:
    """Return where the corners of a crop's square lie in the frame.

    Args:
        affine: float64 (2, 3), from the frame to the crop.
        size: The crop's side S in px.

    Returns:
        float64 (4, 2), x y: the crop's top left, top right, bottom right and bottom left.
    """
    return transform_points(invert(affine), np.array([(0, 0), (size, 0), (size, size), (0, size)], np.float64))


def average_yaw(landmarks: Points) -> float:
    """Return how far a face is turned, in the landmarks' units: 0 straight ahead, above 0 to the picture's left.

    The width of the face's right half in the picture minus that of its left half, each from the nose's bridge to the
    jaw, averaged over three heights. It measures a turn only where the face is not tilted.
    """
    x = np.asarray(landmarks, np.float64)[:, 0]
    left = np.mean([x[16] - x[27], x[15] - x[28], x[14] - x[29]])
    right = np.mean([x[27] - x[0], x[28] - x[1], x[29] - x[2]])
    return float(left - right)


def mirror_landmarks(landmarks: Points, width: int) -> F64:
    """Return the landmarks of the mirrored picture, float64 (68, 2), in iBUG order.

    Args:
        landmarks: float (68, 2), x y in px.
        width: The picture's width in px.
    """
    mirrored = np.asarray(landmarks, np.float64)[marks.MIRRORED]
    mirrored[:, 0] = width - 1 - mirrored[:, 0]
    return mirrored
