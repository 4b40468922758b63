"""What must every masker do?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_sdk.stages import Masker
from understudy_sdk.types import FaceType

from .values import plain_crop

__all__ = ["MaskerContract"]


class MaskerContract:
    """What every masker must do. Subclass, override the ``masker`` fixture, done."""

    @pytest.fixture
    def masker(self) -> Masker:
        """Give the masker under test."""
        pytest.fail("a subclass of this contract overrides the fixture 'masker'")

    def test_answers_every_crop(self, masker: Masker) -> None:
        """Three crops in, three masks out; none in, none out."""
        assert len(masker.mask([plain_crop(seed=seed) for seed in range(3)])) == 3
        assert masker.mask([]) == []

    @pytest.mark.parametrize("size", [64, 96, 256])
    def test_gives_each_crop_its_size(self, masker: Masker, size: int) -> None:
        """A mask has its crop's side, also beside a crop of another; Mask itself checks type and range."""
        masks = masker.mask([plain_crop(size=size), plain_crop(size=48)])
        assert [mask.values.shape for mask in masks] == [(size, size), (48, 48)]

    @pytest.mark.parametrize("face_type", FaceType)
    def test_takes_every_face_type(self, masker: Masker, face_type: FaceType) -> None:
        """No face type is refused."""
        (mask,) = masker.mask([plain_crop(face_type=face_type)])
        assert mask.values.shape == (64, 64)

    def test_batch_gives_what_its_members_give(self, masker: Masker) -> None:
        """Three crops at once are masked as each is alone, in the order given."""
        crops = [
            plain_crop(level, face_type=face_type) for level, face_type in zip((40, 120, 220), FaceType, strict=False)
        ]
        together = masker.mask(crops)
        for mask, crop in zip(together, crops, strict=True):
            np.testing.assert_allclose(mask.values, masker.mask([crop])[0].values, atol=1e-5)

    def test_leaves_its_input_alone_and_repeats_itself(self, masker: Masker) -> None:
        """The crop stays as it was, and asked again the answer is the same."""
        crop = plain_crop()
        before = crop.rgb.copy(), crop.landmarks.copy(), crop.frame_to_crop.copy()
        first, second = masker.mask([crop])[0], masker.mask([crop])[0]
        np.testing.assert_array_equal(first.values, second.values)
        for kept, now in zip(before, (crop.rgb, crop.landmarks, crop.frame_to_crop), strict=True):
            np.testing.assert_array_equal(kept, now)
