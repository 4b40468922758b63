"""What must every aligner do?"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import numpy as np

from understudy_sdk.landmarks import TEMPLATE
from understudy_sdk.stages import Aligner, FollowingAligner
from understudy_sdk.types import Face, Frame

from .values import face_frame, plain_face, plain_frame

__all__ = ["AlignerContract"]


class AlignerContract:
    """What every aligner must do. Subclass, give an ``aligner`` fixture, done.

    The contract holds for untrained weights too, so it does not ask that landmarks are placed. Override ``pictures``
    to have it tried on faces of your own.
    """

    def pictures(self) -> tuple[list[Frame], list[list[Face]]]:
        """Return three frames that cannot be written to, and their faces: two, none and one without eyes."""
        frames = [face_frame(pts=0), plain_frame(pts=1), face_frame(200, 320, centre=(0.6, 0.4), pts=2)]
        two = [plain_face(score=0.9), plain_face(centre=(0.55, 0.52), score=0.8)]
        return frames, [two, [], [plain_face(200, 320, centre=(0.6, 0.4), eyes=False)]]

    def test_answers_every_frame(self, aligner: Aligner) -> None:
        """One list per frame, also for frames without faces; none in, none out."""
        frames = [plain_frame(level) for level in (0, 120, 250)]
        assert aligner.align(frames, [[], [], []]) == [[], [], []]
        assert aligner.align([], []) == []

    def test_returns_the_faces_with_landmarks(self, aligner: Aligner) -> None:
        """Whatever comes back has 68 finite points."""
        frames, faces = self.pictures()
        for face in chain(*aligner.align(frames, faces)):
            assert isinstance(face, Face)
            assert face.landmarks is not None
            assert np.isfinite(face.landmarks).all()
            assert face.mesh is None or np.isfinite(face.mesh).all()

    def test_keeps_order_box_score_and_eyes(self, aligner: Aligner) -> None:
        """What comes back is what went in, in order, though some may be missing."""
        frames, faces = self.pictures()
        for given, aligned in zip(faces, aligner.align(frames, faces), strict=True):
            rest = iter(given)
            for face in aligned:
                assert any(_is_same(face, candidate) for candidate in rest), "a face nobody gave, or out of order"

    def test_takes_faces_over_the_frames_edge(self, aligner: Aligner) -> None:
        """A box that reaches over the edge, or lies beyond it, is no error."""
        centres = [(0.0, 0.5), (1.0, 1.0), (0.5, -0.2), (3.0, 3.0)]
        faces = [plain_face(centre=centre, eyes=eyes) for centre in centres for eyes in (True, False)]
        assert len(aligner.align([face_frame()], [faces])) == 1

    def test_leaves_frames_and_faces_as_they_were(self, aligner: Aligner) -> None:
        """Frames and faces are read only; a stage that writes to them fails here."""
        frames, faces = self.pictures()
        before = [frame.rgb.copy() for frame in frames], [face.box.copy() for face in chain(*faces)]
        aligner.align(frames, faces)
        for frame, rgb in zip(frames, before[0], strict=True):
            np.testing.assert_array_equal(frame.rgb, rgb)
        for face, box in zip(chain(*faces), before[1], strict=True):
            np.testing.assert_array_equal(face.box, box)
            assert face.landmarks is None

    def test_places_the_same_in_a_batch_as_alone(self, aligner: Aligner) -> None:
        """A batch of three equals three batches of one, and a second look equals the first."""
        frames, faces = self.pictures()
        together = aligner.align(frames, faces)
        alone = [aligner.align([frame], [given])[0] for frame, given in zip(frames, faces, strict=True)]
        assert [len(aligned) for aligned in together] == [len(aligned) for aligned in alone]
        for in_batch, single in zip(chain(*together), chain(*alone), strict=True):
            assert in_batch.landmarks is not None
            assert single.landmarks is not None
            np.testing.assert_array_equal(in_batch.landmarks, single.landmarks)

    def test_follows_faces_one_answer_each(self, aligner: Aligner) -> None:
        """Where it follows: an answer per face in the order given, by the arguments alone, which stay as they are."""
        if not isinstance(aligner, FollowingAligner):
            return  # only those that say so have to
        frame = face_frame(pts=1)
        near = _with_landmarks(plain_face(score=0.9))
        beyond = _with_landmarks(plain_face(centre=(5.0, 5.0), score=0.8))
        assert aligner.follow(frame, []) == []
        points, rgb = (one.landmarks.copy() for one in (near, beyond) if one.landmarks is not None), frame.rgb.copy()
        together = aligner.follow(frame, [near, beyond])
        alone = [aligner.follow(frame, [one])[0] for one in (near, beyond)]
        assert len(together) == 2
        assert together[1] is None, "a face beyond the frame cannot be in it"
        for one, other in zip(together, alone, strict=True):
            assert (one is None) == (other is None)
            if one is not None and other is not None:
                assert one.landmarks is not None
                assert other.landmarks is not None
                np.testing.assert_array_equal(one.landmarks, other.landmarks)
                assert np.isfinite(one.landmarks).all()
        np.testing.assert_array_equal(frame.rgb, rgb)
        for one, before in zip((near, beyond), points, strict=True):
            np.testing.assert_array_equal(one.landmarks, before)


def _with_landmarks(face: Face) -> Face:
    """Return a face with the mean face's landmarks in its box."""
    x0, y0, x1, y1 = (float(edge) for edge in face.box)
    angles = np.linspace(0.0, np.pi, 17)
    jaw = np.column_stack([0.5 - 0.6 * np.cos(angles), 0.2 + 0.9 * np.sin(angles)])
    points = np.concatenate([jaw, TEMPLATE]) * 0.6 + 0.2
    landmarks = (points * (x1 - x0, y1 - y0) + (x0, y0)).astype(np.float32)
    return replace(face, landmarks=landmarks)


def _is_same(face: Face, candidate: Face) -> bool:
    has_same_eyes = (
        candidate.eyes is None
        if face.eyes is None
        else candidate.eyes is not None and np.array_equal(face.eyes, candidate.eyes)
    )
    return np.array_equal(face.box, candidate.box) and face.score == candidate.score and has_same_eyes
