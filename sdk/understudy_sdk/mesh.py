"""What do the points of a dense mesh mean, and how does a mean face place the steady ones?

The topology is MediaPipe's: 468 points, or 478 where the irises are counted too, x and y in px and z in px towards the
back of the head, of the same scale. "Right" and "left" are the subject's: the right eye lies on the picture's left.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .errors import InvalidValueError

__all__ = ["COUNTS", "DEPTH", "FACE_OVAL", "STEADY", "SURFACE", "TEMPLATE", "require_mesh"]

COUNTS: Final = (468, 478)
"""How many points a mesh of this topology has: without the irises, and with them."""

FACE_OVAL: Final = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""The mesh's rim as a ring: from the top of the forehead past the left ear to the chin, and back past the right one."""

DEPTH: Final = 1.25
"""By how much a mesh's depths are multiplied before it is fitted in three dimensions.

Measured: on heads that turn, the network draws depth too shallow, so that a fit shrinks with the turn; it does least
between factors of 1.2 and 1.5, while the steady points fit the template best between 1.0 and 1.2.
"""

# One entry per pair, from the forehead down: right point, left point (the same on the middle line), and the right
# point's x, y and z; the left one's x has the other sign.
_STEADY_PAIRS: Final = (
    (10, 10, 0.0000, -0.3037, -0.1458), (109, 338, -0.0745, -0.3019, -0.1375),
    (67, 297, -0.1375, -0.2920, -0.1049), (108, 337, -0.0651, -0.2407, -0.1478),
    (69, 299, -0.1222, -0.2402, -0.1252), (151, 151, 0.0000, -0.2392, -0.1546),
    (54, 284, -0.2327, -0.2366, 0.0178), (104, 333, -0.1778, -0.2312, -0.0847),
    (68, 298, -0.2150, -0.2078, -0.0374), (21, 251, -0.2556, -0.1941, 0.0823),
    (71, 301, -0.2391, -0.1738, 0.0196), (9, 9, 0.0000, -0.1726, -0.1583), (162, 389, -0.2674, -0.1491, 0.1505),
    (8, 8, 0.0000, -0.1382, -0.1476), (139, 368, -0.2524, -0.1333, 0.0728),
    (156, 383, -0.2333, -0.1234, 0.0043), (168, 168, 0.0000, -0.1080, -0.1424),
    (193, 417, -0.0302, -0.1047, -0.1217), (127, 356, -0.2700, -0.0922, 0.2072),
    (6, 6, 0.0000, -0.0748, -0.1597), (122, 351, -0.0223, -0.0689, -0.1473),
    (111, 340, -0.2204, -0.0500, -0.0000), (197, 197, 0.0000, -0.0447, -0.1807),
    (196, 419, -0.0211, -0.0397, -0.1731), (234, 454, -0.2656, -0.0376, 0.2367),
    (116, 345, -0.2449, -0.0346, 0.0356), (227, 447, -0.2660, -0.0328, 0.1275),
    (117, 346, -0.2046, -0.0321, -0.0242), (174, 399, -0.0375, -0.0279, -0.1508),
    (119, 348, -0.1291, -0.0239, -0.0648), (118, 347, -0.1743, -0.0219, -0.0505),
    (195, 195, 0.0000, -0.0170, -0.2038), (217, 437, -0.0523, -0.0130, -0.1274),
    (100, 329, -0.0950, -0.0110, -0.0850), (236, 456, -0.0374, -0.0037, -0.1712),
    (126, 355, -0.0679, 0.0022, -0.1071), (101, 330, -0.1347, 0.0035, -0.0743),
    (198, 420, -0.0533, 0.0108, -0.1455), (5, 5, 0.0000, 0.0126, -0.2279), (123, 352, -0.2430, 0.0169, 0.0345),
    (50, 280, -0.1912, 0.0298, -0.0465), (131, 360, -0.0590, 0.0342, -0.1688),
    (36, 266, -0.1190, 0.0370, -0.0845), (4, 4, 0.0000, 0.0479, -0.2356),
)  # fmt: skip


def _template() -> tuple[tuple[int, ...], npt.NDArray[np.float64]]:
    places = {right: (x, y, z) for right, _, x, y, z in _STEADY_PAIRS}
    places |= {left: (-x, y, z) for right, left, x, y, z in _STEADY_PAIRS if left != right}
    points = np.array([places[point] for point in sorted(places)], np.float64)
    points.flags.writeable = False
    return tuple(sorted(places)), points


STEADY: Final = _template()[0]
"""Points that keep their places when the face moves: forehead, temples, bridge and back of the nose, cheekbones."""

TEMPLATE: Final = _template()[1]
"""float64 (78, 3): the steady points of a mean head that looks straight ahead; x to the right, y down, z to the back.

The unit is the side of a crop of face type ``MESH``, and the origin is the point of the head at its middle, halfway in
depth between the tip of the nose and the ears. Made from MediaPipe's meshes of seven people, up to 40 frames of each,
those least turned: the generalised Procrustes mean of every person's frames, then of the persons, then of that and its
mirror image. The steady points are those that expressions move least, spread over the upper face. Unit and origin are
such that the crop is the square of ``WHOLE_FACE`` on faces that look into the camera (within 4 % on each of five).
"""

