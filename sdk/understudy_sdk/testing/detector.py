"""What must every detector do?"""

from __future__ import annotations

from itertools import chain

import numpy as np

from understudy_sdk.stages import Detector
from understudy_sdk.types import Face, Frame

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

    def test_answers_every_frame(self, detector: Detector) -> None:
        """Three frames in, three lists out; none in, none out."""
        assert len(detector.detect([plain_frame(level) for level in (0, 120, 250)])) == 3
        assert detector.detect([]) == []

    def test_takes_small_and_odd_frames(self, detector: Detector) -> None:
        """Sizes are free: one pixel, one row, odd numbers."""
        sizes = [(1, 1), (33, 1), (1, 33), (127, 63)]
        assert len(detector.detect([plain_frame(width=width, height=height) for width, height in sizes])) == len(sizes)

    def test_answers_lists_of_faces(self, detector: Detector) -> None:
        """A frame's answer is a list of faces, which checked themselves when they were made."""
        for faces in detector.detect(self.frames()):
            assert isinstance(faces, list)
            assert all(isinstance(face, Face) for face in faces)

    def test_puts_the_best_score_first(self, detector: Detector) -> None:
        """Scores fall from the first face of a frame to the last."""
        for faces in detector.detect(self.frames()):
            scores = [face.score for face in faces]
            assert scores == sorted(scores, reverse=True)

    def test_answers_finite_numbers(self, detector: Detector) -> None:
        """Neither boxes nor eyes hold NaN or infinity."""
        for face in chain(*detector.detect(self.frames())):
            assert np.isfinite(face.box).all()
            assert face.eyes is None or np.isfinite(face.eyes).all()

    def test_leaves_the_frames_as_they_were(self, detector: Detector) -> None:
        """Frames are read only; a stage that writes to them fails here."""
        frames = self.frames()
        before = [frame.rgb.copy() for frame in frames]
        detector.detect(frames)
        for frame, rgb in zip(frames, before, strict=True):
            np.testing.assert_array_equal(frame.rgb, rgb)

    def test_finds_the_same_in_a_batch_as_alone(self, detector: Detector) -> None:
        """A batch of three equals three batches of one, and a second look equals the first."""
        frames = self.frames()
        together = detector.detect(frames)
        alone = [detector.detect([frame])[0] for frame in frames]
        assert [len(faces) for faces in together] == [len(faces) for faces in alone]
        for in_batch, single in zip(chain(*together), chain(*alone), strict=True):
            np.testing.assert_array_equal(in_batch.box, single.box)
            assert in_batch.score == single.score
            if in_batch.eyes is not None and single.eyes is not None:
                np.testing.assert_array_equal(in_batch.eyes, single.eyes)
