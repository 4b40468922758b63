"""Does SAEHD learn, swap, and go on after a pause or with other settings?"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch._dynamo.exc import TorchDynamoException

from understudy_plugins.model.saehd import SAEHDConfig, understudy_models
from understudy_plugins.model.saehd.model import SAEHDModel
from understudy_sdk import Crop, FaceType, InvalidValueError, Remarking, Resources, Side, StageError, TrainableModel
from understudy_sdk.testing.model import ParallelModelContract, TrainableModelContract
from understudy_sdk.testing.processes import side_by_side
from understudy_sdk.testing.training_data import DrawnFaces
from understudy_sdk.testing.values import offline_cpu

(SPEC,) = understudy_models()
EVERYTHING = {
    "archi": "df-ud",
    "optimizer": "rmsprop",
    "lr_dropout": "cpu",
    "clip_gradients": True,
    "eyes_mouth_priority": True,
    "uniform_yaw": True,
    "blur_out_mask": True,
    "random_source_flip": True,
    "random_hsv_power": 0.1,
    "color_transfer": "lct",
    "face_style_power": 1.0,
    "background_style_power": 1.0,
    "true_face_power": 0.1,
    "gan_power": 0.1,
}
ARCHIS = [
    f"{layout}{'-' if letters else ''}{''.join(letters)}"
    for layout in ("df", "liae")
    for count in range(5)
    for letters in itertools.combinations("udtc", count)
]


def build(**settings):
    return SAEHDModel(SAEHDConfig(**{**SPEC.tiny.model_dump(), **settings}), Resources("cpu", lambda weight: None))


def build_among(parallel, **settings):
    config = SAEHDConfig(**{**SPEC.tiny.model_dump(), **settings})
    return SAEHDModel(config, replace(offline_cpu(), parallel=parallel))


def crops_of(model, count=3):
    side, kind = model.crop_spec.size, model.crop_spec.face_type
    random = np.random.default_rng(0)
    pictures = random.integers(0, 255, (count, side, side, 3), dtype=np.uint8)
    return [Crop(picture, np.eye(2, 3), kind, np.zeros((68, 2), np.float32)) for picture in pictures]


def train(model, steps, batch_size=0):
    data = DrawnFaces(model.crop_spec)
    return [dict(model.train_step(data, step, batch_size or model.batch_size)) for step in steps]


def copied(tensors):
    return {name: tensor.clone() for name, tensor in tensors.items()}


def moved_over(first, second):
    second.load_weights(copied(first.weights()))
    second.load_optimizer_state(copied(first.optimizer_state()))
    return second


class TestContract(TrainableModelContract, ParallelModelContract):
    learning_steps = 12

    @pytest.fixture(params=["tiny", "everything"])
    def model(self, request):
        settings = EVERYTHING | {"lr_dropout": "n"} if request.param == "everything" else {}
        config = SAEHDConfig(**{**SPEC.tiny.model_dump(), **settings})
        return SPEC.build(config, offline_cpu())

    @pytest.fixture
    def new_model(self):
        # AdaBelief and a rate as it is used: clipped RMSprop takes full steps where gradients are but rounding
        settings = EVERYTHING | {"optimizer": "adabelief", "learning_rate": 5e-5}
        return lambda parallel: build_among(parallel, **settings)


@pytest.mark.parametrize("archi", ARCHIS)
def test_every_architecture_learns_and_draws(archi):
    model = build(archi=archi, gan_power=0.0)
    assert isinstance(model, TrainableModel)
    (losses,) = train(model, [1])
    assert np.isfinite(list(losses.values())).all()
    (swap,) = model.swap(crops_of(model, 1))
    assert swap.rgb.shape == (64, 64, 3)
    assert swap.source_mask.shape == swap.target_mask.shape == (64, 64)


def test_swaps_have_the_source_decoders_picture_and_both_masks():
    for archi in ("df-ud", "liae-ud"):
        model = build(archi=archi)
        crops = crops_of(model, 9)  # more than one batch
        swaps, targets = model.swap(crops), model.rebuild(crops, Side.TARGET)
        sources = model.rebuild(crops, Side.SOURCE)
        assert len(swaps) == 9
        for swap, source, target in zip(swaps, sources, targets, strict=True):
            np.testing.assert_array_equal(swap.rgb, source.rgb)
            np.testing.assert_array_equal(swap.source_mask, source.source_mask)
            np.testing.assert_array_equal(swap.target_mask, target.target_mask)
            assert np.abs(source.rgb - target.rgb).max() > 0


def test_training_with_everything_goes_on_after_a_pause_as_if_there_had_been_none():
    whole = build(**EVERYTHING)
    expected = train(whole, range(1, 6))
    first = build(**EVERYTHING)
    train(first, range(1, 4))
    second = moved_over(first, build(**EVERYTHING))
    assert train(second, range(4, 6)) == expected[3:]
    for name, value in (whole.weights() | whole.optimizer_state()).items():
        assert torch.equal((second.weights() | second.optimizer_state())[name], value), name


@pytest.mark.parametrize("name", [name for name in EVERYTHING if name not in {"archi", "lr_dropout"}])
def test_every_option_makes_a_difference(name):
    base = {"archi": "df-ud", "gan_power": 0.0, "learning_rate": 5e-5}
    assert train(build(**base), [1, 2]) != train(build(**{**base, name: EVERYTHING[name]}), [1, 2])


def test_dropout_lets_some_weights_rest_alike_on_every_device():
    starts = copied(build().weights())
    name = "inter_AB.dense1.weight"
    results = {}
    for choice in ("n", "y", "cpu"):
        model = build(lr_dropout=choice)
        train(model, [1])
        results[choice] = model.weights()[name] != starts[name]
    assert results["n"].float().mean() > 0.9
    assert 0.2 < results["y"].float().mean() / results["n"].float().mean() < 0.4
    assert torch.equal(results["y"], results["cpu"])


def test_without_warp_liae_keeps_what_both_share():
    model = build(random_warp=False)
    before = copied(model.weights())
    train(model, [1])
    changed = {
        name.partition(".")[0] for name, value in model.weights().items() if not torch.equal(value, before[name])
    }
    assert changed == {"encoder", "inter_B", "decoder"}
    moved_over(build(random_warp=True), model)


def test_settings_may_change_between_runs():
    first = build(archi="df-ud", gan_power=0.1)
    train(first, [1, 2])
    for settings in (
        {"gan_power": 0.0},
        {"gan_width": 8},
        {"gan_patch_size": 24},
        {"true_face_power": 0.1},
        {"optimizer": "rmsprop"},
    ):
        second = moved_over(first, build(archi="df-ud", **{"gan_power": 0.1, **settings}))
        assert all(torch.equal(value, first.weights()[name]) for name, value in second.weights().items())
        train(second, [3])
        third = moved_over(second, build(archi="df-ud", gan_power=0.1))  # and back again
        train(third, [4])
    again = moved_over(first, build(archi="df-ud", gan_power=0.1))
    kept, expected = again.optimizer_state(), first.optimizer_state()
    assert all(torch.equal(kept[name], value) for name, value in expected.items())
    assert any(name.startswith("gan.weights.") for name in kept)


@pytest.mark.parametrize(("archi", "forgotten"), [("df-ud", {"inter"}), ("liae-ud", {"inter_AB", "inter_B"})])
def test_after_pretraining_what_keeps_people_apart_begins_anew(archi, forgotten):
    general = build(archi=archi, pretrain=True)
    train(general, [1, 2])
    still = moved_over(general, build(archi=archi, pretrain=True))
    special = moved_over(general, build(archi=archi))
    for model, expected in ((still, set()), (special, forgotten)):
        weights = model.weights()
        changed = {
            name.partition(".")[0] for name, value in general.weights().items() if not torch.equal(value, weights[name])
        }
        assert changed == expected
    means = [name for name in special.optimizer_state() if name.startswith("means.")]
    assert all(torch.equal(special.optimizer_state()[name], general.optimizer_state()[name]) for name in means)
    train(special, [3])
    again = moved_over(special, build(archi=archi))
    assert all(torch.equal(value, special.weights()[name]) for name, value in again.weights().items())


def distance(one, other):
    return sum((one[name] - value).abs().sum().item() for name, value in other.items())


def assert_learnt_alike(one, other, start):
    """Expect weights, the GAN's among them, to lie near each other beside the way that they have gone."""
    mine, theirs = one.weights() | judges(one), other.weights() | judges(other)
    assert distance(mine, theirs) < 0.05 * distance(mine, start)


