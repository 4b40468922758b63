"""What must every model do?

``ModelContract`` is for a model that needs no training, ``TrainableModelContract`` for one that learns per project.
Both expect the settings ``tiny`` of the offer, built on the CPU.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import ClassVar

import numpy as np
import pytest
import torch

from understudy_sdk.errors import StageError
from understudy_sdk.stages import Model, Parallel, TrainableModel, TrainingData
from understudy_sdk.types import Crop, FaceType, Side, Swap

from .processes import side_by_side
from .training_data import DrawnFaces
from .values import plain_crop

__all__ = ["ModelContract", "TrainableModelContract"]

Tensors = dict[str, torch.Tensor]


class ModelContract:
    """What every model must do. Subclass, override the ``model`` fixture, done."""

    @pytest.fixture
    def model(self) -> Model:
        """Give a ready model."""
        pytest.fail("a subclass of this contract overrides the fixture 'model'")

    def test_states_its_crops(self, model: Model) -> None:
        """The crops it reads have a known type and a plausible size."""
        assert isinstance(model.crop_spec.face_type, FaceType)
        assert 8 <= model.crop_spec.size <= 4096

    def test_answers_every_crop(self, model: Model) -> None:
        """Three crops in, three swaps out; none in, none out."""
        assert len(model.swap(_crops(model))) == 3
        assert model.swap([]) == []

    def test_answers_with_pictures_of_its_size(self, model: Model) -> None:
        """Swaps and their masks have the crops' size; colours lie between 0 and 1."""
        for swap in model.swap(_crops(model)):
            _check_swap(swap, model.crop_spec.size)

    def test_batch_equals_single_crops(self, model: Model) -> None:
        """A batch of three gives what three batches of one give, in the same order."""
        crops = _crops(model)
        _assert_close(model.swap(crops), [model.swap([crop])[0] for crop in crops])

    def test_answers_the_same_again(self, model: Model) -> None:
        """Swapping changes nothing in the model."""
        _assert_equal(model.swap(_crops(model)), model.swap(_crops(model)))

    def test_leaves_its_input_alone(self, model: Model) -> None:
        """Crops, which are read-only here, are the same after a swap."""
        crops = _crops(model)
        before = [crop.rgb.copy() for crop in crops]
        model.swap(crops)
        for crop, rgb in zip(crops, before, strict=True):
            np.testing.assert_array_equal(crop.rgb, rgb)

    def test_keeps_its_answer(self, model: Model) -> None:
        """A swap that was given is not written to by the next one."""
        crops = _crops(model)
        first = model.swap(crops)
        kept = [replace(swap, rgb=swap.rgb.copy()) for swap in first]
        model.swap(list(reversed(crops)))
        _assert_equal(first, kept)


