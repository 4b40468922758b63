"""Are models of DeepFaceLab's AMP taken over, and handed back, without a loss?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from understudy_plugins.model.amp import AMPConfig, understudy_models
from understudy_plugins.model.amp.model import AMPModel
from understudy_sdk import Crop, FaceType, ForeignModel, StageError
from understudy_sdk.autoencoder.deepfacelab import to_array
from understudy_sdk.testing.training_data import DrawnFaces
from understudy_sdk.testing.values import offline_cpu

(SPEC,) = understudy_models()
EXCHANGE = SPEC.exchange()


@pytest.fixture
def options(sizes):
    """Give a model's options as its ``data.dat`` holds them, of NumPy's scalars where theirs are."""
    return {
        **{name: np.int64(value) for name, value in sizes.items()},
        "face_type": "wf",
        "morph_factor": np.float64(0.4),
        "models_opt_on_gpu": True,
        "uniform_yaw": True,
        "blur_out_mask": False,
        "lr_dropout": "cpu",
        "random_warp": False,
        "random_src_flip": False,
        "random_dst_flip": True,
        "ct_mode": "rct",
        "clipgrad": True,
        "gan_power": 0.1,
        "gan_patch_size": 8,
        "gan_dims": 4,
        "batch_size": np.int64(6),
        "autobackup_hour": 2,
        "write_preview_history": True,
        "target_iter": 0,
    }


def data_of(options, step=3):
    return {"iter": step, "options": options, "loss_history": [[1.0, 2.0], [0.9, 1.8], np.array([0.8, 1.7])]}


def slots_of(arrays, scale=1e-3):
    """Return an optimizer's file for some parts, as theirs names it."""
    found = {"iters:0": np.array(3, np.int64)}
    for kind in ("ms", "vs"):
        for part, rows in arrays.items():
            for name, array in rows.items():
                found[f"{kind}_{part}/{name.removesuffix(':0')}_0:0"] = np.abs(array) * np.float32(scale)
    return found


def trained(steps=2, **settings):
    config = AMPConfig(**{**SPEC.tiny.model_dump(), "inter_width": 24, **settings})
    model = AMPModel(config, offline_cpu())
    data = DrawnFaces(model.crop_spec)
    for step in range(1, steps + 1):
        model.train_step(data, step, 2)
    return config, model


def foreign_of(config, model, step=2):
    return ForeignModel(config.model_dump(), model.weights(), model.optimizer_state(), step, [(1.0, 2.0)])


def test_options_become_settings(arrays, options):
    found = EXCHANGE.read(arrays, data_of({**options, "gan_power": 0.0}))
    expected = {
        "resolution": 64, "face_type": "whole_face", "code_width": 10, "inter_width": 22, "encoder_width": 4,
        "decoder_width": 6, "mask_width": 2, "morph_factor": 0.4, "uniform_yaw": True, "blur_out_mask": False,
        "optimizer_on": "device", "lr_dropout": "cpu", "random_warp": False, "random_source_flip": False,
        "random_target_flip": True, "color_transfer": "rct", "clip_gradients": True, "gan_power": 0.0,
        "gan_patch_size": 8, "gan_width": 4, "batch_size": 6,
    }  # fmt: skip
    assert dict(found.settings) == expected
    assert found.step == 3
    assert list(found.losses) == [(1.0, 2.0), (0.9, 1.8), (0.8, 1.7)]
    (remark,) = found.remarks
    assert remark.startswith("src_dst_opt.npy is not there")


def test_their_weights_draw_here_and_go_on_learning(arrays, options):
    moving = {part: arrays[part] for part in ("encoder", "decoder")}
    found = EXCHANGE.read({**arrays, "src_dst_opt": slots_of(moving)}, data_of({**options, "gan_power": 0.0}))
    assert found.remarks == []
    config = AMPConfig(**found.settings, precision="float32")
    assert not config.learn_inters
    model = AMPModel(config, offline_cpu())
    model.load_weights(found.weights)
    model.load_optimizer_state(found.optimizer_state)
    for part, rows in arrays.items():
        for name, array in rows.items():
            ours = f"{part}.{name.removesuffix(':0').replace('/', '.')}"
            np.testing.assert_array_equal(to_array(ours, model.weights()[ours]), array)
            if part in moving:
                kept = to_array(ours, model.optimizer_state()[f"deviations.{ours}"])
                np.testing.assert_array_equal(kept, np.abs(array) * np.float32(1e-3))
    losses = model.train_step(DrawnFaces(model.crop_spec), found.step + 1, 2)
    assert np.isfinite(list(losses.values())).all()


