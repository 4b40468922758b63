"""Is a model that DeepFaceLab saved the same model here, and is what goes back what came?"""

from __future__ import annotations

import json
import pickle
import shutil
import warnings

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from understudy.cli import app
from understudy.errors import RequestError
from understudy.plugins import discover
from understudy.training.checkpoints import read_checkpoint
from understudy_plugins.model.saehd import SAEHDConfig
from understudy_plugins.model.saehd.exchange import SAEHDExchange
from understudy_plugins.model.saehd.options import options_of, settings_of
from understudy_sdk import ForeignModel, StageError
from understudy_sdk.foreign import plain_pickle, read_arrays
from understudy_sdk.testing.values import offline_cpu

ARCHIS = ["liae-ud", "df-udt"]
DATA = "tiny_SAEHD_data.dat"


def run(*words):
    done = CliRunner().invoke(app, [str(word) for word in words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture
def theirs(golden, tmp_path):
    """Give a function that copies a saved model of theirs into a folder of its own."""

    def copy(archi):
        folder = tmp_path / "theirs"
        folder.mkdir()
        for path in (golden / "saehd" / archi).glob("tiny_SAEHD_*"):
            shutil.copyfile(path, folder / path.name)
        return folder

    return copy


def model_of(folder, **settings):
    """Return the model in a checkpoint's folder, ready to go on."""
    checkpoint = read_checkpoint(folder)
    spec = discover().models[checkpoint.state.model]
    config = spec.config.model_validate({**checkpoint.state.settings, "precision": "float32", **settings})
    model = spec.build(config, offline_cpu())
    model.load_weights(checkpoint.weights())
    model.load_optimizer_state(checkpoint.optimizer_state())
    return model


@pytest.mark.parametrize("archi", ARCHIS)
def test_an_imported_model_draws_the_reference_pictures_and_learns_on(archi, theirs, stored, batch, tmp_path):
    out = tmp_path / "ours"
    done = run("model", "import-dfl", theirs(archi), out)
    assert f"{out}: tiny_SAEHD after 1 iterations, losses of 1 of them" in done.stdout
    assert f"start_from: {out}" in done.stdout
    assert "src_dst_opt.npy is not there" in done.stderr
    assert json.loads((out / "losses.jsonl").read_text()) == {"step": 1, "source": 1.0, "target": 1.0}
    learner, io, steps = model_of(out)._learner, stored(f"{archi}/io.npz"), stored(f"{archi}/train5.npz")
    network = learner.network
    with torch.no_grad():
        codes = network.codes(batch[0].seen, batch[1].seen)
        drawn = {
            "pred_src_src": network.source_decoder.picture(codes.source),
            "pred_dst_dst": network.target_decoder.picture(codes.target),
            "pred_src_dst": network.source_decoder.picture(codes.swap),
            "pred_dst_dstm": network.target_decoder.outline(codes.target),
            "pred_src_dstm": network.source_decoder.outline(codes.swap),
        }
    for name, ours in drawn.items():
        bgr = io[name][..., ::-1] if io[name].shape[-1] == 3 else io[name]
        np.testing.assert_allclose(ours.permute(0, 2, 3, 1).numpy(), bgr, rtol=0, atol=2e-6, err_msg=name)
    for step in range(5):
        source, target = learner.learn([batch], step + 1, 1.0)
        np.testing.assert_allclose(source.numpy(), steps["src_loss"][step], rtol=1e-5)
        np.testing.assert_allclose(target.numpy(), steps["dst_loss"][step], rtol=1e-5)


@pytest.mark.parametrize("archi", ARCHIS)
def test_what_goes_back_is_what_came_file_for_file(archi, theirs, stored, tmp_path):
    folder, back = theirs(archi), tmp_path / "back"
    run("model", "import-dfl", folder, tmp_path / "ours")
    run("model", "export-dfl", tmp_path / "ours", back, "--name", "tiny")
    rows = stored(f"{archi}/names.json")
    assert {path.name for path in back.glob("*.npy")} == set(rows)
    for name, entries in rows.items():
        written = read_arrays(back / name)
        assert {key: (list(one.shape), str(one.dtype)) for key, one in written.items()} == {
            key: (shape, dtype) for key, shape, dtype in entries
        }
        if (folder / name).exists():
            saved = read_arrays(folder / name)
            for key, array in saved.items():
                np.testing.assert_array_equal(written[key], array, err_msg=key)
    before, after = (plain_pickle((where / DATA).read_bytes()) for where in (folder, back))
    assert {key: value for key, value in after.items() if key != "options"} == {
        key: value for key, value in before.items() if key != "options"
    }
    assert after["options"] == before["options"]


def test_theirs_pickles_are_read_by_pythons_own_reader_and_name_old_modules_alone(theirs, tmp_path):
    run("model", "import-dfl", theirs("df-udt"), tmp_path / "ours")
    run("model", "export-dfl", tmp_path / "ours", tmp_path / "back")
    content = (tmp_path / "back" / "ours_SAEHD_inter.npy").read_bytes()
    assert content[:2] == b"\x80\x04"
    assert b"_core" not in content
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that NumPy 1's name of its module is an old one
        arrays = pickle.loads(content)
    assert arrays["dense1/weight:0"].shape == (128, 12)
    options = pickle.loads((tmp_path / "back" / "ours_SAEHD_data.dat").read_bytes())["options"]
    assert {type(value) for value in options.values()} <= {int, float, bool, str}


FULL = {
    "df-udt": {"true_face_power": 0.1, "gan_power": 0.1, "gan_patch_size": 16, "gan_width": 4},
    "liae-ud": {"optimizer": "rmsprop", "gan_power": 0.1, "gan_width": 6},
}


@pytest.mark.parametrize("archi", ARCHIS)
def test_optimizers_and_adversaries_come_back_to_the_bit(archi, theirs, batch, tmp_path):
    run("model", "import-dfl", theirs(archi), tmp_path / "ours")
    model = model_of(tmp_path / "ours", **FULL[archi])
    for step in range(2):
        model._learner.learn([batch], step + 1, 1.0)
    exchange = SAEHDExchange()
    state = {name: value.clone() for name, value in model.optimizer_state().items()}
    learnt = ForeignModel({}, model.weights(), state, 2, [(3.0, 4.0), (1.0, 2.0)])
    parts, data = exchange.write(model._config, learnt)
    expected = {"GAN", "GAN_opt"} | ({"code_discriminator", "D_code_opt"} if archi == "df-udt" else set())
    assert expected <= set(parts)
    again = exchange.read(parts, data)
    config = SAEHDConfig.model_validate(again.settings)
    same = set(FULL[archi]) | {"resolution", "archi", "code_width", "face_type"}
    assert config.model_dump(include=same) | {"gan_patch_size": 0} == model._config.model_dump(include=same) | {
        "gan_patch_size": 0
    }
    assert (again.step, list(again.losses), list(again.remarks)) == (2, [(3.0, 4.0), (1.0, 2.0)], [])
    assert set(again.weights) == set(learnt.weights)
    assert set(again.optimizer_state) == set(state)
    for name, value in {**learnt.weights, **state}.items():
        back = {**again.weights, **again.optimizer_state}[name]
        assert torch.equal(back, value), name


OPTIONS = [
    ({"face_type": "mf"}, {"face_type": "mid_full"}),
    ({"archi": "dfuhd"}, {"archi": "df-u"}),
    ({"archi": "liaeuhd"}, {"archi": "liae-u"}),
    ({"adabelief": False}, {"optimizer": "rmsprop"}),
    ({"lr_dropout": True}, {"lr_dropout": "y"}),
    ({"lr_dropout": "cpu"}, {"lr_dropout": "cpu"}),
    ({"eyes_mouth_prio": True, "uniform_yaw": True}, {"eyes_mouth_priority": True, "uniform_yaw": True}),
    ({"bg_style_power": np.float64(2.0)}, {"background_style_power": 2.0}),
    ({"gan_dims": np.int64(32), "gan_patch_size": 24}, {"gan_width": 32, "gan_patch_size": 24}),
    ({"models_opt_on_gpu": False}, {"optimizer_on": "cpu"}),
    ({"random_src_flip": True, "random_dst_flip": False}, {"random_source_flip": True, "random_target_flip": False}),
    ({"ct_mode": "sot", "clipgrad": True, "pretrain": True},
     {"color_transfer": "sot", "clip_gradients": True, "pretrain": True}),
]  # fmt: skip

NEEDED = {
    "resolution": np.int64(128), "face_type": "f", "archi": "df-ud", "ae_dims": 256, "e_dims": 64, "d_dims": 64,
    "d_mask_dims": 22,
}  # fmt: skip


@pytest.mark.parametrize(("options", "settings"), OPTIONS, ids=" ".join)
def test_options_are_settings_and_back(options, settings):
    found, remarks = settings_of({**NEEDED, **options})
    assert found.items() >= settings.items()
    assert remarks == []
    written = options_of(SAEHDConfig.model_validate(found))
    again, _ = settings_of(written)
    assert again.items() >= settings.items()


def test_unknown_options_are_remarked_on_and_meaningless_ones_are_not():
    _, remarks = settings_of({**NEEDED, "autobackup_hour": 3, "target_iter": 9, "eyes_prio": True, "retrain_faces": 7})
    assert remarks == ["The option retrain_faces (7) is none of SAEHD's here, and was left."]
    settings, remarks = settings_of({**NEEDED, "archi": "liaeuhd", "true_face_power": 0.1})
    assert (settings["archi"], settings["true_face_power"]) == ("liae-u", 0.0)
    assert remarks == ["The option true_face_power does nothing with liae, and was left."]


def test_all_faults_of_options_and_files_come_at_once():
    options = {**NEEDED, "ae_dims": 4096, "archi": "df-udx", "gan_power": 9.0, "face_type": "ear"}
    with pytest.raises(StageError) as caught:
        SAEHDExchange().read({"encoder": {}}, {"options": options})
    text = str(caught.value)
    for words in ("ae_dims is 4096", "archi is 'df-udx'", "gan_power is 9.0", "face_type is 'ear'",
                  "inter.npy is missing", "decoder_src.npy is missing", "decoder_dst.npy is missing"):  # fmt: skip
        assert words in text
    with pytest.raises(StageError, match=r"resolution must be a multiple of 32, but is 80"):
        SAEHDExchange().read({}, {"options": {**NEEDED, "resolution": 80}})
    with pytest.raises(StageError) as caught:
        SAEHDExchange().read({}, {})
    assert all(f"the option {name} is missing" in str(caught.value) for name in NEEDED)


def test_all_faults_of_arrays_come_at_once(golden):
    parts = {path.stem.removeprefix("tiny_SAEHD_"): dict(read_arrays(path))
             for path in (golden / "saehd" / "liae-ud").glob("*.npy")}  # fmt: skip
    data = plain_pickle((golden / "saehd" / "liae-ud" / DATA).read_bytes())
    parts["encoder"]["down1/downs_0/conv1/weight:0"] = np.zeros((3, 3, 3, 6), np.float32)
    parts["encoder"]["down1/downs_1/conv1/bias:0"] = np.full(12, np.nan, np.float32)
    parts["encoder"]["extra:0"] = np.zeros((2, 2), np.float32)
    del parts["inter_B"], parts["decoder"]["out_convm/bias:0"]
    parts["src_dst_opt"] = {"iters:0": np.array(1), "ms_encoder/down1/downs_0/conv1/weight_0:0": np.zeros((5, 5, 3, 7))}
    with pytest.raises(StageError) as caught:
        SAEHDExchange().read(parts, data)
    text = str(caught.value)
    for words in (
        "encoder.npy: down1/downs_0/conv1/weight:0 is 3 x 3 x 3 x 6, but the options ask for 5 x 5 x 3 x 6",
        "encoder.npy: down1/downs_1/conv1/bias:0 holds what is no finite number",
        "encoder.npy: extra:0, 2 x 2, belongs to no part of such a model",
        "inter_B.npy is missing",
        "decoder.npy: out_convm/bias:0 is missing",
        "src_dst_opt.npy: ms_encoder/down1/downs_0/conv1/weight_0:0 is 5 x 5 x 3 x 7",
    ):
        assert words in text


def test_what_deepfacelab_has_not_is_not_written(tmp_path):
    with pytest.raises(StageError, match="no face type 'mesh'"):
        options_of(SAEHDConfig(face_type="mesh"))


def test_a_trap_in_any_file_runs_nothing_and_is_named(theirs, tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    folder = theirs("df-udt")
    (folder / DATA).write_bytes(pickle.dumps({"options": Trap()}, 4))
    (folder / "tiny_SAEHD_inter.npy").write_bytes(pickle.dumps({"dense1/weight:0": Trap()}, 4))
    (folder / "tiny_SAEHD_encoder.npy").write_bytes((folder / "tiny_SAEHD_encoder.npy").read_bytes()[:-100])
    with pytest.raises(RequestError) as caught:
        run("model", "import-dfl", folder, tmp_path / "ours")
    text = str(caught.value)
    assert "nothing in it was run" in text
    assert f"{DATA}: it asks for" in text
    assert "tiny_SAEHD_inter.npy: it asks for" in text
    assert "tiny_SAEHD_encoder.npy: " in text
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "ours").exists()