def judges(model):
    return {name: value for name, value in model.optimizer_state().items() if ".weights." in name}


@pytest.mark.parametrize("name", ["tiny", "everything"])
def test_parts_learn_what_the_whole_batch_does(name):
    settings = {**(EVERYTHING if name == "everything" else {}), "optimizer": "adabelief", "learning_rate": 5e-5}
    whole, parts = build(**settings), build(accumulate=3, **settings)
    start = copied(whole.weights() | judges(whole))
    for expected, losses in zip(train(whole, [1, 2, 3], 4), train(parts, [1, 2, 3], 4), strict=True):
        assert losses == pytest.approx(expected, rel=1e-4)
    assert_learnt_alike(parts, whole, start)


def test_processes_and_their_parts_learn_what_one_does():
    settings = {**EVERYTHING, "optimizer": "adabelief", "learning_rate": 5e-5, "accumulate": 2}

    def learn(parallel):
        model = build_among(parallel, **settings)
        return train(model, [1, 2], 4), model

    alone = build(**settings)
    start = copied(alone.weights() | judges(alone))
    expected = train(alone, [1, 2], 4)
    (first, one), (second, other) = side_by_side(2, learn)
    assert first == second
    assert first[0] == pytest.approx(expected[0], rel=1e-4)
    assert first[1] == pytest.approx(expected[1], rel=1e-4)
    assert distance(one.weights() | judges(one), other.weights() | judges(other)) == 0
    assert_learnt_alike(one, alone, start)