def test_a_model_of_the_time_when_inters_learnt_goes_on_so(arrays, options):
    found = EXCHANGE.read({**arrays, "src_dst_opt": slots_of(arrays)}, data_of({**options, "gan_power": 0.0}))
    assert found.settings["learn_inters"] is True
    assert "learn_inters" in found.remarks[0]
    assert "means.inter_src.dense2.weight" in found.optimizer_state


@pytest.mark.parametrize(("power", "learns"), [(0.0, False), (0.1, False), (0.1, True)])
def test_what_is_written_is_read_back_to_the_bit(power, learns):
    config, model = trained(gan_power=power, learn_inters=learns, uniform_yaw=True)
    parts, data = EXCHANGE.write(config, foreign_of(config, model))
    expected = {"encoder", "inter_src", "inter_dst", "decoder", "src_dst_opt"} | (
        {"GAN", "GAN_opt"} if power else set()
    )
    assert set(parts) == expected
    optimizer = parts["src_dst_opt"]
    assert next(iter(optimizer)) == "iters:0"
    assert any("inter_src" in name for name in optimizer) == learns
    assert optimizer["ms_encoder/down1/conv1/weight_0:0"].shape == (5, 5, 3, 4)
    assert parts["inter_src"]["dense2/weight:0"].shape == (8, 4 * 24)
    assert data["options"]["inter_dims"] == 24
    assert data["options"]["gan_patch_size"] == 8
    back = EXCHANGE.read(parts, data)
    assert back.remarks == ([remark_of_inters()] if learns else [])
    for given, found in ((model.weights(), back.weights), (model.optimizer_state(), back.optimizer_state)):
        assert set(given) == set(found)
        for name, value in given.items():
            assert torch.equal(found[name], value), name
    same = set(back.settings) - {"gan_patch_size"}
    assert {name: getattr(config, name) for name in same} == {name: back.settings[name] for name in same}


def remark_of_inters():
    return "Its inters learnt, as in versions until August 2021, and go on learning: learn_inters."


def test_a_discriminator_is_taken_whole_or_not_at_all(arrays, options):
    config, model = trained(gan_power=0.1)
    parts, data = EXCHANGE.write(config, foreign_of(config, model))
    for missing, word in (("GAN", "GAN.npy is not there"), ("GAN_opt", "GAN_opt.npy is not there")):
        back = EXCHANGE.read({name: rows for name, rows in parts.items() if name != missing}, data)
        assert not [name for name in back.optimizer_state if name.startswith("gan.")]
        assert back.remarks[0].startswith(word)
        again = AMPModel(config, offline_cpu())
        again.load_optimizer_state(back.optimizer_state)


def test_all_that_is_wrong_with_files_is_named(arrays, options):
    decoder = dict(arrays["decoder"])
    del decoder["out_convm/bias:0"]
    inter = {**arrays["inter_src"], "dense2/weight:0": np.zeros((10, 44), np.float32)}
    bad = {"decoder": decoder, "inter_src": inter, "encoder": arrays["encoder"]}
    with pytest.raises(StageError) as caught:
        EXCHANGE.read(bad, data_of({**options, "gan_power": 0.0}))
    message = str(caught.value)
    assert "decoder.npy: out_convm/bias:0 is missing" in message
    assert "inter_src.npy: dense2/weight:0 is 10 x 44, but the options ask for 10 x 88" in message
    assert "inter_dst.npy is missing" in message


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"inter_dims": None}, "the option inter_dims is"),
        ({"resolution": 80}, "the option resolution is 80"),
        ({"morph_factor": 0.9}, "the option morph_factor is 0.9"),
        ({"face_type": "h"}, "the option face_type is 'h'"),
    ],
)
def test_options_out_of_range_are_named_as_they_are_called_there(arrays, options, changed, message):
    with pytest.raises(StageError, match=message):
        EXCHANGE.read(arrays, data_of({**options, **changed}))


