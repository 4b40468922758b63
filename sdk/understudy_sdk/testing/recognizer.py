"""What must every recognizer do?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_sdk.stages import Recognizer
from understudy_sdk.types import Crop, FaceType

from .values import frozen, plain_crop

__all__ = ["RecognizerContract"]


class RecognizerContract:
    """What every recognizer must do. Subclass, override the ``recognizer`` fixture, done.

    The contract holds for untrained weights too, so it does not ask that people are told apart.
    """

    @pytest.fixture
    def recognizer(self) -> Recognizer:
        """Give the recognizer under test."""
        pytest.fail("a subclass of this contract overrides the fixture 'recognizer'")

    def test_answers_every_crop(self, recognizer: Recognizer) -> None:
        """Three crops in, three rows of one length out; none in, none out."""
        vectors = recognizer.embed([plain_crop(seed=seed) for seed in range(3)])
        assert vectors.dtype == np.float32
        assert vectors.ndim == 2
        assert len(vectors) == 3
        assert recognizer.embed([]).shape == (0, vectors.shape[1])

    def test_answers_unit_vectors(self, recognizer: Recognizer) -> None:
        """Every row has the length 1, also of a crop without any contrast."""
        flat = plain_crop()
        flat = Crop(frozen(np.full_like(flat.rgb, 128)), flat.frame_to_crop, flat.face_type, flat.landmarks)
        lengths = np.linalg.norm(recognizer.embed([plain_crop(40), flat, plain_crop(220)]), axis=1)
        np.testing.assert_allclose(lengths, 1, atol=1e-4)

    def test_says_from_where_on_it_is_one_person(self, recognizer: Recognizer) -> None:
        """The similarity lies between -1 and 1, so a crop is always of the same person as itself."""
        assert -1 <= recognizer.same_person <= 1

    @pytest.mark.parametrize("face_type", FaceType)
    def test_takes_every_face_type_and_size(self, recognizer: Recognizer, face_type: FaceType) -> None:
        """No face type is refused, and rows of all of them have one length."""
        crops = [plain_crop(size=size, face_type=face_type) for size in (48, 64, 256)]
        assert recognizer.embed(crops).shape == (3, recognizer.embed([plain_crop()]).shape[1])

    def test_batch_gives_what_its_members_give(self, recognizer: Recognizer) -> None:
        """Three crops at once are described as each is alone, in the order given."""
        crops = [plain_crop(level, seed=level) for level in (40, 120, 220)]
        together = recognizer.embed(crops)
        for vector, crop in zip(together, crops, strict=True):
            np.testing.assert_allclose(vector, recognizer.embed([crop])[0], atol=1e-5)

    def test_leaves_its_input_alone_and_repeats_itself(self, recognizer: Recognizer) -> None:
        """The crop stays as it was, and asked again the answer is the same."""
        crop = plain_crop()
        before = crop.rgb.copy(), crop.landmarks.copy(), crop.frame_to_crop.copy()
        np.testing.assert_array_equal(recognizer.embed([crop]), recognizer.embed([crop]))
        for kept, now in zip(before, (crop.rgb, crop.landmarks, crop.frame_to_crop), strict=True):
            np.testing.assert_array_equal(kept, now)
