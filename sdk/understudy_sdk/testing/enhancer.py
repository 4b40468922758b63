"""What must every enhancer do?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from understudy_sdk.stages import Enhancer
from understudy_sdk.types import F32, Crop, FaceType, Swap

from .values import frozen, plain_crop

__all__ = ["EnhancerContract"]

_SIDE = 48
"""Side of the swaps made here, in px."""


class EnhancerContract:
    """What every enhancer must do. Subclass, override the ``enhancer`` fixture, done.

    The contract holds for untrained weights too, so it does not ask that there is more detail.
    """

    @pytest.fixture
    def enhancer(self) -> Enhancer:
        """Give the enhancer under test."""
        pytest.fail("a subclass of this contract overrides the fixture 'enhancer'")

    def test_states_its_size(self, enhancer: Enhancer) -> None:
        """The side of its swaps is plausible."""
        assert 32 <= enhancer.size <= 4096

    def test_answers_every_swap(self, enhancer: Enhancer) -> None:
        """Three swaps in, three of its size out, with finite colours from 0 to 1; none in, none out."""
        swaps, crops = _swaps(), _crops(enhancer)
        answers = enhancer.enhance(swaps, crops)
        assert len(answers) == len(swaps)
        for answer in answers:
            assert answer.rgb.shape == (enhancer.size, enhancer.size, 3)
            assert answer.rgb.dtype == np.float32
            assert float(answer.rgb.min()) >= 0.0
            assert float(answer.rgb.max()) <= 1.0
        assert enhancer.enhance([], []) == []

    def test_keeps_masks(self, enhancer: Enhancer) -> None:
        """Every mask is as it was, and there is none where there was none."""
        for swap, answer in zip(_swaps(), enhancer.enhance(_swaps(), _crops(enhancer)), strict=True):
            for name in ("source_mask", "target_mask", "predicted_mask"):
                before, after = getattr(swap, name), getattr(answer, name)
                assert (before is None) == (after is None)
                if before is not None:
                    np.testing.assert_array_equal(before, after)

    def test_keeps_the_face_and_its_place(self, enhancer: Enhancer) -> None:
        """What is enhanced is the swap, not the crop: it stays dark or bright where it was."""
        crops = _crops(enhancer)
        for swap, answer in zip(_swaps(), enhancer.enhance(_swaps(), crops), strict=True):
            np.testing.assert_allclose(_coarse(answer.rgb), _coarse(swap.rgb), atol=0.12)

    @pytest.mark.parametrize("face_type", FaceType)
    def test_takes_every_face_type(self, enhancer: Enhancer, face_type: FaceType) -> None:
        """No face type is refused."""
        answers = enhancer.enhance(_swaps()[:1], _crops(enhancer, face_type)[:1])
        assert answers[0].rgb.shape[0] == enhancer.size

    def test_batch_gives_what_its_members_give(self, enhancer: Enhancer) -> None:
        """Three at once are enhanced as each is alone, in the order given."""
        swaps, crops = _swaps(), _crops(enhancer)
        for answer, swap, crop in zip(enhancer.enhance(swaps, crops), swaps, crops, strict=True):
            np.testing.assert_allclose(answer.rgb, enhancer.enhance([swap], [crop])[0].rgb, atol=1e-4)

    def test_leaves_its_input_alone_and_repeats_itself(self, enhancer: Enhancer) -> None:
        """Swaps and crops, which are read-only here, stay as they were, and asked again the answer is the same."""
        swaps, crops = _swaps(), _crops(enhancer)
        before = [swap.rgb.copy() for swap in swaps], [crop.rgb.copy() for crop in crops]
        first, second = enhancer.enhance(swaps, crops), enhancer.enhance(swaps, crops)
        for one, other in zip(first, second, strict=True):
            np.testing.assert_array_equal(one.rgb, other.rgb)
        for kept, swap in zip(before[0], swaps, strict=True):
            np.testing.assert_array_equal(kept, swap.rgb)
        for looked_at, crop in zip(before[1], crops, strict=True):
            np.testing.assert_array_equal(looked_at, crop.rgb)


def _swaps() -> list[Swap]:
    """Return a dark, a middling and a bright face, smooth, one of them with masks."""
    ramp = np.linspace(0.0, 0.3, _SIDE, dtype=np.float32)
    picture = np.repeat((ramp[:, None] + ramp[None, :])[..., None] / 2, 3, axis=2)
    mask = frozen(np.full((_SIDE, _SIDE), 0.5, np.float32))
    levels: Sequence[float] = (0.1, 0.35, 0.6)
    faces = [frozen((picture + np.float32(level)).astype(np.float32)) for level in levels]
    return [Swap(faces[0]), Swap(faces[1], mask, mask, mask), Swap(faces[2])]


def _crops(enhancer: Enhancer, face_type: FaceType = FaceType.WHOLE_FACE) -> list[Crop]:
    return [plain_crop(level, size=enhancer.size, face_type=face_type) for level in (60, 120, 180)]


def _coarse(rgb: F32) -> F32:
    """Return the means of a picture's sixteen fields, inside a margin."""
    side = len(rgb) // 8
    inner = rgb[side:-side, side:-side].mean(axis=-1)
    parts = np.array_split(inner, 4)
    return np.array([[field.mean() for field in np.array_split(part, 4, axis=1)] for part in parts], np.float32)
