"""What must every masker do?

``MaskerContract`` is for all of them, ``TrainableMaskerContract`` for one that learns from masks that people drew. Both
expect the settings ``tiny`` of the offer, built on the CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import ClassVar

import numpy as np
import torch

from understudy_sdk.stages import Masker, MaskTrainingData, TrainableMasker
from understudy_sdk.types import Crop, FaceType, Mask

from .mask_data import DrawnMasks
from .promises import about, expect, expect_answers, expect_same, expect_untouched
from .tensors import copies, distance, expect_losses, expect_refusals
from .values import plain_crop

__all__ = ["MaskerContract", "TrainableMaskerContract"]


class MaskerContract:
    """What every masker must do. Subclass, give a ``masker`` fixture, done."""

    @about("answers")
    def test_answers_every_crop(self, masker: Masker) -> None:
        """Three crops in, three masks out; none in, none out."""
        expect_answers(masker.mask([plain_crop(seed=seed) for seed in range(3)]), Mask, 3, "crop")
        expect_answers(masker.mask([]), Mask, 0, "crop")

    @about("shape")
    def test_gives_each_crop_its_size(self, masker: Masker) -> None:
        """A mask has its crop's side, also beside a crop of another; Mask itself checks type and range."""
        for size in (64, 96, 256):
            found = [mask.values.shape for mask in masker.mask([plain_crop(size=size), plain_crop(size=48)])]
            expect(found == [(size, size), (48, 48)], f"masks of {size} and 48 px for crops of {size} and 48 px", found)

    @about("shape")
    def test_takes_every_face_type(self, masker: Masker) -> None:
        """No face type is refused."""
        for face_type in FaceType:
            found = [mask.values.shape for mask in masker.mask([plain_crop(face_type=face_type)])]
            expect(found == [(64, 64)], f"one mask of 64 px for a {face_type} crop of 64 px", found)

    @about("batch")
    def test_batch_gives_what_its_members_give(self, masker: Masker) -> None:
        """Three crops at once are masked as each is alone, in the order given."""
        crops = [
            plain_crop(level, face_type=face_type) for level, face_type in zip((40, 120, 220), FaceType, strict=False)
        ]
        together = masker.mask(crops)
        for mask, crop in zip(together, crops, strict=True):
            alone = masker.mask([crop])[0].values
            expect_same(mask.values, alone, "the same Mask.values in a batch as alone", atol=1e-5)

    @about("repeats")
    def test_masks_the_same_again(self, masker: Masker) -> None:
        """Asked again the answer is the same, and the first answer stays as it was."""
        crop = plain_crop()
        first = masker.mask([crop])[0].values
        kept = first.copy()
        expect_same(masker.mask([crop])[0].values, kept, "the same Mask.values asked again as at first")
        masker.mask([plain_crop(220, face_type=FaceType.HEAD)])
        expect_same(first, kept, "an answer that was given stays as it is")

    @about("purity")
    def test_leaves_its_input_alone(self, masker: Masker) -> None:
        """Crops are read only; a stage that writes to them fails here."""
        crop = plain_crop()
        arrays = {"rgb": crop.rgb, "landmarks": crop.landmarks, "frame_to_crop": crop.frame_to_crop, "mesh": crop.mesh}
        with expect_untouched({f"Crop.{name}": array for name, array in arrays.items()}):
            masker.mask([crop])


