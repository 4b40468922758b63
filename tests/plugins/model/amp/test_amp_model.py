"""Does AMP learn, morph, and go on after a pause or with other settings?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from understudy_plugins.model.amp import AMPConfig, understudy_models
from understudy_plugins.model.amp.losses import channel_row_variation
from understudy_plugins.model.amp.model import AMPModel
from understudy_plugins.model.amp.samples import draw_channels
from understudy_sdk import Crop, FaceType, InvalidValueError, Resources, Side, StageError, TrainableModel
from understudy_sdk.testing.model import ParallelModelContract, TrainableModelContract
from understudy_sdk.testing.training_data import DrawnFaces
from understudy_sdk.testing.values import offline_cpu

(SPEC,) = understudy_models()
EVERYTHING = {
    "lr_dropout": "cpu",
    "clip_gradients": True,
    "learn_inters": True,
    "blur_out_mask": True,
    "random_source_flip": True,
    "color_transfer": "lct",
    "morph_factor": 0.3,
    "gan_power": 0.1,
    "uniform_yaw": True,
}


def build(**settings):
    return AMPModel(AMPConfig(**{**SPEC.tiny.model_dump(), **settings}), Resources("cpu", lambda weight: None))


def crops_of(model, count=3):
    side, kind = model.crop_spec.size, model.crop_spec.face_type
    random = np.random.default_rng(0)
    pictures = random.integers(0, 255, (count, side, side, 3), dtype=np.uint8)
    return [Crop(picture, np.eye(2, 3), kind, np.zeros((68, 2), np.float32)) for picture in pictures]


def train(model, steps, batch_size=None, data=None):
    data = data or DrawnFaces(model.crop_spec)
    return [dict(model.train_step(data, step, batch_size or model.batch_size)) for step in steps]


def copied(tensors):
    return {name: tensor.clone() for name, tensor in tensors.items()}


def moved_over(first, second):
    second.load_weights(copied(first.weights()))
    second.load_optimizer_state(copied(first.optimizer_state()))
    return second


def changed_parts(model, before):
    return {name.partition(".")[0] for name, value in model.weights().items() if not torch.equal(value, before[name])}


class TestContract(TrainableModelContract, ParallelModelContract):
    """With everything on; all models keep it with their tiny settings."""

    learning_steps = 16

    @pytest.fixture
    def model(self, new_model):
        return new_model(None)

    @pytest.fixture
    def new_model(self):
        settings = AMPConfig(**{**SPEC.tiny.model_dump(), **EVERYTHING, "lr_dropout": "n"})
        return lambda parallel: SPEC.build(settings, replace(offline_cpu(), parallel=parallel))


def test_a_swap_turns_from_the_target_into_the_source():
    crops = crops_of(build(), 9)  # more than one batch
    rows = {}
    for morph in (0.0, 0.3, 0.6, 1.0):
        model = build(morph=morph)
        rows[morph] = model.swap(crops)
        targets = model.rebuild(crops, Side.TARGET)
        for swap, target in zip(rows[morph], targets, strict=True):
            np.testing.assert_array_equal(swap.target_mask, target.target_mask)
            if morph == 0.0:
                np.testing.assert_array_equal(swap.rgb, target.rgb)
                np.testing.assert_array_equal(swap.source_mask, target.target_mask)
    for a, b, c in zip(rows[0.0], rows[0.3], rows[1.0], strict=True):
        assert 0 < np.square(a.rgb - b.rgb).mean() < np.square(a.rgb - c.rgb).mean()
        assert np.abs(a.source_mask - c.source_mask).max() > 0


def test_how_far_it_turns_is_told_while_it_swaps():
    model, crops = build(morph=1.0), crops_of(build(), 2)
    for morph in (0.3, 1.0):
        model.adjust(AMPConfig(**{**SPEC.tiny.model_dump(), "morph": morph}))
        for one, other in zip(model.swap(crops), build(morph=morph).swap(crops), strict=True):
            np.testing.assert_array_equal(one.rgb, other.rgb)


def test_the_sources_faces_are_rebuilt_with_as_many_channels_as_in_training():
    crops = crops_of(build(), 2)
    for factor in (0.2, 0.5):
        rebuilt = build(morph_factor=factor).rebuild(crops, Side.SOURCE)
        swapped = build(morph=factor).swap(crops)
        for one, other in zip(rebuilt, swapped, strict=True):
            np.testing.assert_array_equal(one.rgb, other.rgb)
            np.testing.assert_array_equal(one.source_mask, other.source_mask)
            assert one.target_mask is None


def test_inters_keep_their_first_weights_unless_they_are_to_learn():
    for learns, expected in ((False, {"encoder", "decoder"}), (True, {"encoder", "decoder", "inter_src", "inter_dst"})):
        model = build(learn_inters=learns)
        before = copied(model.weights())
        train(model, [1])
        assert changed_parts(model, before) == expected
        kept = {name.split(".")[1] for name in model.optimizer_state() if name.startswith("means.")}
        assert kept == expected
        assert {name.partition(".")[0] for name in before} == {"encoder", "decoder", "inter_src", "inter_dst"}


def test_every_face_takes_its_share_of_channels_and_others_than_its_neighbour():
    batch = DrawnFaces(build().crop_spec).draw(Side.SOURCE, 0, 64)
    drawn = draw_channels(batch, 22, 6)
    assert drawn.shape == (64, 22, 1, 1)
    assert (drawn.sum(dim=1) == 6).all()
    assert len({tuple(row.flatten().tolist()) for row in drawn}) > 60
    often = drawn.float().mean(dim=0).flatten()
    assert 0.05 < often.min() < often.max() < 0.6  # every channel is taken now and then
    assert torch.equal(drawn, draw_channels(batch, 22, 6))
    later = DrawnFaces(build().crop_spec).draw(Side.SOURCE, 1, 64)
    assert not torch.equal(drawn, draw_channels(later, 22, 6))


def test_a_part_of_a_draw_takes_the_channels_it_takes_in_the_whole():
    batch = DrawnFaces(build().crop_spec).draw(Side.SOURCE, 3, 6)
    whole = draw_channels(batch, 16, 8)
    parts = [draw_channels(batch.part(first, 2), 16, 8) for first in (0, 2, 4)]
    assert torch.equal(torch.cat(parts), whole)
    assert torch.equal(draw_channels(batch.part(2, 4).part(1, 2), 16, 8), whole[3:5])


def test_a_batch_in_parts_is_learnt_as_the_whole():
    whole, parted = build(learning_rate=5e-5), build(learning_rate=5e-5, accumulate=3, recompute=True)
    assert train(parted, [1], 6)[0] == pytest.approx(train(whole, [1], 6)[0], rel=1e-5)
    means = {name: value for name, value in whole.optimizer_state().items() if name.startswith(("means", "gan.means"))}
    for name, value in means.items():
        other = parted.optimizer_state()[name]
        assert (other - value).norm() <= 1e-3 * value.norm() + 1e-7, name


def test_training_with_everything_goes_on_after_a_pause_as_if_there_had_been_none():
    whole = build(**EVERYTHING)
    expected = train(whole, range(1, 6))
    first = build(**EVERYTHING)
    train(first, range(1, 4))
    second = moved_over(first, build(**EVERYTHING))
    assert train(second, range(4, 6)) == expected[3:]
    for name, value in (whole.weights() | whole.optimizer_state()).items():
        assert torch.equal((second.weights() | second.optimizer_state())[name], value), name


@pytest.mark.parametrize("name", [name for name in EVERYTHING if name not in {"lr_dropout", "uniform_yaw"}])
def test_every_option_makes_a_difference(name):
    base = {"gan_power": 0.0, "learning_rate": 5e-5}
    assert train(build(**base), [1, 2]) != train(build(**{**base, name: EVERYTHING[name]}), [1, 2])


def test_it_asks_for_faces_turned_every_way_where_the_settings_say_so():
    class Faces(DrawnFaces):
        asked: tuple = ()

        def draw(self, side, number, size, *, uniform_yaw=False):
            self.asked = (*self.asked, uniform_yaw)
            return super().draw(side, number, size)

    for even in (False, True):
        model = build(uniform_yaw=even)
        data = Faces(model.crop_spec)
        train(model, [1], data=data)
        assert data.asked == (even, even)


def test_dropout_lets_some_weights_rest():
    starts, name = copied(build().weights()), "encoder.dense1.weight"
    moved = {}
    for choice in ("n", "y", "cpu"):
        model = build(lr_dropout=choice)
        train(model, [1])
        moved[choice] = model.weights()[name] != starts[name]
    assert moved["n"].float().mean() > 0.9
    assert 0.2 < moved["y"].float().mean() / moved["n"].float().mean() < 0.4
    assert torch.equal(moved["y"], moved["cpu"])


def test_settings_may_change_between_runs():
    first = build(gan_power=0.1)
    train(first, [1, 2])
    for settings in ({"gan_power": 0.0}, {"gan_width": 8}, {"gan_patch_size": 24}, {"morph": 0.4}):
        second = moved_over(first, build(**{"gan_power": 0.1, **settings}))
        assert changed_parts(second, first.weights()) == set()
        train(second, [3])
        train(moved_over(second, build(gan_power=0.1)), [4])  # and back again
    wider = moved_over(first, build(gan_power=0.1, gan_width=8)).optimizer_state()
    fresh = build(gan_power=0.1, gan_width=8).optimizer_state()
    assert all(torch.equal(value, fresh[name]) for name, value in wider.items() if name.startswith("gan."))


def test_missing_means_begin_as_zeros_but_one_missing_mean_is_refused():
    model = build(gan_power=0.0)
    train(model, [1])
    state = copied(model.optimizer_state())
    bare = {name: value for name, value in state.items() if name == "learning_rate_factor"}
    model.load_optimizer_state(bare)
    assert all(not value.any() for name, value in model.optimizer_state().items() if name != "learning_rate_factor")
    name = next(name for name in state if name.startswith("means."))
    with pytest.raises(StageError, match=r"missing: means\.encoder"):
        model.load_optimizer_state({other: value for other, value in state.items() if other != name})


def test_bfloat16_learns_much_the_same():
    widths = {"code_width": 16, "encoder_width": 8, "learning_rate": 5e-5}
    exact, rough = (train(build(precision=precision, **widths), range(1, 4)) for precision in ("float32", "bfloat16"))
    for a, b in zip(exact, rough, strict=True):
        assert a != b
        assert b == pytest.approx(a, rel=0.03)


@pytest.mark.slow
def test_it_comes_to_draw_both_people():
    """After some steps losses are far down, and the source, drawn paler, comes out paler than the target."""
    model = build(gan_power=0.0, random_warp=False)
    losses = train(model, range(1, 66))
    for side in ("source", "target"):
        early, late = (np.mean([row[side] for row in rows]) for rows in (losses[:8], losses[-8:]))
        assert late < 0.75 * early, side
    data, tones = DrawnFaces(model.crop_spec), {}
    for side in Side:
        batch = data.draw(side, 0, 1)
        picture, inside = batch.rgb[0].permute(1, 2, 0).numpy(), batch.mask[0, 0].numpy() > 0
        crop = Crop(picture, np.eye(2, 3), model.crop_spec.face_type, np.zeros((68, 2), np.float32))
        tones[side] = model.rebuild([crop], side)[0].rgb[inside].mean()
    assert tones[Side.SOURCE] > tones[Side.TARGET] + 0.02


def test_variation_compares_channels_and_rows_as_deepfacelabs_amp_does():
    x = torch.zeros(1, 3, 4, 4)
    x[0, 1, 2, :] = 1.0  # a row of one channel: two channels differ over 4 px, two rows over 4 px, no columns
    assert channel_row_variation(x).tolist() == [16.0]
    assert channel_row_variation(torch.arange(4.0).expand(1, 3, 4, 4)).tolist() == [0.0]  # columns do not count


def test_crops_and_weights_that_do_not_fit_are_refused():
    model = build()
    assert isinstance(model, TrainableModel)
    with pytest.raises(InvalidValueError, match="64 px for AMP"):
        model.swap([Crop(np.zeros((96, 96, 3), np.uint8), np.eye(2, 3), FaceType.FULL, np.zeros((68, 2), np.float32))])
    with pytest.raises(StageError, match=r"of another shape: decoder\.upscale0\.conv1\.weight"):
        build(inter_width=32).load_weights(model.weights())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"resolution": 80}, "multiple of 32"),
        ({"resolution": 32}, "greater than or equal to 64"),
        ({"face_type": "half"}, "'full', 'whole_face' or 'head'"),
        ({"morph_factor": 0.6}, "less than or equal to 0.5"),
        ({"morph_factor": 0.05}, "greater than or equal to 0.1"),
        ({"morph": 1.5}, "less than or equal to 1"),
        ({"inter_width": 4096}, "less than or equal to 2048"),
        ({"gan_patch_size": 2}, "3 and more"),
        ({"pretrain": True}, "Extra inputs"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        AMPConfig(**settings)


def test_other_sizes_work():
    model = build(resolution=96, face_type="head", gan_power=0.0)
    train(model, [1])
    assert (model.crop_spec.face_type, model.crop_spec.size) == (FaceType.HEAD, 96)
    assert model.swap(crops_of(model, 1))[0].rgb.shape == (96, 96, 3)
    assert build(batch_size="auto").batch_size == 0


def test_the_default_settings_are_the_reference_ones():
    config = AMPConfig()
    widths = (config.code_width, config.inter_width, config.encoder_width, config.decoder_width, config.mask_width)
    assert (config.resolution, config.face_type, *widths) == (224, "whole_face", 256, 1024, 64, 64, 22)
    assert (config.batch_size, config.learning_rate, config.morph_factor, config.morph) == (8, 5e-5, 0.5, 1.0)
    assert config.random_target_flip
    assert {config.random_source_flip, config.learn_inters} == {False}


def test_the_layout_in_memory_alters_nothing():
    plain, other = (train(build(layout=layout), [1])[0] for layout in ("contiguous", "channels_last"))
    assert other == pytest.approx(plain, rel=1e-5)
