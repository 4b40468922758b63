"""Does Quick96 learn, swap, and go on after a pause as if there had been none?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from understudy_plugins.model.quick96 import Quick96Config, understudy_models
from understudy_plugins.model.quick96.model import Quick96Model
from understudy_plugins.model.quick96.samples import look_up, prepare
from understudy_sdk import Crop, FaceBatch, FaceType, InvalidValueError, Resources, Side, StageError, TrainableModel
from understudy_sdk.autoencoder.state import choose_bfloat16

(SPEC,) = understudy_models()


class DrawnFaces:
    """Soft discs on a plain ground; the two sides differ in color."""

    def __init__(self):
        self.asked = []

    def draw(self, side, number, size, *, uniform_yaw=False):
        self.asked.append((side, number, size))
        rows, columns = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
        radius = torch.tensor([20.0 + (number * size + i) % 12 for i in range(size)])[:, None, None]
        disc = (radius - ((rows - 48) ** 2 + (columns - 48) ** 2).sqrt()).clamp(0, 1)[:, None]  # B, 1, 96, 96
        color = torch.tensor([220.0, 160, 130] if side is Side.SOURCE else [90.0, 120, 200])[None, :, None, None]
        rgb = (30 + disc * (color - 30)).to(torch.uint8)
        return FaceBatch(
            rgb, (disc * 255).to(torch.uint8), torch.zeros(size, 68, 2), seed=number * 2 + (side == "target")
        )


def build(**settings):
    return Quick96Model(SPEC.tiny.model_copy(update=settings), Resources("cpu", lambda weight: None))


def crop(size=96, level=120):
    rgb = np.full((size, size, 3), level, np.uint8)
    rgb[size // 4 : size // 2] = 200
    return Crop(rgb, np.eye(2, 3), FaceType.FULL, np.zeros((68, 2), np.float32))


def train(model, steps):
    data = DrawnFaces()
    return [dict(model.train_step(data, step, model.batch_size)) for step in steps]


def test_it_is_a_trainable_model_of_full_faces():
    model = build()
    assert isinstance(model, TrainableModel)
    assert (model.crop_spec.face_type, model.crop_spec.size) == (FaceType.FULL, 96)
    assert model.batch_size == SPEC.tiny.batch_size


def test_every_third_step_shows_the_faces_before_once_more_and_plain():
    assert [look_up(step) for step in range(1, 8)] == [
        (0, True),
        (1, True),
        (1, False),
        (2, True),
        (3, True),
        (3, False),
        (4, True),
    ]
    data = DrawnFaces()
    model = build()
    for step in (1, 2, 3, 4):
        model.train_step(data, step, 1)
    assert [number for side, number, _ in data.asked if side is Side.TARGET] == [0, 1, 1, 2]


def test_plain_samples_show_what_bent_ones_ask_for():
    batch = DrawnFaces().draw(Side.SOURCE, 3, 2)
    bent, plain = prepare(batch, is_bent=True), prepare(batch, is_bent=False)
    assert torch.equal(plain.seen, plain.true.rgb)
    torch.testing.assert_close(plain.true.rgb, bent.true.rgb)
    assert torch.equal(plain.true.mask, bent.true.mask)
    assert (bent.seen - bent.true.rgb).abs().max() > 0.1


def test_tinted_samples_differ_in_what_is_seen_alone():
    batch = DrawnFaces().draw(Side.SOURCE, 3, 2)
    plain, tinted = prepare(batch, is_bent=False), prepare(batch, is_bent=False, hsv_power=0.2)
    assert torch.equal(tinted.true.rgb, plain.true.rgb)
    assert (tinted.seen - plain.seen).abs().max() > 0.05
    assert torch.equal(prepare(batch, is_bent=False, hsv_power=0.2).seen, tinted.seen)


def test_colour_jitter_is_learnt_from():
    data, jittered, plain = DrawnFaces(), build(random_hsv_power=0.3), build()
    first, second = jittered.train_step(data, 1, 2), plain.train_step(data, 1, 2)
    assert first["source"] != second["source"]
    assert first["target"] == second["target"]


def distance(one, other):
    return sum((one[name] - value).abs().sum().item() for name, value in other.items())


def test_parts_learn_what_the_whole_batch_does():
    whole, parts = build(), build(accumulate=3)
    start = {name: value.clone() for name, value in whole.weights().items()}
    for step in (1, 2, 3):
        expected, losses = (model.train_step(DrawnFaces(), step, 4) for model in (whole, parts))
        assert losses == pytest.approx(expected, rel=1e-4)
    assert distance(parts.weights(), whole.weights()) < 0.05 * distance(start, whole.weights())


def test_recomputing_and_where_means_lie_change_nothing():
    plain, other = build(), build(recompute=True, optimizer_on="cpu")
    assert train(plain, [1, 2, 3]) == train(other, [1, 2, 3])
    assert all(torch.equal(value, plain.weights()[name]) for name, value in other.weights().items())


def test_faces_are_mirrored_where_that_is_wanted():
    batch = DrawnFaces().draw(Side.SOURCE, 3, 8)
    batch.rgb[:, :, :, :48] //= 2  # the left half is darker
    plain, flipped = (prepare(batch, is_bent=False, is_flipped=is_flipped) for is_flipped in (False, True))
    is_same = [torch.equal(one, other) for one, other in zip(plain.seen, flipped.seen, strict=True)]
    assert 0 < sum(is_same) < 8
    for side in ("source", "target"):
        mirrored, straight = build(**{f"random_{side}_flip": True}), build()
        data = DrawnFaces()
        first, second = (model.train_step(data, 1, 8) for model in (mirrored, straight))
        assert [name for name in first if first[name] != second[name]] == [side]


def test_the_batch_may_be_left_to_the_host():
    assert build(batch_size="auto").batch_size == 0


def test_training_goes_on_after_a_pause_as_if_there_had_been_none():
    whole = build()
    expected = train(whole, range(1, 8))
    first = build()
    train(first, range(1, 5))
    second = build()
    train(second, [1, 2])
    second.load_weights({name: value.clone() for name, value in first.weights().items()})
    second.load_optimizer_state({name: value.clone() for name, value in first.optimizer_state().items()})
    assert train(second, range(5, 8)) == expected[4:]
    for name, value in whole.weights().items():
        assert torch.equal(second.weights()[name], value)


def test_a_step_leaves_the_common_generator_alone():
    before = torch.get_rng_state()
    train(build(), [1])
    assert torch.equal(torch.get_rng_state(), before)


def test_the_learning_rate_can_be_lowered_and_stays_so():
    plain, lowered, loaded = build(lr_dropout=1.0), build(lr_dropout=1.0), build(lr_dropout=1.0)
    start = {name: value.clone() for name, value in plain.weights().items()}
    lowered.lower_learning_rate(0.5)
    loaded.load_optimizer_state(lowered.optimizer_state())
    for model in (plain, lowered, loaded):
        train(model, [1])
    name = "inter.dense1.weight"
    far, near, again = ((model.weights()[name] - start[name]).abs().mean() for model in (plain, lowered, loaded))
    assert near / far == pytest.approx(0.5, rel=1e-3)
    assert torch.equal(near, again)


def test_swaps_are_the_source_decoders_and_rebuilds_each_sides_own():
    model = build()
    crops = [crop(level=level) for level in range(10, 200, 20)]  # more than one batch
    swaps, sources, targets = model.swap(crops), model.rebuild(crops, Side.SOURCE), model.rebuild(crops, Side.TARGET)
    assert len(swaps) == len(sources) == len(targets) == len(crops)
    for swap, source, target in zip(swaps, sources, targets, strict=True):
        np.testing.assert_array_equal(swap.rgb, source.rgb)
        np.testing.assert_array_equal(swap.source_mask, source.source_mask)
        np.testing.assert_array_equal(swap.target_mask, target.target_mask)
        assert np.abs(source.rgb - target.rgb).max() > 0
        assert source.target_mask is None
        assert target.source_mask is None
    assert model.swap([]) == []


def test_crops_of_another_size_are_refused():
    with pytest.raises(InvalidValueError, match="96 px"):
        build().swap([crop(), crop(size=64)])


def test_weights_that_do_not_fit_are_refused_whole():
    model = build()
    before = {name: value.clone() for name, value in model.weights().items()}
    foreign = {name: value + 1 for name, value in before.items()}
    foreign["extra"] = foreign.pop("inter.dense1.bias")
    foreign["inter.dense2.bias"] = torch.zeros(3)
    with pytest.raises(StageError, match=r"(?s)missing: inter.dense1.bias.*unknown: extra.*dense2.bias is \(3,\)"):
        model.load_weights(foreign)
    assert all(torch.equal(value, before[name]) for name, value in model.weights().items())
    with pytest.raises(StageError, match="learning_rate_factor"):
        model.load_optimizer_state({})


def test_bfloat16_learns_much_the_same():
    exact, rough = (
        train(build(precision=precision, code_width=16, encoder_width=8), range(1, 6))
        for precision in ("float32", "bfloat16")
    )
    for a, b in zip(exact, rough, strict=True):
        assert a != b
        assert b["source"] == pytest.approx(a["source"], rel=0.02)
        assert b["target"] == pytest.approx(a["target"], rel=0.02)


def test_precision_follows_the_setting_and_auto_the_hardware(monkeypatch):
    cpu = torch.device("cpu")
    assert choose_bfloat16("bfloat16", cpu)
    assert not choose_bfloat16("float32", cpu)
    for has_it in (True, False):
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda has_it=has_it: has_it)
        assert choose_bfloat16("auto", cpu) is has_it
    assert not choose_bfloat16("auto", torch.device("mps"))


def test_the_default_settings_are_the_reference_ones():
    config = Quick96Config()
    assert (config.batch_size, config.learning_rate, config.lr_dropout) == (4, 2e-4, 0.3)
    widths = (config.code_width, config.encoder_width, config.decoder_width, config.mask_width)
    assert widths == (128, 64, 64, 16)
