"""What must every masker do?

``MaskerContract`` is for all of them, ``TrainableMaskerContract`` for one that learns from masks that people drew. Both
expect the settings ``tiny`` of the offer, built on the CPU.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import ClassVar

import numpy as np
import pytest
import torch

from understudy_sdk.errors import StageError
from understudy_sdk.stages import Masker, MaskTrainingData, TrainableMasker
from understudy_sdk.types import Crop, FaceType, Mask

from .mask_data import DrawnMasks
from .values import plain_crop

__all__ = ["MaskerContract", "TrainableMaskerContract"]

Tensors = dict[str, torch.Tensor]


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


class TrainableMaskerContract(MaskerContract):
    """What every masker must do that learns. Subclass, override the ``masker`` fixture, done.

    Its offer's ``tiny`` settings let it mask before it has learnt anything.

    Attributes:
        learning_steps: After how many steps the loss must have come down; a subclass may ask for more or fewer.
    """

    learning_steps: ClassVar[int] = 32

    @pytest.fixture
    def masker(self) -> TrainableMasker:
        """Give a ready masker that has learnt nothing."""
        pytest.fail("a subclass of this contract overrides the fixture 'masker'")

    def test_states_its_crops(self, masker: TrainableMasker) -> None:
        """The crops it learns from have a known type and a plausible size."""
        assert isinstance(masker.crop_spec.face_type, FaceType)
        assert 8 <= masker.crop_spec.size <= 4096
        assert masker.batch_size >= 0

    def test_returns_its_loss(self, masker: TrainableMasker) -> None:
        """The loss is there, and finite; every loss is a plain number."""
        losses = masker.train_step(_data(masker), 1, 2)
        assert "mask" in losses
        assert all(isinstance(loss, float) and math.isfinite(loss) for loss in losses.values()), losses

    def test_draws_what_it_is_told(self, masker: TrainableMasker) -> None:
        """It draws batches of the size it is given, others in the next step than in the first."""
        data = _data(masker)
        masker.train_step(data, 1, 1)
        first = {number for number, _ in data.draws}
        masker.train_step(data, 2, 1)
        assert {size for _, size in data.draws} == {1}
        assert {number for number, _ in data.draws} > first

    def test_learns(self, masker: TrainableMasker) -> None:
        """The loss comes down."""
        losses = _learn(masker, _data(masker), range(1, self.learning_steps + 1))
        part = max(self.learning_steps // 4, 1)
        early, late = fmean(losses[:part]), fmean(losses[-part:])
        assert late < early, f"the loss went from {early:.4f} to {late:.4f}"

    def test_weights_bring_the_mask_back(self, masker: TrainableMasker) -> None:
        """Weights are all that masking needs: with them back, the mask is back, to the bit."""
        weights, before = _copies(masker.weights()), masker.mask(_crops(masker))
        _learn(masker, _data(masker), range(1, 4))
        after = masker.mask(_crops(masker))
        assert any(not np.array_equal(a.values, b.values) for a, b in zip(before, after, strict=True)), "nothing learnt"
        masker.load_weights(weights)
        _assert_equal(masker.mask(_crops(masker)), before)

    def test_state_brings_the_losses_back(self, masker: TrainableMasker) -> None:
        """With weights and optimizer state back, the next losses are the same, whatever global chance has done."""
        data = _data(masker)
        _learn(masker, data, range(1, 3))
        weights, state = _copies(masker.weights()), _copies(masker.optimizer_state())
        first = _learn(masker, data, range(3, 6))
        masker.load_weights(weights)
        masker.load_optimizer_state(state)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(12345)
            assert _learn(masker, data, range(3, 6)) == first

    def test_masking_changes_nothing(self, masker: TrainableMasker) -> None:
        """Masks made between steps do not alter what is learnt."""
        data = _data(masker)
        weights, state = _copies(masker.weights()), _copies(masker.optimizer_state())
        plain = _learn(masker, data, range(1, 4))
        masker.load_weights(weights)
        masker.load_optimizer_state(state)
        looked = []
        for step in range(1, 4):
            looked += _learn(masker, data, [step])
            masker.mask(_crops(masker))
        assert looked == plain

    @pytest.mark.parametrize("part", ["weights", "optimizer_state"])
    def test_refuses_what_does_not_fit(self, masker: TrainableMasker, part: str) -> None:
        """A missing name, an unknown one and another shape raise StageError."""
        good: Tensors = _copies(getattr(masker, part)())
        load: Callable[[Mapping[str, torch.Tensor]], None] = getattr(masker, f"load_{part}")
        name = next(iter(good))
        for bad in (
            {**good, "no_such_name": torch.zeros(1)},
            {other: tensor for other, tensor in good.items() if other != name},
            {**good, name: torch.zeros(3, 5, 7, 11)},
        ):
            with pytest.raises(StageError):
                load(bad)

    def test_lower_rate_is_kept(self, masker: TrainableMasker) -> None:
        """A lowered learning rate makes a step smaller, and comes back with the optimizer state."""
        start, plain_state = _copies(masker.weights()), _copies(masker.optimizer_state())
        masker.lower_learning_rate(0.25)
        lowered_state = _copies(masker.optimizer_state())
        ways = []
        for state in (plain_state, lowered_state, plain_state, lowered_state):
            masker.load_weights(start)
            masker.load_optimizer_state(state)
            masker.train_step(_data(masker), 1, 2)
            ways.append(sum(float((tensor - start[name]).abs().sum()) for name, tensor in masker.weights().items()))
        assert ways[1] < ways[0]
        assert ways[2:] == ways[:2]


def _crops(masker: TrainableMasker) -> list[Crop]:
    spec = masker.crop_spec
    return [plain_crop(level, spec.size, spec.face_type, seed) for seed, level in enumerate((60, 120, 190))]


def _data(masker: TrainableMasker) -> DrawnMasks:
    return DrawnMasks(masker.crop_spec)


def _learn(masker: TrainableMasker, data: MaskTrainingData, steps: Sequence[int]) -> list[float]:
    return [masker.train_step(data, step, 2)["mask"] for step in steps]


def _copies(tensors: Mapping[str, torch.Tensor]) -> Tensors:
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


def _assert_equal(found: Sequence[Mask], wanted: Sequence[Mask]) -> None:
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