class TrainableModelContract(ModelContract):
    """What every model must do that learns per project. Subclass, override the ``model`` fixture, done.

    Override ``new_model`` too, and it is checked that several processes can learn it together.

    Attributes:
        learning_steps: After how many steps the loss must have come down; a subclass may ask for more or fewer.
    """

    learning_steps: ClassVar[int] = 24

    @pytest.fixture
    def model(self) -> TrainableModel:
        """Give a ready model that has learnt nothing."""
        pytest.fail("a subclass of this contract overrides the fixture 'model'")

    @pytest.fixture
    def new_model(self) -> Callable[[Parallel | None], TrainableModel]:
        """Give a function that builds the model that ``model`` gives, always alike, with ``Resources.parallel``."""
        pytest.skip("learning in several processes is checked where the fixture 'new_model' is overridden")

    def test_states_its_batch(self, model: TrainableModel) -> None:
        """The batch is a number of faces, or 0 for as many as fit."""
        assert isinstance(model.batch_size, int)
        assert model.batch_size >= 0

    def test_processes_learn_together(self, new_model: Callable[[Parallel | None], TrainableModel]) -> None:
        """Two processes with half a batch each learn what one learns with all of it, rounding apart."""

        def learn(parallel: Parallel | None) -> tuple[list[dict[str, float]], Tensors, Tensors]:
            model = new_model(parallel)
            start = _copies(model.weights())
            losses = [dict(model.train_step(_data(model), step, 4)) for step in range(1, 4)]
            return losses, start, _copies(model.weights())

        losses, start, weights = learn(None)
        (first, _, mine), (second, _, others) = side_by_side(2, learn)
        assert first == second, "the processes tell different losses"
        assert _distance(mine, others) == 0.0, "the processes have come apart"
        for together, alone in zip(first, losses, strict=True):
            assert together == pytest.approx(alone, rel=1e-3)
        assert _distance(mine, weights) < 0.05 * _distance(start, weights)

    def test_returns_both_losses(self, model: TrainableModel) -> None:
        """The losses of both sides are there, and finite; every loss is a plain number."""
        losses = model.train_step(_data(model), 1, _batch(model))
        assert {"source", "target"} <= set(losses)
        assert all(isinstance(loss, float) and math.isfinite(loss) for loss in losses.values()), losses

    def test_draws_what_it_is_told(self, model: TrainableModel) -> None:
        """It draws from both sides, batches of the size it is given."""
        data = _data(model)
        model.train_step(data, 1, 1)
        assert {side for side, _, _ in data.draws} == {Side.SOURCE, Side.TARGET}
        assert {size for _, _, size in data.draws} == {1}

    def test_learns(self, model: TrainableModel) -> None:
        """Both losses come down."""
        rows = _learn(model, _data(model), range(1, self.learning_steps + 1))
        part = max(self.learning_steps // 4, 1)
        for name in ("source", "target"):
            early, late = (fmean(row[name] for row in rows[some]) for some in (slice(part), slice(-part, None)))
            assert late < early, f"the {name} loss went from {early:.4f} to {late:.4f}"

    def test_rebuilds_both_sides(self, model: TrainableModel) -> None:
        """Each side's decoder draws every crop."""
        for side in Side:
            swaps = model.rebuild(_crops(model), side)
            assert len(swaps) == 3
            for swap in swaps:
                _check_swap(swap, model.crop_spec.size)
            assert model.rebuild([], side) == []

    def test_weights_bring_the_swap_back(self, model: TrainableModel) -> None:
        """Weights are all that swapping needs: with them back, the swap is back, to the bit."""
        weights, before = _copies(model.weights()), model.swap(_crops(model))
        _learn(model, _data(model), range(1, 4))
        after = model.swap(_crops(model))
        assert any(not np.array_equal(a.rgb, b.rgb) for a, b in zip(before, after, strict=True)), "nothing was learnt"
        model.load_weights(weights)
        _assert_equal(model.swap(_crops(model)), before)

    def test_state_brings_the_losses_back(self, model: TrainableModel) -> None:
        """With weights and optimizer state back, the next losses are the same, whatever global chance has done."""
        data = _data(model)
        _learn(model, data, range(1, 3))
        weights, state = _copies(model.weights()), _copies(model.optimizer_state())
        first = _learn(model, data, range(3, 6))
        model.load_weights(weights)
        model.load_optimizer_state(state)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(12345)
            assert _learn(model, data, range(3, 6)) == first

    def test_looking_changes_nothing(self, model: TrainableModel) -> None:
        """Previews between steps do not alter what is learnt."""
        data, crops = _data(model), _crops(model)
        weights, state = _copies(model.weights()), _copies(model.optimizer_state())
        plain = _learn(model, data, range(1, 4))
        model.load_weights(weights)
        model.load_optimizer_state(state)
        looked = []
        for step in range(1, 4):
            looked += _learn(model, data, [step])
            model.swap(crops)
            model.rebuild(crops, Side.SOURCE)
        assert looked == plain

    @pytest.mark.parametrize("part", ["weights", "optimizer_state"])
    def test_refuses_what_does_not_fit(self, model: TrainableModel, part: str) -> None:
        """A missing name, an unknown one and another shape raise StageError."""
        good: Tensors = _copies(getattr(model, part)())
        load: Callable[[Mapping[str, torch.Tensor]], None] = getattr(model, f"load_{part}")
        with pytest.raises(StageError):
            load({**good, "no_such_name": torch.zeros(1)})
        for name in list(good)[:1]:
            with pytest.raises(StageError):
                load({other: tensor for other, tensor in good.items() if other != name})
            with pytest.raises(StageError):
                load({**good, name: torch.zeros(3, 5, 7, 11)})

    def test_lower_rate_is_kept(self, model: TrainableModel) -> None:
        """A lowered learning rate makes a step smaller, and comes back with the optimizer state."""
        data = _data(model)
        start, plain_state = _copies(model.weights()), _copies(model.optimizer_state())
        full = self._way_of_a_step(model, data)

        model.load_weights(start)
        model.load_optimizer_state(plain_state)
        model.lower_learning_rate(0.25)
        lowered_state = _copies(model.optimizer_state())
        slow = self._way_of_a_step(model, data)
        assert slow < full

        model.load_weights(start)
        model.load_optimizer_state(plain_state)
        assert self._way_of_a_step(model, data) == full

        model.load_weights(start)
        model.load_optimizer_state(lowered_state)
        assert self._way_of_a_step(model, data) == slow

    def _way_of_a_step(self, model: TrainableModel, data: TrainingData) -> float:
        """Learn once and return how far all weights moved together."""
        before = _copies(model.weights())
        model.train_step(data, 1, _batch(model))
        return _distance(before, model.weights())


def _crops(model: Model) -> list[Crop]:
    spec = model.crop_spec
    return [plain_crop(level, spec.size, spec.face_type, seed) for seed, level in enumerate((60, 120, 190))]


def _data(model: TrainableModel) -> DrawnFaces:
    return DrawnFaces(model.crop_spec)


def _learn(model: TrainableModel, data: TrainingData, steps: Sequence[int]) -> list[dict[str, float]]:
    return [dict(model.train_step(data, step, _batch(model))) for step in steps]


def _batch(model: TrainableModel) -> int:
    return model.batch_size or 2


def _distance(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> float:
    """Return how far all weights lie apart together."""
    return sum(float((other[name] - tensor).abs().sum()) for name, tensor in one.items())


def _copies(tensors: Mapping[str, torch.Tensor]) -> Tensors:
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


def _check_swap(swap: Swap, size: int) -> None:
    assert swap.rgb.shape == (size, size, 3)
    assert swap.rgb.min() >= 0.0
    assert swap.rgb.max() <= 1.0
    for mask in (swap.source_mask, swap.target_mask):
        assert mask is None or mask.shape == (size, size)


def _assert_close(found: Sequence[Swap], wanted: Sequence[Swap]) -> None:
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one.rgb, other.rgb, rtol=0, atol=1e-5)


def _assert_equal(found: Sequence[Swap], wanted: Sequence[Swap]) -> None:
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one.rgb, other.rgb)
