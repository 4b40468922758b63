"""What must every model do?

``ModelContract`` is for a model that needs no training, ``TrainableModelContract`` for one that learns per project, and
``ParallelModelContract`` for one that several processes learn together. All expect the settings ``tiny`` of the offer,
built on the CPU.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import fmean
from typing import ClassVar

import numpy as np
import torch

from understudy_sdk.stages import Model, Parallel, TrainableModel, TrainingData
from understudy_sdk.types import Crop, FaceType, Side, Swap

from .processes import side_by_side
from .promises import about, expect, expect_answers, expect_same, expect_untouched, named
from .tensors import Tensors, copies, distance, expect_losses, expect_refusals
from .training_data import DrawnFaces
from .values import plain_crop

__all__ = ["ModelContract", "ParallelModelContract", "TrainableModelContract"]


class ModelContract:
    """What every model must do. Subclass, give a ``model`` fixture, done."""

    @about("shape")
    def test_states_its_crops(self, model: Model) -> None:
        """The crops it reads have a known type and a plausible size."""
        spec = model.crop_spec
        expect(isinstance(spec.face_type, FaceType), "crop_spec.face_type is a FaceType", repr(spec.face_type))
        expect(8 <= spec.size <= 4096, "crop_spec.size between 8 and 4096 px", spec.size)

    @about("answers")
    def test_answers_every_crop(self, model: Model) -> None:
        """Three crops in, three swaps out; none in, none out."""
        expect_answers(model.swap(_crops(model)), Swap, 3, "crop")
        expect_answers(model.swap([]), Swap, 0, "crop")

    @about("range")
    def test_answers_with_pictures_of_its_size(self, model: Model) -> None:
        """Swaps and their masks have the crops' size; colours lie between 0 and 1."""
        for swap in model.swap(_crops(model)):
            _expect_swap(swap, model.crop_spec.size)

    @about("batch")
    def test_batch_equals_single_crops(self, model: Model) -> None:
        """A batch of three gives what three batches of one give, in the same order."""
        crops = _crops(model)
        _expect_alike(model.swap(crops), [model.swap([crop])[0] for crop in crops], "in a batch as alone", atol=1e-5)

    @about("repeats")
    def test_answers_the_same_again(self, model: Model) -> None:
        """Swapping changes nothing in the model."""
        first = model.swap(_crops(model))
        _expect_alike(model.swap(_crops(model)), first, "asked again as at first")

    @about("purity")
    def test_leaves_its_input_alone(self, model: Model) -> None:
        """Crops, which are read-only here, are the same after a swap."""
        crops = _crops(model)
        with expect_untouched(named("Crop.rgb", [crop.rgb for crop in crops])):
            model.swap(crops)

    @about("purity")
    def test_keeps_its_answer(self, model: Model) -> None:
        """A swap that was given is not written to by the next one."""
        crops = _crops(model)
        first = model.swap(crops)
        kept = [replace(swap, rgb=swap.rgb.copy()) for swap in first]
        model.swap(list(reversed(crops)))
        _expect_alike(first, kept, "after the next swap as before it")


