"""Where are the landmarks of a face?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from understudy_sdk import Face, Frame
from understudy_sdk.tflite import PictureNetwork

from . import MediaPipeAlignerConfig
from .landmarks68 import landmarks_of_mesh
from .plausibility import SURE, Look, is_face, is_in_frame, is_next
from .roi import MESH_POINTS, Roi, carried_box, movement, roi_of_box, roi_of_face, roi_of_mesh
from .samples import to_frame, to_network

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]

_SETTLED: Final = 0.015
"""A followed face whose square moved less, over its side, needs no second look: that would move its landmarks by less
than they differ between two ways of finding them, 0.5 % of the face's size."""

_NEAR: Final = 0.04
"""A mesh that a second look moves further has not come to rest; real faces, well placed, stay below 0.035. Its square
was a bad one, such as that of a box whose turn is not known, or, followed over a cut, holds a part of another face."""

_QUARTERS: Final = (math.pi / 2, math.pi, -math.pi / 2)

_CLEAR_LOGIT: Final = 14.0
"""Sharp faces score more when looked at upright, and less when looked at with a quarter turn or more."""

_LEAD: Final = 5.0
"""By how much a turned look must score better than the upright one: most heads are."""


@dataclass(slots=True)
class _Case:
    """A face in question: the picture, what is known of the face, and the looks at it so far."""

    rgb: U8
    face: Face
    looks: list[Look] = field(default_factory=list)

    @property
    def last(self) -> Look:
        return self.looks[-1]

    @property
    def is_settled(self) -> bool:
        """Whether a second look would see what the first one saw."""
        return self.last.presence >= SURE and self._moved <= _SETTLED

    @property
    def is_restless(self) -> bool:
        """Whether the last of several looks saw a face for sure, but not where the one before it had."""
        return len(self.looks) > 1 and self.last.presence >= SURE and self._moved > _NEAR

    @property
    def _moved(self) -> float:
        return movement(self.last.roi, self.last.own_roi).of_corners()


class MediaPipeAligner:
    """Lays a mesh on each face and derives the landmarks from it."""

    def __init__(self, config: MediaPipeAlignerConfig, network: PictureNetwork) -> None:
        self._config = config
        self._network = network

    def align(self, frames: Sequence[Frame], faces: Sequence[Sequence[Face]]) -> list[list[Face]]:
        """Return the faces with mesh and landmarks; those on which the network sees no face are left out."""
        cases = [[_Case(frame.rgb, face) for face in found] for frame, found in zip(frames, faces, strict=True)]
        given = [case for found in cases for case in found]
        self._look(given, [roi_of_box(case.face.box, case.face.eyes) for case in given])
        self._look_in_quarters([case for case in given if case.face.eyes is None and case.last.logit < _CLEAR_LOGIT])
        for number in range(1, 3):
            self._look_again([case for case in given if number < self._passes(case.face)])
        self._look_again([case for case in given if case.is_restless])
        return [[_aligned(case) for case in found if self._is_face(case)] for found in cases]

    def follow(self, frame: Frame, before: Sequence[Face]) -> list[Face | None]:
        """Return each face as it lies in the frame next to its own, found in the square around its mesh.

        The score is the network's presence. A face is gone where the network doubts it in any look, where its mesh
        lies in the frame by less than half, does not come to rest, or jumped or changed its size as no head does.
        """
        given = [_Case(frame.rgb, face) for face in before]
        self._look(given, [roi_of_face(case.face) for case in given])
        moved = [case for case in given if not case.is_settled]
        self._look_again([case for case in moved if self._config.passes > 1 or case.face.mesh is None])
        # Without a mesh, the first square was a guess.
        self._look_again([case for case in moved if case.is_restless and case.face.mesh is None])
        return [_followed(case) if self._is_still_there(case) else None for case in given]

    def _passes(self, face: Face) -> int:
        """Return how often a found face is looked at: a box without eyes places the first square roughly only."""
        return self._config.passes if face.eyes is not None else max(2, self._config.passes)

    def _look(self, cases: Sequence[_Case], rois: Sequence[Roi]) -> None:
        """Add to each case what the network sees in a square of its picture."""
        side = self._network.side
        meshes, logits = self._network(
            [partial(to_network, case.rgb, roi, side) for case, roi in zip(cases, rois, strict=True)]
        )
        answers = zip(meshes.reshape(-1, MESH_POINTS, 3), logits.reshape(-1), strict=True)
        for case, roi, (mesh, logit) in zip(cases, rois, answers, strict=True):
            placed = to_frame(mesh, roi, side)
            case.looks.append(Look(roi, placed, float(logit), roi_of_mesh(placed)))

    def _look_again(self, cases: Sequence[_Case]) -> None:
        """Add a look centred by the last mesh, where that look convinced.

        A face convinces in every look; a pattern that is none often does in one only.
        """
        convincing = [case for case in cases if case.last.presence >= self._config.min_presence]
        self._look(convincing, [case.last.own_roi for case in convincing])

    def _look_in_quarters(self, cases: Sequence[_Case]) -> None:
        """Put the best of three turned looks for the upright one where it is better by far.

        The network places its mesh well on faces turned by up to 35 degrees from its square, and moderately up to 45.
        """
        upright = [case.looks.pop() for case in cases]
        for turn in _QUARTERS:
            self._look(cases, [look.roi._replace(turn=turn) for look in upright])
        for case, look in zip(cases, upright, strict=True):
            turned = max(case.looks, key=lambda look: look.logit)
            case.looks[:] = [turned if turned.logit > look.logit + _LEAD else look]

    def _is_face(self, case: _Case) -> bool:
        return is_face(case.looks, self._config.min_presence, self._config.max_wander)

    def _is_still_there(self, case: _Case) -> bool:
        """Tell whether a followed face is a face, in the frame, and the one it was."""
        height, width = case.rgb.shape[:2]
        if not (self._is_face(case) and is_in_frame(case.last.mesh, width, height)):
            return False
        return case.face.mesh is None or (is_next(case.looks[0].roi, case.last.own_roi) and not case.is_restless)


def _aligned(case: _Case) -> Face:
    return replace(case.face, landmarks=landmarks_of_mesh(case.last.mesh), mesh=case.last.mesh)


def _followed(case: _Case) -> Face:
    landmarks = landmarks_of_mesh(case.last.mesh)
    return Face(
        box=carried_box(case.face.box, case.looks[0].roi, case.last.own_roi),
        score=case.last.presence,
        eyes=np.stack([landmarks[36:42].mean(axis=0), landmarks[42:48].mean(axis=0)]),
        landmarks=landmarks,
        mesh=case.last.mesh,
    )
