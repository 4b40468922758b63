"""What must every recognizer do?"""

from __future__ import annotations

import numpy as np

from understudy_sdk.stages import Recognizer
from understudy_sdk.types import Crop, FaceType, require

from .promises import about, expect, expect_finite, expect_same, expect_untouched
from .values import frozen, plain_crop

__all__ = ["RecognizerContract"]


class RecognizerContract:
    """What every recognizer must do. Subclass, give a ``recognizer`` fixture, done.

    The contract holds for untrained weights too, so it does not ask that people are told apart.
    """

    @about("shape")
    def test_answers_every_crop(self, recognizer: Recognizer) -> None:
        """Three crops in, three rows of one length out; none in, none out."""
        vectors = recognizer.embed([plain_crop(seed=seed) for seed in range(3)])
        require("embed() of 3 crops", vectors, np.float32, (3, None))
        require("embed() of no crops", recognizer.embed([]), np.float32, (0, vectors.shape[1]))

    @about("range")
    def test_answers_unit_vectors(self, recognizer: Recognizer) -> None:
        """Every row has the length 1, also of a crop without any contrast."""
        flat = plain_crop()
        flat = Crop(frozen(np.full_like(flat.rgb, 128)), flat.frame_to_crop, flat.face_type, flat.landmarks)
        vectors = recognizer.embed([plain_crop(40), flat, plain_crop(220)])
        expect_finite("the vectors of dark, flat and bright crops", vectors)
        lengths = np.linalg.norm(vectors, axis=1)
        expect(bool((abs(lengths - 1) <= 1e-4).all()), "vectors of length 1", f"lengths {lengths.round(4).tolist()}")

    @about("range")
    def test_says_from_where_on_it_is_one_person(self, recognizer: Recognizer) -> None:
        """The similarity lies between -1 and 1, so a crop is always of the same person as itself."""
        expect(-1 <= recognizer.same_person <= 1, "same_person between -1 and 1", recognizer.same_person)

    @about("shape")
    def test_takes_every_face_type_and_size(self, recognizer: Recognizer) -> None:
        """No face type is refused, and rows of all of them have one length."""
        width = recognizer.embed([plain_crop()]).shape[1]
        for face_type in FaceType:
            crops = [plain_crop(size=size, face_type=face_type) for size in (48, 64, 256)]
            found = recognizer.embed(crops).shape
            expect(found == (3, width), f"(3, {width}) for {face_type} crops of 48, 64 and 256 px", found)

    @about("batch")
    def test_batch_gives_what_its_members_give(self, recognizer: Recognizer) -> None:
        """Three crops at once are described as each is alone, in the order given."""
        crops = [plain_crop(level, seed=level) for level in (40, 120, 220)]
        together = recognizer.embed(crops)
        for vector, crop in zip(together, crops, strict=True):
            expect_same(vector, recognizer.embed([crop])[0], "the same vector in a batch as alone", atol=1e-5)

    @about("repeats")
    def test_describes_the_same_again(self, recognizer: Recognizer) -> None:
        """Asked again the answer is the same, and the first answer stays as it was."""
        crop = plain_crop()
        first = recognizer.embed([crop])
        kept = first.copy()
        expect_same(recognizer.embed([crop]), kept, "the same vector asked again as at first")
        recognizer.embed([plain_crop(220, seed=5)])
        expect_same(first, kept, "an answer that was given stays as it is")

    @about("purity")
    def test_leaves_its_input_alone(self, recognizer: Recognizer) -> None:
        """Crops are read only; a stage that writes to them fails here."""
        crop = plain_crop()
        inputs = {"Crop.rgb": crop.rgb, "Crop.landmarks": crop.landmarks, "Crop.frame_to_crop": crop.frame_to_crop}
        with expect_untouched(inputs):
            recognizer.embed([crop])
