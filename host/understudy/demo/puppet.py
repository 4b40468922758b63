"""How does a still portrait become a head that turns and speaks?

The portrait is cut into triangles: those of the face's mesh, whose depth is known, and those of collars around it and
of the picture's border. A turned head moves the corners; each pixel of the new picture then looks up where it was in
the portrait. The triangles always cover the whole picture, so no hole can open.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from matplotlib.tri import Triangulation

from understudy_sdk.types import F32, F64, U8

from .expression import CHIN, FACE_OVAL, INNER_LIPS_LOWER, INNER_LIPS_UPPER, Expression, express

__all__ = ["Pose", "Puppet"]


COLLARS: Final = ((1.06, 1.0), (1.15, 1.0), (1.3, 0.97), (1.5, 0.9), (1.8, 0.7), (2.3, 0.35), (3.0, 0.1), (3.8, 0.0))
"""Rings around the face: size relative to the face's outline, and the share of the head's motion they take."""
THROAT: Final = (72.0, 28.0, 26.0)
"""Colour (RGB) of an opened mouth's inside."""
SIDES_DEPTH: Final = 0.4
"""How much of their true depth the sides of the face keep."""
BASE_ZOOM: Final = 1.05
"""Hides the picture's edge while the camera sways."""


@dataclass(frozen=True, slots=True)
class Pose:
    """How the head is held and how the camera sees it.

    Attributes:
        yaw_deg: Positive turns the nose to the picture's right.
        pitch_deg: Positive lowers the nose.
        roll_deg: Positive tilts the head clockwise.
        shift: Camera sway, x y in widths of the picture.
        zoom: Camera zoom; 1 is the portrait's own.
    """

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    zoom: float = 1.0


class Puppet:
    """A portrait that can be posed."""

    def __init__(self, rgb: U8, mesh: F32) -> None:
        """Cut the portrait into triangles.

        Args:
            rgb: uint8 (H, W, 3), RGB, one face looking more or less into the camera.
            mesh: float32 (468, 3), x y z in px of that face.
        """
        self._rgb = rgb
        self._mesh = _flattened(mesh.astype(np.float64))
        self._face = len(mesh)
        collars, self._share, self._oval = _collars(self._mesh)
        border = _border(rgb.shape[1], rgb.shape[0])
        self._corners = np.vstack([self._mesh, collars, border])
        self._share = np.concatenate([self._share, np.zeros(len(border))])
        self._triangles = Triangulation(self._corners[:, 0], self._corners[:, 1]).triangles
        oval = self._mesh[list(FACE_OVAL)]
        width = np.ptp(oval[:, 0])
        neck_y = 0.35 * oval[:, 1].mean() + 0.65 * self._mesh[CHIN, 1]
        self._pivot = np.array([oval[:, 0].mean(), neck_y, oval[:, 2].max() + 0.1 * width])

    def show(self, pose: Pose, expression: Expression) -> U8:
        """Return the picture, uint8 (H, W, 3), RGB, of the portrait's size."""
        moved = self._turn(self._shaped(expression), pose)
        picture = self._draw(moved)
        if expression.mouth_open <= 0:
            return picture
        resting = self._turn(self._shaped(replace(expression, mouth_open=0.0)), pose)
        return _fill_mouth(picture, moved, self._draw(resting), resting)

    def _draw(self, moved: F64) -> U8:
        """Return the picture with the corners where they were moved to."""
        size = (self._rgb.shape[0], self._rgb.shape[1])
        lookup = _lookup(self._corners, moved, self._triangles, size)
        edge = cv2.BORDER_REFLECT_101
        return np.asarray(cv2.remap(self._rgb, lookup, np.empty(0), cv2.INTER_CUBIC, borderMode=edge), np.uint8)

    def _shaped(self, expression: Expression) -> F64:
        """Return all corners with the expression on; the collars follow the outline next to them."""
        corners = self._corners.copy()
        face = express(self._mesh, expression)
        change = face - self._mesh
        corners[: self._face] = face
        last = self._face + len(self._oval)
        corners[self._face : last] += change[self._oval] * self._share[self._face : last, None]
        return corners

    def _turn(self, corners: F64, pose: Pose) -> F64:
        """Return the corners (N, 3) after the head has turned and the camera moved."""
        turned = (corners - self._pivot) @ _rotation(pose).T + self._pivot
        share = self._share[:, None]
        mixed = corners * (1 - share) + turned * share
        height, width = self._rgb.shape[:2]
        centre, sway = np.array([width / 2, height / 2]), np.array(pose.shift) * width
        mixed[:, :2] = (mixed[:, :2] - centre) * (BASE_ZOOM * pose.zoom) + centre + sway
        return np.asarray(mixed)


