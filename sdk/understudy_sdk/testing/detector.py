"""What must every detector do?"""

from __future__ import annotations

from itertools import chain

from understudy_sdk.stages import Detector
from understudy_sdk.types import Face, Frame

from .promises import about, expect, expect_answers, expect_finite, expect_same, expect_untouched, named
from .values import face_frame, plain_frame

__all__ = ["DetectorContract"]


class DetectorContract:
    """What every detector must do. Subclass, give a ``detector`` fixture, done.

    The contract holds for untrained weights too, so it does not ask that a face is found. Override ``frames`` to have
    it tried on pictures of your own.
    """

    def frames(self) -> list[Frame]:
        """Return at least three frames of several sizes; they cannot be written to."""
        return [face_frame(pts=0), plain_frame(pts=1), face_frame(200, 320, centre=(0.6, 0.4), pts=2)]

    @about("answers")
    def test_answers_every_frame(self, detector: Detector) -> None:
        """Three frames in, three lists out; none in, none out."""
        expect_answers(detector.detect([plain_frame(level) for level in (0, 120, 250)]), list, 3, "frame")
        expect_answers(detector.detect([]), list, 0, "frame")

    @about("shape")
    def test_takes_small_and_odd_frames(self, detector: Detector) -> None:
        """Sizes are free: one pixel, one row, odd numbers."""
        for width, height in ((1, 1), (33, 1), (1, 33), (127, 63)):
            answer = detector.detect([plain_frame(width=width, height=height)])
            expect(len(answer) == 1, f"an answer for a frame of {width} x {height} px", f"{len(answer)} answers")

    @about("answers")
    def test_answers_lists_of_faces(self, detector: Detector) -> None:
        """A frame's answer is a list of faces, which checked themselves when they were made."""
        for faces in detector.detect(self.frames()):
            expect_answers(faces, Face, len(faces), "face found")

    @about("order")
    def test_puts_the_best_score_first(self, detector: Detector) -> None:
        """Scores fall from the first face of a frame to the last."""
        for faces in detector.detect(self.frames()):
            scores = [face.score for face in faces]
            expect(scores == sorted(scores, reverse=True), "a frame's faces with the best score first", scores)

    @about("range")
    def test_answers_finite_numbers(self, detector: Detector) -> None:
        """Neither boxes nor eyes hold NaN or infinity."""
        for face in chain(*detector.detect(self.frames())):
            expect_finite("Face.box", face.box)
            expect_finite("Face.eyes", face.eyes)

    @about("purity")
    def test_leaves_the_frames_as_they_were(self, detector: Detector) -> None:
        """Frames are read only; a stage that writes to them fails here."""
        frames = self.frames()
        with expect_untouched(named("Frame.rgb", [frame.rgb for frame in frames])):
            detector.detect(frames)

    @about("batch")
    def test_finds_the_same_in_a_batch_as_alone(self, detector: Detector) -> None:
        """A batch of three equals three batches of one, in the order given."""
        frames = self.frames()
        _expect_alike(detector.detect(frames), [detector.detect([frame])[0] for frame in frames], "in a batch as alone")

    @about("repeats")
    def test_finds_the_same_again(self, detector: Detector) -> None:
        """A second look at the same frames gives what the first one gave, and leaves the first answer as it was."""
        frames = self.frames()
        first = detector.detect(frames)
        kept = [[face.box.copy() for face in faces] for faces in first]
        _expect_alike(detector.detect(frames), first, "asked again as at first")
        for faces, boxes in zip(first, kept, strict=True):
            for face, box in zip(faces, boxes, strict=True):
                expect_same(face.box, box, "an answer that was given stays as it is")


def _expect_alike(found: list[list[Face]], wanted: list[list[Face]], how: str) -> None:
    counts = [len(faces) for faces in found], [len(faces) for faces in wanted]
    expect(counts[0] == counts[1], f"as many faces per frame {how}", f"{counts[0]} and {counts[1]}")
    for one, other in zip(chain(*found), chain(*wanted), strict=True):
        expect_same(one.box, other.box, f"the same Face.box {how}")
        expect(one.score == other.score, f"the same Face.score {how}", f"{one.score} and {other.score}")
        expect_same(one.eyes, other.eyes, f"the same Face.eyes {how}")
