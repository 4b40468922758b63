"""What must every aligner do?"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import numpy as np

from understudy_sdk.landmarks import TEMPLATE
from understudy_sdk.stages import Aligner, FollowingAligner
from understudy_sdk.types import Face, Frame

from .promises import about, expect, expect_answers, expect_finite, expect_same, expect_untouched, named
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

    @about("answers")
    def test_answers_every_frame(self, aligner: Aligner) -> None:
        """One list per frame, also for frames without faces; none in, none out."""
        answer = aligner.align([plain_frame(level) for level in (0, 120, 250)], [[], [], []])
        expect_answers(answer, list, 3, "frame")
        expect(answer == [[], [], []], "an empty list for each frame without faces", answer)
        expect_answers(aligner.align([], []), list, 0, "frame")

    @about("range")
    def test_returns_the_faces_with_landmarks(self, aligner: Aligner) -> None:
        """Whatever comes back has 68 finite points."""
        frames, faces = self.pictures()
        for aligned in aligner.align(frames, faces):
            expect_answers(aligned, Face, len(aligned), "face")
            for face in aligned:
                expect(face.landmarks is not None, "landmarks on every face that comes back", "Face.landmarks is None")
                expect_finite("Face.landmarks", face.landmarks)
                expect_finite("Face.mesh", face.mesh)

    @about("order")
    def test_keeps_order_box_score_and_eyes(self, aligner: Aligner) -> None:
        """What comes back is what went in, in order, though some may be missing."""
        frames, faces = self.pictures()
        for given, aligned in zip(faces, aligner.align(frames, faces), strict=True):
            rest = iter(given)
            for number, face in enumerate(aligned, 1):
                expect(
                    any(_is_same(face, candidate) for candidate in rest),
                    "the faces given, in their order, each with its own box, score and eyes",
                    f"face {number} of {len(aligned)} is none of those given, or out of order",
                )

    @about("answers")
    def test_takes_faces_over_the_frames_edge(self, aligner: Aligner) -> None:
        """A box that reaches over the edge, or lies beyond it, is no error."""
        centres = [(0.0, 0.5), (1.0, 1.0), (0.5, -0.2), (3.0, 3.0)]
        faces = [plain_face(centre=centre, eyes=eyes) for centre in centres for eyes in (True, False)]
        expect_answers(aligner.align([face_frame()], [faces]), list, 1, "frame")

    @about("purity")
    def test_leaves_frames_and_faces_as_they_were(self, aligner: Aligner) -> None:
        """Frames and faces are read only; a stage that writes to them fails here."""
        frames, faces = self.pictures()
        boxes, pictures = [face.box for face in chain(*faces)], [frame.rgb for frame in frames]
        with expect_untouched(named("Face.box", boxes) | named("Frame.rgb", pictures)):
            aligner.align(frames, faces)

    @about("batch")
    def test_places_the_same_in_a_batch_as_alone(self, aligner: Aligner) -> None:
        """A batch of three equals three batches of one."""
        frames, faces = self.pictures()
        alone = [aligner.align([frame], [given])[0] for frame, given in zip(frames, faces, strict=True)]
        _expect_alike(aligner.align(frames, faces), alone, "in a batch as alone")

    @about("repeats")
    def test_places_the_same_again(self, aligner: Aligner) -> None:
        """A second look at the same faces gives what the first one gave."""
        frames, faces = self.pictures()
        first = aligner.align(frames, faces)
        _expect_alike(aligner.align(frames, faces), first, "asked again as at first")

    @about("answers")
    def test_follows_faces_one_answer_each(self, aligner: Aligner) -> None:
        """Where it follows: an answer per face in the order given, by the arguments alone, which stay as they are."""
        if not isinstance(aligner, FollowingAligner):
            return  # only those that say so have to
        frame = face_frame(pts=1)
        near = _with_landmarks(plain_face(score=0.9))
        beyond = _with_landmarks(plain_face(centre=(5.0, 5.0), score=0.8))
        nothing = aligner.follow(frame, [])
        expect(nothing == [], "no answers of follow() for no faces", nothing)
        inputs = {"Frame.rgb": frame.rgb, **named("Face.landmarks", [near.landmarks, beyond.landmarks])}
        with expect_untouched(inputs):
            together = aligner.follow(frame, [near, beyond])
        alone = [aligner.follow(frame, [one])[0] for one in (near, beyond)]
        expect(len(together) == 2, "2 answers of follow() for 2 faces", len(together))
        expect(together[1] is None, "None for a face beyond the frame, for it cannot be in it", together[1])
        for one, other in zip(together, alone, strict=True):
            expect((one is None) == (other is None), "the same faces followed together as alone", "one more or less")
            if one is not None and other is not None:
                expect(one.landmarks is not None, "landmarks on every face followed", "Face.landmarks is None")
                expect_finite("Face.landmarks", one.landmarks)
                expect_same(one.landmarks, other.landmarks, "the same Face.landmarks followed together as alone")


def _expect_alike(found: list[list[Face]], wanted: list[list[Face]], how: str) -> None:
    counts = [len(faces) for faces in found], [len(faces) for faces in wanted]
    expect(counts[0] == counts[1], f"as many faces per frame {how}", f"{counts[0]} and {counts[1]}")
    for one, other in zip(chain(*found), chain(*wanted), strict=True):
        expect_same(one.landmarks, other.landmarks, f"the same Face.landmarks {how}")
        expect_same(one.mesh, other.mesh, f"the same Face.mesh {how}")


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