def _fill_mouth(picture: U8, moved: F64, closed_picture: U8, closed: F64) -> U8:
    """Lay the mouth's dark inside, and the teeth the portrait shows between the lips, into the open mouth."""
    lips = [*INNER_LIPS_UPPER, *INNER_LIPS_LOWER[::-1]]
    gap, teeth = _polygon(moved[lips], picture.shape), _polygon(closed[lips], picture.shape)
    inside = np.asarray(THROAT, np.float32) * (1 - teeth) + closed_picture * teeth
    return np.clip(picture * (1 - gap) + inside * gap + 0.5, 0, 255).astype(np.uint8)


def _flattened(mesh: F64) -> F64:
    """Return the mesh with the depth of its sides drawn in.

    A portrait shows the sides of the face in a few pixels only; turned by their true depth these would be stretched
    into smears.
    """
    flat = mesh.copy()
    start = np.median(mesh[:, 2])
    flat[:, 2] = np.where(mesh[:, 2] > start, start + SIDES_DEPTH * (mesh[:, 2] - start), mesh[:, 2])
    return flat


def _collars(mesh: F64) -> tuple[F64, F64, npt.NDArray[np.int64]]:
    """Return rings around the face: their points, shares of the head's motion, and the outline points they follow.

    The shares cover the mesh (1 each) and then the rings.
    """
    oval = np.array(FACE_OVAL)
    outline = mesh[oval]
    centre = outline.mean(axis=0)
    height = np.ptp(outline[:, 1])
    down = np.clip((outline[:, 1] - centre[1]) / (0.5 * height), 0, 1)
    points, shares = [], [np.ones(len(mesh))]
    for size, share in COLLARS:
        ring = centre + (outline - centre) * size
        ring[:, 2] = outline[:, 2] + (outline[:, 2].max() - outline[:, 2]) * min(1.0, (size - 1) / 0.8)
        points.append(ring)
        shares.append(share * (1 - down * min(1.0, (size - 1) * 1.2)))  # shoulders stay where they are
    return np.vstack(points), np.concatenate(shares), np.tile(oval, len(COLLARS))


def _border(width: int, height: int) -> F64:
    """Return fixed points around the picture, far enough outside to hold any collar."""
    xs, ys = np.linspace(-3 * width, 4 * width, 8), np.linspace(-3 * height, 4 * height, 8)
    edge = [(x, y, 0.0) for x in xs for y in ys if x in (xs[0], xs[-1]) or y in (ys[0], ys[-1])]
    return np.array(edge)


def _rotation(pose: Pose) -> F64:
    """Return the rotation (3, 3) of the head; x to the right, y down, z away from the camera."""
    yaw, pitch, roll = np.radians([-pose.yaw_deg, -pose.pitch_deg, pose.roll_deg])
    turn_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    turn_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    turn_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    rotation: F64 = turn_z @ turn_x @ turn_y
    return rotation


def _lookup(before: F64, after: F64, triangles: npt.NDArray[np.int32], size: tuple[int, int]) -> F32:
    """Return where each pixel (H, W, 2) of the new picture was, x y in the portrait's pixels.

    Triangles are painted from far to near, so what turns behind the face is hidden by it.
    """
    far_first = triangles[np.argsort(-after[triangles, 2].mean(axis=1))]
    source = before[far_first][:, :, :2]  # (T, 3, 2)
    target = np.concatenate([after[far_first][:, :, :2], np.ones((len(far_first), 3, 1))], axis=2)
    flat = np.abs(np.linalg.det(target)) < 1e-3
    target[flat] += np.array([[0, 0, 0], [0.05, 0, 0], [0, 0.05, 0]])  # a closed lid's triangles have no area
    target_to_source = np.linalg.pinv(target) @ source  # (T, 3, 2)
    owner = np.zeros(size, np.int32)
    for number, corners in enumerate(after[far_first][:, :, :2]):
        cv2.fillConvexPoly(owner, np.round(corners * 16).astype(np.int32), number, lineType=cv2.LINE_8, shift=4)
    rows, columns = np.indices(size, dtype=np.float32)
    weights = target_to_source.astype(np.float32)[owner]  # (H, W, 3, 2)
    lookup = columns[..., None] * weights[..., 0, :] + rows[..., None] * weights[..., 1, :] + weights[..., 2, :]
    return np.asarray(cv2.GaussianBlur(lookup, (0, 0), 1.5), np.float32)  # rounds the kinks where triangles meet


def _polygon(corners: F64, size: tuple[int, ...]) -> F32:
    """Return 1 inside the polygon and 0 outside, float32 (H, W, 1), with an edge a pixel wide."""
    mask = np.zeros(size[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(corners[:, :2] * 16).astype(np.int32)], 255, lineType=cv2.LINE_AA, shift=4)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 0.8), np.float32)[..., None] / np.float32(255)