class TrainableMaskerContract(MaskerContract):
    """What every masker must do that learns. Subclass, give a ``masker`` fixture, done.

    Its offer's ``tiny`` settings let it mask before it has learnt anything.

    Attributes:
        learning_steps: After how many steps the loss must have come down; a subclass may ask for more or fewer.
    """

    learning_steps: ClassVar[int] = 32

    @about("shape")
    def test_states_its_crops(self, masker: TrainableMasker) -> None:
        """The crops it learns from have a known type and a plausible size; its batch is not negative."""
        spec = masker.crop_spec
        expect(isinstance(spec.face_type, FaceType), "crop_spec.face_type is a FaceType", spec.face_type)
        expect(8 <= spec.size <= 4096, "crop_spec.size between 8 and 4096 px", spec.size)
        expect(masker.batch_size >= 0, "batch_size of 0 or more", masker.batch_size)

    @about("learning")
    def test_returns_its_loss(self, masker: TrainableMasker) -> None:
        """The loss is there, and finite; every loss is a plain number."""
        expect_losses(masker.train_step(_data(masker), 1, 2), {"mask"})

    @about("learning")
    def test_draws_what_it_is_told(self, masker: TrainableMasker) -> None:
        """It draws batches of the size it is given, others in the next step than in the first."""
        data = _data(masker)
        masker.train_step(data, 1, 1)
        first = {number for number, _ in data.draws}
        masker.train_step(data, 2, 1)
        sizes = {size for _, size in data.draws}
        expect(sizes == {1}, "draws of 1 face where a batch of 1 is asked for", f"draws of {sorted(sizes)}")
        expect({number for number, _ in data.draws} > first, "other draws in the second step", f"draws {sorted(first)}")

    @about("learning")
    def test_learns(self, masker: TrainableMasker) -> None:
        """The loss comes down."""
        losses = _learn(masker, _data(masker), range(1, self.learning_steps + 1))
        part = max(self.learning_steps // 4, 1)
        early, late = fmean(losses[:part]), fmean(losses[-part:])
        found = f"from {early:.4f} to {late:.4f}"
        expect(late < early, f"a loss that comes down within {self.learning_steps} steps", found)

    @about("learning")
    def test_weights_bring_the_mask_back(self, masker: TrainableMasker) -> None:
        """Weights are all that masking needs: with them back, the mask is back, to the bit."""
        weights, before = copies(masker.weights()), masker.mask(_crops(masker))
        _learn(masker, _data(masker), range(1, 4))
        after = masker.mask(_crops(masker))
        learnt = any(not np.array_equal(a.values, b.values) for a, b in zip(before, after, strict=True))
        expect(learnt, "other masks after 3 steps", "the same masks: nothing was learnt")
        masker.load_weights(weights)
        for one, other in zip(masker.mask(_crops(masker)), before, strict=True):
            expect_same(one.values, other.values, "the old Mask.values once the old weights are back")

    @about("learning")
    def test_state_brings_the_losses_back(self, masker: TrainableMasker) -> None:
        """With weights and optimizer state back, the next losses are the same, whatever global chance has done."""
        data = _data(masker)
        _learn(masker, data, range(1, 3))
        weights, state = copies(masker.weights()), copies(masker.optimizer_state())
        first = _learn(masker, data, range(3, 6))
        masker.load_weights(weights)
        masker.load_optimizer_state(state)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(12345)
            again = _learn(masker, data, range(3, 6))
        expect(again == first, f"losses {first} again, from the same weights and state", again)

    @about("purity")
    def test_masking_changes_nothing(self, masker: TrainableMasker) -> None:
        """Masks made between steps do not alter what is learnt."""
        data = _data(masker)
        weights, state = copies(masker.weights()), copies(masker.optimizer_state())
        plain = _learn(masker, data, range(1, 4))
        masker.load_weights(weights)
        masker.load_optimizer_state(state)
        looked = []
        for step in range(1, 4):
            looked += _learn(masker, data, [step])
            masker.mask(_crops(masker))
        expect(looked == plain, f"losses {plain}, with masks made between the steps as without", looked)

    @about("learning")
    def test_refuses_what_does_not_fit(self, masker: TrainableMasker) -> None:
        """A missing name, an unknown one and another shape raise StageError."""
        expect_refusals("load_weights", masker.weights(), masker.load_weights)
        expect_refusals("load_optimizer_state", masker.optimizer_state(), masker.load_optimizer_state)

    @about("learning")
    def test_lower_rate_is_kept(self, masker: TrainableMasker) -> None:
        """A lowered learning rate makes a step smaller, and comes back with the optimizer state."""
        start, plain_state = copies(masker.weights()), copies(masker.optimizer_state())
        masker.lower_learning_rate(0.25)
        lowered_state = copies(masker.optimizer_state())
        ways = []
        for state in (plain_state, lowered_state, plain_state, lowered_state):
            masker.load_weights(start)
            masker.load_optimizer_state(state)
            masker.train_step(_data(masker), 1, 2)
            ways.append(distance(start, masker.weights()))
        expect(ways[1] < ways[0], f"a step shorter than {ways[0]:.6g} at a quarter of the rate", f"{ways[1]:.6g}")
        expect(ways[2:] == ways[:2], "the rate is part of optimizer_state: the same steps again", ways)


def _crops(masker: TrainableMasker) -> list[Crop]:
    spec = masker.crop_spec
    return [plain_crop(level, spec.size, spec.face_type, seed) for seed, level in enumerate((60, 120, 190))]


def _data(masker: TrainableMasker) -> DrawnMasks:
    return DrawnMasks(masker.crop_spec)


def _learn(masker: TrainableMasker, data: MaskTrainingData, steps: Sequence[int]) -> list[float]:
    return [masker.train_step(data, step, 2)["mask"] for step in steps]
