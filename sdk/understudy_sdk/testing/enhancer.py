"""What must every enhancer do?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from understudy_sdk.stages import Enhancer
from understudy_sdk.types import F32, Crop, FaceType, Swap, require

from .promises import about, expect, expect_answers, expect_finite, expect_same, expect_untouched, named
from .values import frozen, plain_crop

__all__ = ["EnhancerContract"]

_SIDE = 48
"""Side of the swaps made here, in px."""

_MASKS = ("source_mask", "target_mask", "predicted_mask")


class EnhancerContract:
    """What every enhancer must do. Subclass, give an ``enhancer`` fixture, done.

    The contract holds for untrained weights too, so it does not ask that there is more detail.
    """

    @about("shape")
    def test_states_its_size(self, enhancer: Enhancer) -> None:
        """The side of its swaps is plausible."""
        expect(32 <= enhancer.size <= 4096, "a size from 32 to 4096 px", enhancer.size)

    @about("answers")
    def test_answers_every_swap(self, enhancer: Enhancer) -> None:
        """Three swaps in, three out; none in, none out."""
        expect_answers(enhancer.enhance(_swaps(), _crops(enhancer)), Swap, 3, "swap")
        expect_answers(enhancer.enhance([], []), Swap, 0, "swap")

    @about("range")
    def test_answers_faces_of_its_size(self, enhancer: Enhancer) -> None:
        """Faces have its size; colours are finite and lie between 0 and 1."""
        for answer in enhancer.enhance(_swaps(), _crops(enhancer)):
            require("Swap.rgb", answer.rgb, np.float32, (enhancer.size, enhancer.size, 3))
            expect_finite("Swap.rgb", answer.rgb)
            low, high = float(answer.rgb.min()), float(answer.rgb.max())
            expect(low >= 0.0 and high <= 1.0, "colours from 0 to 1", f"{low:g} to {high:g}")

    @about("answers")
    def test_keeps_masks(self, enhancer: Enhancer) -> None:
        """Every mask is as it was, and there is none where there was none."""
        for swap, answer in zip(_swaps(), enhancer.enhance(_swaps(), _crops(enhancer)), strict=True):
            for name in _MASKS:
                expect_same(getattr(answer, name), getattr(swap, name), f"{name} as it was given")

    @about("place")
    def test_keeps_the_face_and_its_place(self, enhancer: Enhancer) -> None:
        """What is enhanced is the swap, not the crop: it stays dark or bright where it was."""
        for swap, answer in zip(_swaps(), enhancer.enhance(_swaps(), _crops(enhancer)), strict=True):
            what = "the mean of each of 16 fields of the enhanced face near that of the swap"
            expect_same(_coarse(answer.rgb), _coarse(swap.rgb), what, atol=0.12)

    @about("shape")
    def test_takes_every_face_type(self, enhancer: Enhancer) -> None:
        """No face type is refused."""
        for face_type in FaceType:
            answers = enhancer.enhance(_swaps()[:1], _crops(enhancer, face_type)[:1])
            expect(len(answers) == 1, f"an answer for {face_type}", len(answers))

    @about("batch")
    def test_batch_gives_what_its_members_give(self, enhancer: Enhancer) -> None:
        """Three at once are enhanced as each is alone, in the order given."""
        swaps, crops = _swaps(), _crops(enhancer)
        for answer, swap, crop in zip(enhancer.enhance(swaps, crops), swaps, crops, strict=True):
            alone = enhancer.enhance([swap], [crop])[0]
            expect_same(answer.rgb, alone.rgb, "Swap.rgb in a batch as alone", atol=1e-4)

    @about("repeats")
    def test_answers_the_same_again(self, enhancer: Enhancer) -> None:
        """Asked again the answer is the same, and the first answer stays as it was."""
        swaps, crops = _swaps(), _crops(enhancer)
        first = enhancer.enhance(swaps, crops)
        kept = [answer.rgb.copy() for answer in first]
        for again, rgb in zip(enhancer.enhance(swaps, crops), kept, strict=True):
            expect_same(again.rgb, rgb, "the same Swap.rgb asked again as at first")
        enhancer.enhance(swaps[::-1], crops[::-1])
        for answer, rgb in zip(first, kept, strict=True):
            expect_same(answer.rgb, rgb, "an answer that was given stays as it is")

    @about("purity")
    def test_leaves_its_input_alone(self, enhancer: Enhancer) -> None:
        """Swaps and crops are read only; a stage that writes to them fails here."""
        swaps, crops = _swaps(), _crops(enhancer)
        inputs = named("Swap.rgb", [swap.rgb for swap in swaps]) | named("Crop.rgb", [crop.rgb for crop in crops])
        with expect_untouched(inputs):
            enhancer.enhance(swaps, crops)


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
