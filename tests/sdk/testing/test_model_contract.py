"""Does the models' contract refuse a model that breaks one of its promises?"""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from understudy_sdk import CropSpec, FaceType, Side
from understudy_sdk.testing.model import ModelContract, TrainableModelContract
from understudy_sdk.testing.training_data import DrawnFaces

# a model that keeps the contract, as the tests of the training loop show
TINY_MODEL = Path(__file__).parents[2] / "host" / "training" / "tiny_model.py"
SPEC = importlib.util.spec_from_file_location("tiny_model_of_the_sdk", TINY_MODEL)
tiny = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tiny)


class Tall(tiny.TinyModel):
    crop_spec = CropSpec("tall", 16)


class LosesOne(tiny.TinyModel):
    def swap(self, crops):
        return super().swap(crops)[:2]


class Glaring(tiny.TinyModel):
    def swap(self, crops):
        return [replace(swap, rgb=swap.rgb + 1) for swap in super().swap(crops)]


class Halving(tiny.TinyModel):
    def swap(self, crops):
        return [replace(swap, rgb=np.ascontiguousarray(swap.rgb[::2, ::2])) for swap in super().swap(crops)]


class Averaging(tiny.TinyModel):
    def swap(self, crops):
        swaps = super().swap(crops)
        mean = np.mean([swap.rgb for swap in swaps], axis=0) if swaps else None
        return [replace(swap, rgb=(swap.rgb + mean) / 2) for swap in swaps]


class Restless(tiny.TinyModel):
    def swap(self, crops):
        self.decoders["source"].bias.data.add_(0.1)
        return super().swap(crops)


class Scribbling(tiny.TinyModel):
    def swap(self, crops):
        for crop in crops:
            crop.rgb[0, 0] = 0
        return super().swap(crops)


class Reusing(tiny.TinyModel):
    room = np.zeros((3, 16, 16, 3), np.float32)

    def swap(self, crops):
        swaps = super().swap(crops)
        for place, swap in zip(self.room, swaps, strict=False):
            place[:] = swap.rgb
        return [replace(swap, rgb=place) for place, swap in zip(self.room, swaps, strict=False)]


class OneSided(tiny.TinyModel):
    def train_step(self, data, step, batch_size):
        return {"source": super().train_step(data, step, batch_size)["source"]}


class Stubborn(tiny.TinyModel):
    def train_step(self, data, step, batch_size):
        return super().train_step(data, step, self.batch_size)


class Unlearning(tiny.TinyModel):
    def __init__(self):
        super().__init__(rate=-0.4)


class Forgetting(tiny.TinyModel):
    def weights(self):
        return {name: tensor for name, tensor in super().weights().items() if "source" not in name}

    def load_weights(self, weights):
        tiny.take_over(super().weights(), {**super().weights(), **weights})


class Stateless(tiny.TinyModel):
    def optimizer_state(self):
        return {}

    def load_optimizer_state(self, state):
        pass


class Gambling(tiny.TinyModel):
    def train_step(self, data, step, batch_size):
        self.encoder.weight.data.add_(torch.randn(self.encoder.weight.shape) * 0.01)
        return super().train_step(data, step, batch_size)


class Shy(tiny.TinyModel):
    def rebuild(self, crops, side):
        if side is Side.SOURCE:
            self.momenta["encoder.weight"].zero_()
        return super().rebuild(crops, side)


class Lenient(tiny.TinyModel):
    def load_weights(self, weights):
        pass


class Hasty(tiny.TinyModel):
    def lower_learning_rate(self, factor):
        pass


SWAPPING = [
    (Tall, "test_states_its_crops"),
    (LosesOne, "test_answers_every_crop"),
    (Glaring, "test_answers_with_pictures_of_its_size"),
    (Halving, "test_answers_with_pictures_of_its_size"),
    (Averaging, "test_batch_equals_single_crops"),
    (Restless, "test_answers_the_same_again"),
    (Scribbling, "test_leaves_its_input_alone"),
    (Reusing, "test_keeps_its_answer"),
]
LEARNING = [
    (OneSided, "test_returns_both_losses"),
    (Stubborn, "test_draws_what_it_is_told"),
    (Unlearning, "test_learns"),
    (Forgetting, "test_weights_bring_the_swap_back"),
    (Stateless, "test_state_brings_the_losses_back"),
    (Gambling, "test_state_brings_the_losses_back"),
    (Shy, "test_looking_changes_nothing"),
    (Hasty, "test_lower_rate_is_kept"),
]


@pytest.mark.parametrize(("broken", "test"), SWAPPING)
def test_broken_swap_is_refused(broken, test):
    with pytest.raises((AssertionError, ValueError)):
        getattr(ModelContract(), test)(broken())


@pytest.mark.parametrize(("broken", "test"), LEARNING)
def test_broken_learning_is_refused(broken, test):
    with pytest.raises(AssertionError):
        getattr(TrainableModelContract(), test)(broken())


def test_model_that_takes_any_weights_is_refused():
    with pytest.raises(AssertionError, match="load_weights with an unknown name raises StageError"):
        TrainableModelContract().test_refuses_what_does_not_fit(Lenient())


def test_drawn_faces_are_training_data():
    data = DrawnFaces(CropSpec(FaceType.WHOLE_FACE, 64))
    batch = data.draw(Side.SOURCE, 3, 6)
    assert (tuple(batch.rgb.shape), tuple(batch.mask.shape)) == ((6, 3, 64, 64), (6, 1, 64, 64))
    assert 0.05 < float((batch.mask == 255).float().mean()) < 0.6
    again, other = data.draw(Side.SOURCE, 3, 6), data.draw(Side.TARGET, 3, 6)
    assert torch.equal(batch.rgb, again.rgb)
    assert batch.seed == again.seed != other.seed
    assert not torch.equal(batch.rgb, other.rgb)