def test_missing_options_are_named_and_unknown_ones_remarked_on(arrays, options):
    with pytest.raises(StageError, match="the option morph_factor is missing"):
        EXCHANGE.read(arrays, data_of({name: value for name, value in options.items() if name != "morph_factor"}))
    found = EXCHANGE.read(arrays, data_of({**options, "gan_power": 0.0, "lr_dropout": True, "cpu_cap": 8}))
    assert found.remarks[0] == "The option cpu_cap (8) is none of AMP's here, and was left."
    assert found.settings["lr_dropout"] == "y"


@pytest.mark.parametrize("morph", [0.0, 0.29, 0.5, 1.0])
def test_the_player_swaps_as_the_model_does(morph):
    config, model = trained(morph=morph, inter_width=100)
    player = EXCHANGE.player(config, model.weights())
    assert player.has_morph
    assert (player.crop_spec.face_type, player.crop_spec.size) == (FaceType.WHOLE_FACE, 64)
    pictures = np.random.default_rng(5).integers(0, 255, (2, 64, 64, 3), dtype=np.uint8)
    crops = [Crop(rgb, np.eye(2, 3), FaceType.WHOLE_FACE, np.zeros((68, 2), np.float32)) for rgb in pictures]
    bgr = torch.from_numpy(pictures[..., ::-1] / np.float32(255))
    with torch.no_grad():
        target_masks, faces, masks = player.network(bgr, torch.tensor([morph]))
    assert (target_masks.shape, faces.shape) == ((2, 64, 64, 1), (2, 64, 64, 3))
    for i, swap in enumerate(model.swap(crops)):
        np.testing.assert_allclose(faces[i].numpy()[..., ::-1], swap.rgb, atol=1e-6)
        np.testing.assert_allclose(masks[i, ..., 0].numpy(), swap.source_mask, atol=1e-6)
        np.testing.assert_allclose(target_masks[i, ..., 0].numpy(), swap.target_mask, atol=1e-6)


def test_a_players_weights_are_its_own():
    config, model = trained(steps=0)
    player = EXCHANGE.player(config, model.weights())
    before = player.network.network.decoder.out_conv.weight.clone()
    model.train_step(DrawnFaces(model.crop_spec), 1, 2)
    assert torch.equal(player.network.network.decoder.out_conv.weight, before)
    assert not torch.equal(model.weights()["decoder.out_conv.weight"], before)


def test_a_folder_of_theirs_comes_back_as_it_was(arrays, options, tmp_path):
    from understudy.models.dfl_folder import find_models, read_model, write_model
    from understudy.models.exporting import export_dfl
    from understudy.models.importing import import_dfl
    from understudy.plugins import discover

    options = {name: value.item() if isinstance(value, np.generic) else value for name, value in options.items()}
    options["gan_power"] = 0.0
    losses = [[1.0, 2.0], [0.9, 1.8], [0.8, 1.7]]
    parts = {**arrays, "src_dst_opt": slots_of({part: arrays[part] for part in ("encoder", "decoder")})}
    write_model(tmp_path / "theirs", "bob_AMP", parts, {**data_of(options), "loss_history": losses})
    registry = discover()
    import_dfl(tmp_path / "theirs", tmp_path / "ours", registry)
    export_dfl(tmp_path / "ours", tmp_path / "again", registry, name="bob")
    (files,) = find_models(tmp_path / "again", ["AMP"])
    assert files.title == "bob_AMP"
    found, data = read_model(files)
    assert set(found) == set(parts)
    for part, rows in parts.items():
        assert set(found[part]) == set(rows)
        for name, array in rows.items():
            np.testing.assert_array_equal(found[part][name], array, err_msg=f"{part} {name}")
    assert data["iter"] == 3
    learnt = set(options) - {"autobackup_hour", "write_preview_history", "target_iter"}
    assert {name: data["options"][name] for name in learnt} == {name: options[name] for name in learnt}
    np.testing.assert_allclose(data["loss_history"], losses)