def test_recomputing_and_where_means_lie_change_nothing():
    plain, other = build(**EVERYTHING), build(**EVERYTHING, recompute=True, optimizer_on="cpu")
    assert train(plain, [1, 2]) == train(other, [1, 2])
    assert all(torch.equal(value, plain.weights()[name]) for name, value in other.weights().items())


def test_layouts_learn_alike():
    plain, other = (
        build(lr_dropout="y", learning_rate=5e-5),
        build(lr_dropout="y", learning_rate=5e-5, layout="channels_last"),
    )
    start = copied(plain.weights() | judges(plain))
    for expected, losses in zip(train(plain, [1, 2]), train(other, [1, 2]), strict=True):
        assert losses == pytest.approx(expected, rel=1e-4)
    assert_learnt_alike(other, plain, start)


def test_where_nothing_compiles_it_learns_and_says_so(monkeypatch):
    def broken(function):
        def call(*args):
            raise TorchDynamoException("no compiler")

        return call

    monkeypatch.setattr(torch, "compile", broken)
    model = build(compile=True)
    assert isinstance(model, Remarking)
    assert train(model, [1, 2]) == train(build(), [1, 2])
    (remark,) = model.remarks()
    assert "no compiler" in remark
    assert model.remarks() == []


def test_the_batch_may_be_left_to_the_host():
    assert build(batch_size="auto").batch_size == 0


def test_pretraining_overrides_what_the_rule_says():
    powers = EVERYTHING | {"pretrain": True}
    plain = {**EVERYTHING, "lr_dropout": "n", "color_transfer": "none", "random_hsv_power": 0.0, "random_warp": False}
    plain |= {"uniform_yaw": True}
    plain |= {name: 0.0 for name in EVERYTHING if name.endswith("_power")} | {"random_target_flip": True}
    assert train(build(**powers), [1, 2]) == train(build(**plain), [1, 2])


def test_bfloat16_learns_much_the_same():
    widths = {"code_width": 16, "encoder_width": 8, "learning_rate": 5e-5}
    exact, rough = (train(build(precision=precision, **widths), range(1, 4)) for precision in ("float32", "bfloat16"))
    for a, b in zip(exact, rough, strict=True):
        assert a != b
        assert b["source"] == pytest.approx(a["source"], rel=0.02)
        assert b["target"] == pytest.approx(a["target"], rel=0.02)


def test_crops_and_weights_that_do_not_fit_are_refused():
    model = build()
    with pytest.raises(InvalidValueError, match="64 px for SAEHD"):
        model.swap([Crop(np.zeros((96, 96, 3), np.uint8), np.eye(2, 3), FaceType.FULL, np.zeros((68, 2), np.float32))])
    with pytest.raises(StageError, match=r"unknown: decoder\.out_conv\.bias, .* and 44 more"):
        build(archi="df-ud").load_weights(model.weights())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"resolution": 72, "archi": "df"}, "multiple of 16, but is 72"),
        ({"resolution": 80}, "multiple of 32, but is 80"),
        ({"resolution": 80, "archi": "df-t"}, "multiple of 32, but is 80"),
        ({"archi": "df-uu"}, "each once, but is df-uu"),
        ({"archi": "hd"}, "must be df or liae"),
        ({"archi": "df-"}, "must be df or liae"),
        ({"true_face_power": 0.1}, "works with df alone"),
        ({"decoder_width": 33}, "multiple of 2"),
        ({"gan_patch_size": 2}, "3 and more"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        SAEHDConfig(**settings)


def test_sizes_that_are_allowed():
    for settings in ({"resolution": 80, "archi": "df-uc"}, {"resolution": 640, "archi": "liae-udt"}):
        assert SAEHDConfig(**settings)
    model = build(resolution=80, archi="df-u", face_type="head", gan_power=0.0)
    train(model, [1])
    assert (model.crop_spec.face_type, model.crop_spec.size) == (FaceType.HEAD, 80)
    assert model.swap(crops_of(model, 1))[0].rgb.shape == (80, 80, 3)


def test_the_default_settings_are_the_reference_ones():
    config = SAEHDConfig()
    widths = (config.code_width, config.encoder_width, config.decoder_width, config.mask_width)
    assert (config.archi, config.resolution, *widths) == ("liae-ud", 128, 256, 64, 64, 22)
    assert (config.batch_size, config.learning_rate, config.optimizer, config.lr_dropout) == (8, 5e-5, "adabelief", "n")
    assert config.random_target_flip
    assert not config.random_source_flip