class TrainableModelContract(ModelContract):
    """What every model must do that learns per project. Subclass, give a ``model`` fixture, done.

    The model of the fixture has learnt nothing.

    Attributes:
        learning_steps: After how many steps the loss must have come down; a subclass may ask for more or fewer.
    """

    learning_steps: ClassVar[int] = 24

    @about("learning")
    def test_states_its_batch(self, model: TrainableModel) -> None:
        """The batch is a number of faces, or 0 for as many as fit."""
        size: object = model.batch_size
        expect(isinstance(size, int) and size >= 0, "batch_size of 0 or more faces", repr(size))

    @about("learning")
    def test_returns_both_losses(self, model: TrainableModel) -> None:
        """The losses of both sides are there, and finite; every loss is a plain number."""
        expect_losses(model.train_step(_data(model), 1, _batch(model)), {"source", "target"})

    @about("learning")
    def test_draws_what_it_is_told(self, model: TrainableModel) -> None:
        """It draws from both sides, batches of the size it is given."""
        data = _data(model)
        model.train_step(data, 1, 1)
        sides = {side for side, _, _ in data.draws}
        expect(sides == set(Side), "draws of source and target", f"draws of {sorted(sides)}")
        sizes = {size for _, _, size in data.draws}
        expect(sizes == {1}, "draws of 1 face where a batch of 1 is asked for", f"draws of {sorted(sizes)}")

    @about("learning")
    def test_learns(self, model: TrainableModel) -> None:
        """Both losses come down."""
        rows = _learn(model, _data(model), range(1, self.learning_steps + 1))
        part = max(self.learning_steps // 4, 1)
        for name in ("source", "target"):
            early, late = (fmean(row[name] for row in rows[some]) for some in (slice(part), slice(-part, None)))
            wanted = f"a {name} loss that comes down within {self.learning_steps} steps"
            expect(late < early, wanted, f"the {name} loss went from {early:.4f} to {late:.4f}")

    @about("range")
    def test_rebuilds_both_sides(self, model: TrainableModel) -> None:
        """Each side's decoder draws every crop."""
        for side in Side:
            swaps = model.rebuild(_crops(model), side)
            expect_answers(swaps, Swap, 3, "crop")
            for swap in swaps:
                _expect_swap(swap, model.crop_spec.size)
            expect_answers(model.rebuild([], side), Swap, 0, "crop")

    @about("learning")
    def test_weights_bring_the_swap_back(self, model: TrainableModel) -> None:
        """Weights are all that swapping needs: with them back, the swap is back, to the bit."""
        weights, before = copies(model.weights()), model.swap(_crops(model))
        _learn(model, _data(model), range(1, 4))
        after = model.swap(_crops(model))
        learnt = any(not np.array_equal(a.rgb, b.rgb) for a, b in zip(before, after, strict=True))
        expect(learnt, "other swaps after 3 steps", "the same swaps: nothing was learnt")
        model.load_weights(weights)
        _expect_alike(model.swap(_crops(model)), before, "once the old weights are back as before")

    @about("learning")
    def test_state_brings_the_losses_back(self, model: TrainableModel) -> None:
        """With weights and optimizer state back, the next losses are the same, whatever global chance has done."""
        data = _data(model)
        _learn(model, data, range(1, 3))
        weights, state = copies(model.weights()), copies(model.optimizer_state())
        first = _learn(model, data, range(3, 6))
        model.load_weights(weights)
        model.load_optimizer_state(state)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(12345)
            again = _learn(model, data, range(3, 6))
        expect(again == first, f"losses {first} again, from the same weights and state", again)

    @about("purity")
    def test_looking_changes_nothing(self, model: TrainableModel) -> None:
        """Previews between steps do not alter what is learnt."""
        data, crops = _data(model), _crops(model)
        weights, state = copies(model.weights()), copies(model.optimizer_state())
        plain = _learn(model, data, range(1, 4))
        model.load_weights(weights)
        model.load_optimizer_state(state)
        looked = []
        for step in range(1, 4):
            looked += _learn(model, data, [step])
            model.swap(crops)
            model.rebuild(crops, Side.SOURCE)
        expect(looked == plain, f"losses {plain}, with previews between the steps as without", looked)

    @about("learning")
    def test_refuses_what_does_not_fit(self, model: TrainableModel) -> None:
        """A missing name, an unknown one and another shape raise StageError."""
        expect_refusals("load_weights", model.weights(), model.load_weights)
        expect_refusals("load_optimizer_state", model.optimizer_state(), model.load_optimizer_state)

    @about("learning")
    def test_lower_rate_is_kept(self, model: TrainableModel) -> None:
        """A lowered learning rate makes a step smaller, and comes back with the optimizer state."""
        data = _data(model)
        start, plain_state = copies(model.weights()), copies(model.optimizer_state())
        full = self._way_of_a_step(model, data)

        model.load_weights(start)
        model.load_optimizer_state(plain_state)
        model.lower_learning_rate(0.25)
        lowered_state = copies(model.optimizer_state())
        slow = self._way_of_a_step(model, data)
        expect(slow < full, f"a step shorter than {full:.6g} at a quarter of the rate", f"{slow:.6g}")

        for state, way in ((plain_state, full), (lowered_state, slow)):
            model.load_weights(start)
            model.load_optimizer_state(state)
            again = self._way_of_a_step(model, data)
            expect(again == way, f"the rate is part of optimizer_state: a step of {way:.6g} again", f"{again:.6g}")

    def _way_of_a_step(self, model: TrainableModel, data: TrainingData) -> float:
        """Learn once and return how far all weights moved together."""
        before = copies(model.weights())
        model.train_step(data, 1, _batch(model))
        return distance(before, model.weights())


class ParallelModelContract:
    """What a model must do that several processes learn together. Subclass, give a ``new_model`` fixture, done.

    The fixture is a function that builds the model, always alike, with the given ``Resources.parallel``.
    """

    @about("learning")
    def test_processes_learn_together(self, new_model: Callable[[Parallel | None], TrainableModel]) -> None:
        """Two processes with half a batch each learn what one learns with all of it, rounding apart."""

        def learn(parallel: Parallel | None) -> tuple[list[dict[str, float]], Tensors, Tensors]:
            model = new_model(parallel)
            start = copies(model.weights())
            losses = [dict(model.train_step(_data(model), step, 4)) for step in range(1, 4)]
            return losses, start, copies(model.weights())

        losses, start, weights = learn(None)
        (first, _, mine), (second, _, others) = side_by_side(2, learn)
        expect(first == second, "the same losses told by both processes", f"{first} and {second}")
        expect(distance(mine, others) == 0.0, "the same weights in both processes", "they have come apart")
        for together, alone in zip(first, losses, strict=True):
            is_same = together.keys() == alone.keys() and all(
                math.isclose(together[name], alone[name], rel_tol=1e-3) for name in alone
            )
            expect(is_same, f"the losses of one process alone, {alone}", together)
        apart, way = distance(mine, weights), distance(start, weights)
        expect(apart < 0.05 * way, f"weights near those of one process, which moved by {way:.4g}", f"{apart:.4g} away")


def _crops(model: Model) -> list[Crop]:
    spec = model.crop_spec
    return [plain_crop(level, spec.size, spec.face_type, seed) for seed, level in enumerate((60, 120, 190))]


def _data(model: TrainableModel) -> DrawnFaces:
    return DrawnFaces(model.crop_spec)


def _learn(model: TrainableModel, data: TrainingData, steps: Sequence[int]) -> list[dict[str, float]]:
    return [dict(model.train_step(data, step, _batch(model))) for step in steps]


def _batch(model: TrainableModel) -> int:
    return model.batch_size or 2


def _expect_swap(swap: Swap, size: int) -> None:
    expect(swap.rgb.shape == (size, size, 3), f"Swap.rgb of {(size, size, 3)}", swap.rgb.shape)
    low, high = float(swap.rgb.min()), float(swap.rgb.max())
    expect(low >= 0.0 and high <= 1.0, "Swap.rgb from 0 to 1", f"{low:g} to {high:g}")
    for name, mask in (("source_mask", swap.source_mask), ("target_mask", swap.target_mask)):
        shape = (size, size) if mask is None else mask.shape
        expect(shape == (size, size), f"Swap.{name} of {(size, size)}", shape)


def _expect_alike(found: Sequence[Swap], wanted: Sequence[Swap], how: str, atol: float = 0.0) -> None:
    expect(len(found) == len(wanted), f"as many swaps {how}", f"{len(found)} and {len(wanted)}")
    for one, other in zip(found, wanted, strict=True):
        expect_same(one.rgb, other.rgb, f"the same Swap.rgb {how}", atol=atol)
        expect_same(one.source_mask, other.source_mask, f"the same Swap.source_mask {how}", atol=atol)
        expect_same(one.target_mask, other.target_mask, f"the same Swap.target_mask {how}", atol=atol)
