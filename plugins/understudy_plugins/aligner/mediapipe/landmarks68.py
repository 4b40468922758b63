"""Which of the mesh's 468 points are the 68 of iBUG?

"Right" is the subject's right, on the left of the picture; iBUG counts from there. Each landmark is a point of the mesh
or lies between two of them. Where two mesh points lie either side of an iBUG point, the share was chosen so that mean
frontal meshes meet the 300-W mean face. The jaw runs along the mesh's face oval in eight equal steps from the height
of the ear's root to the chin, measured on a mean frontal mesh.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]

# One entry per landmark: mesh point, second mesh point, the second's share.
_RIGHT_JAW: Final = (
    (127, 234, 0.47),
    (234, 93, 0.62),
    (93, 132, 0.70),
    (132, 58, 0.71),
    (58, 172, 0.82),
    (136, 150, 0.18),
    (150, 149, 0.70),
    (176, 148, 0.48),
)
_CHIN: Final = ((152, 152, 0.0),)
_LEFT_JAW: Final = (
    (400, 377, 0.48),
    (379, 378, 0.70),
    (365, 379, 0.18),
    (288, 397, 0.82),
    (361, 288, 0.71),
    (323, 361, 0.70),
    (454, 323, 0.62),
    (356, 454, 0.47),
)
_RIGHT_BROW: Final = ((70, 70, 0.0), (63, 63, 0.0), (105, 52, 0.5), (66, 65, 0.5), (107, 55, 0.5))
_LEFT_BROW: Final = ((336, 285, 0.5), (296, 295, 0.5), (334, 282, 0.5), (293, 293, 0.0), (300, 300, 0.0))
_NOSE_BRIDGE: Final = ((168, 6, 0.5), (197, 197, 0.0), (195, 5, 0.5), (4, 4, 0.0))
_NOSE_BASE: Final = ((240, 240, 0.0), (97, 97, 0.0), (2, 164, 0.5), (326, 326, 0.0), (460, 460, 0.0))
_RIGHT_EYE: Final = tuple((point, point, 0.0) for point in (33, 160, 158, 133, 153, 144))
_LEFT_EYE: Final = tuple((point, point, 0.0) for point in (362, 385, 387, 263, 373, 380))
_OUTER_LIPS: Final = (
    (61, 61, 0.0),
    (40, 39, 0.5),
    (37, 37, 0.0),
    (0, 0, 0.0),
    (267, 267, 0.0),
    (269, 270, 0.5),
    (291, 291, 0.0),
    (321, 405, 0.5),
    (314, 314, 0.0),
    (17, 17, 0.0),
    (84, 84, 0.0),
    (181, 91, 0.5),
)
_INNER_LIPS: Final = tuple((point, point, 0.0) for point in (78, 82, 13, 312, 308, 317, 14, 87))

TABLE: Final = (
    *_RIGHT_JAW,  # 0 to 7
    *_CHIN,  # 8
    *_LEFT_JAW,  # 9 to 16
    *_RIGHT_BROW,  # 17 to 21
    *_LEFT_BROW,  # 22 to 26
    *_NOSE_BRIDGE,  # 27 to 30
    *_NOSE_BASE,  # 31 to 35
    *_RIGHT_EYE,  # 36 to 41
    *_LEFT_EYE,  # 42 to 47
    *_OUTER_LIPS,  # 48 to 59
    *_INNER_LIPS,  # 60 to 67
)
"""Landmark by landmark: two mesh points and the second one's share."""

_FIRST: Final = np.array([first for first, _, _ in TABLE])
_SECOND: Final = np.array([second for _, second, _ in TABLE])
_SHARE: Final = np.array([[share] for _, _, share in TABLE], np.float32)


def landmarks_of_mesh(mesh: F32) -> F32:
    """Return the 68 landmarks, float32 (68, 2), of a mesh, float32 (468, 3), in the same pixels."""
    first, second = mesh[_FIRST, :2], mesh[_SECOND, :2]
    return np.asarray(first + (second - first) * _SHARE, np.float32)
