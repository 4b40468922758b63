"""Which pixels does a dense mesh cover, seen from the camera?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from understudy_sdk import Crop, InvalidValueError, Mask, StageError
from understudy_sdk.geometry import head_pose
from understudy_sdk.mesh import FACE_OVAL, SURFACE, require_mesh
from understudy_sdk.outlines import FINENESS, I32, fill_convex, to_finer, widened

from . import MeshMaskerConfig

__all__ = ["MeshMasker"]

F64 = npt.NDArray[np.float64]

_FOREHEAD: Final = (*FACE_OVAL[-7:], *FACE_OVAL[:8])
"""The mesh's rim over the forehead, from the right temple to the left one."""

_SHARE: Final = np.sin(np.linspace(0.0, math.pi, len(_FOREHEAD)))[:, np.newaxis]
"""How far each point of the forehead's rim is lifted: all the way in the middle, not at the temples."""

_HEIGHT: Final = 0.64
"""From the chin to the top of the mesh on a mean head, in the units of ``mesh.TEMPLATE``."""

_SLOPE: Final = math.radians(40)
"""How far a skull leans back from the vertical above the mesh."""


class MeshMasker:
    """Masks what the mesh covers, as a surface in space: a nose that stands out over the cheek is inside."""

    def __init__(self, config: MeshMaskerConfig) -> None:
        self._config = config

    def mask(self, crops: Sequence[Crop]) -> list[Mask]:
        """Return one mask per crop, of the crop's size, in the order given.

        Raises:
            StageError: A crop has no mesh, or one of another topology.
        """
        return [Mask(self._draw(crop)) for crop in crops]

    def _draw(self, crop: Crop) -> npt.NDArray[np.float32]:
        try:
            mesh = require_mesh("the mesh for the masker 'mesh'", crop.mesh)
        except InvalidValueError as error:
            raise StageError(f"{error}\n  choose such an aligner, or another masker, such as hull") from error
        config, fineness = self._config, 1 if self._config.edges == "hard" else FINENESS
        points = to_finer(mesh[:, :2], fineness).astype(np.int32)
        patches: list[I32] = list(points[np.array(SURFACE)])  # (T, 3) -> (T, 3, 2)
        if config.forehead > 0.0:
            above = mesh[list(_FOREHEAD), :2] + _SHARE * _up_the_skull(mesh, config.forehead)
            upper, lower = to_finer(above, fineness).astype(np.int32), points[list(_FOREHEAD)]
            patches += [np.stack([lower[i], upper[i], upper[i + 1], lower[i + 1]]) for i in range(len(_FOREHEAD) - 1)]
        sides = config.sides(crop.size * fineness)
        if any(sides):
            patches = [widened(patch, sides) for patch in patches]
        return fill_convex(patches, crop.size, fineness)


def _up_the_skull(mesh: F64, share: float) -> F64:
    """Return the way up the skull from the forehead's top, float64 (2,), x y in px, as a share of the mesh's height."""
    to_head = head_pose(mesh)[:, :3]
    unit_per_px = math.sqrt(float((to_head[0] ** 2).sum()))
    up = np.array([0.0, -math.cos(_SLOPE), math.sin(_SLOPE)]) @ to_head / unit_per_px  # in the picture's axes
    return np.asarray(up[:2] * (share * _HEIGHT / unit_per_px))