SURFACE: Final = (
    (0, 17, 88), (0, 17, 318), (0, 88, 165), (0, 164, 165), (0, 164, 391), (0, 318, 391), (1, 4, 131),
    (1, 4, 360), (1, 19, 131), (1, 19, 360), (2, 94, 165), (2, 94, 391), (2, 164, 165), (2, 164, 391),
    (4, 5, 131), (4, 5, 360), (5, 131, 195), (5, 195, 360), (6, 168, 243), (6, 168, 463), (6, 197, 243),
    (6, 197, 463), (8, 9, 66), (8, 9, 296), (8, 66, 243), (8, 168, 243), (8, 168, 463), (8, 296, 463),
    (9, 66, 151), (9, 151, 296), (10, 109, 151), (10, 151, 338), (17, 18, 194), (17, 18, 418), (17, 88, 194),
    (17, 318, 418), (18, 194, 200), (18, 200, 418), (19, 94, 165), (19, 94, 391), (19, 131, 165),
    (19, 360, 391), (21, 34, 143), (21, 34, 162), (21, 54, 70), (21, 70, 143), (29, 66, 103), (29, 66, 243),
    (29, 70, 103), (29, 70, 228), (29, 228, 243), (34, 123, 137), (34, 123, 143), (34, 127, 137),
    (34, 127, 162), (50, 123, 207), (50, 123, 228), (50, 142, 207), (50, 142, 228), (54, 70, 103),
    (57, 88, 165), (57, 88, 194), (57, 165, 207), (57, 194, 210), (57, 207, 210), (58, 132, 137),
    (58, 137, 172), (66, 67, 103), (66, 67, 109), (66, 109, 151), (70, 143, 228), (93, 132, 137),
    (93, 137, 234), (123, 137, 213), (123, 143, 228), (123, 207, 213), (127, 137, 234), (131, 142, 165),
    (131, 142, 243), (131, 195, 243), (136, 138, 150), (136, 138, 172), (137, 138, 172), (137, 138, 213),
    (138, 150, 210), (138, 210, 213), (142, 165, 207), (142, 228, 243), (148, 152, 175), (148, 175, 199),
    (148, 176, 194), (148, 194, 200), (148, 199, 200), (149, 150, 210), (149, 176, 210), (151, 296, 338),
    (152, 175, 377), (175, 199, 377), (176, 194, 210), (195, 197, 243), (195, 197, 463), (195, 360, 463),
    (199, 200, 377), (200, 377, 418), (207, 210, 213), (251, 264, 372), (251, 264, 389), (251, 284, 300),
    (251, 300, 372), (259, 296, 332), (259, 296, 463), (259, 300, 332), (259, 300, 448), (259, 448, 463),
    (264, 352, 366), (264, 352, 372), (264, 356, 366), (264, 356, 389), (280, 352, 427), (280, 352, 448),
    (280, 371, 427), (280, 371, 448), (284, 300, 332), (287, 318, 391), (287, 318, 418), (287, 391, 427),
    (287, 418, 430), (287, 427, 430), (288, 361, 366), (288, 366, 397), (296, 297, 332), (296, 297, 338),
    (300, 372, 448), (323, 361, 366), (323, 366, 454), (352, 366, 433), (352, 372, 448), (352, 427, 433),
    (356, 366, 454), (360, 371, 391), (360, 371, 463), (365, 367, 379), (365, 367, 397), (366, 367, 397),
    (366, 367, 433), (367, 379, 430), (367, 430, 433), (371, 391, 427), (371, 448, 463), (377, 400, 418),
    (378, 379, 430), (378, 400, 430), (400, 418, 430), (427, 430, 433),
)  # fmt: skip
"""Triangles that span the whole face, mouth and eyes included, for its outline from any side.

A Delaunay triangulation, on a cylinder around the mean head, of the rim, the middle line and points spread over the
rest. Over poses of up to 90 degrees of yaw and 25 of pitch its outline covers that of all points to 99 %.
"""


def require_mesh(name: str, mesh: npt.NDArray[np.floating[Any]] | None) -> npt.NDArray[np.float64]:
    """Return a dense mesh of the known topology as float64 (M, 3).

    Args:
        name: What the mesh is for, for the message.
        mesh: float (468 or 478, 3).

    Raises:
        InvalidValueError: There is none, or it has another number of points, or not all of them are finite.
    """
    wanted = "468 or 478 points, x y z, from an aligner that gives a dense mesh"
    if mesh is None:
        raise InvalidValueError(name, "missing", wanted)
    if mesh.ndim != 2 or mesh.shape[0] not in COUNTS or mesh.shape[1] != 3:
        raise InvalidValueError(name, f"of shape {mesh.shape}", wanted)
    if not np.isfinite(mesh).all():
        raise InvalidValueError(name, "not finite", wanted)
    return np.asarray(mesh, np.float64)
