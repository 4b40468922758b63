"""Does XSeg learn masks, whatever crops it is asked about and however the machine is used?"""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from understudy_plugins.masker.xseg import XSegConfig, understudy_maskers
from understudy_plugins.masker.xseg.masker import XSegMasker
from understudy_sdk import (
    Crop,
    CropSpec,
    FaceType,
    ForeignFileError,
    MaskBatch,
    Parallel,
    Resources,
    StageError,
    WrongWeightsError,
)
from understudy_sdk.geometry import compose, frame_to_crop, invert, transform_points
from understudy_sdk.testing.mask_data import DrawnMasks
from understudy_sdk.testing.values import offline_cpu, plain_crop, plain_landmarks
from understudy_sdk.warp import warp_mask, warp_picture

SMALL = {"resolution": 64, "width": 2, "batch_size": 4, "lr_dropout": "n", "precision": "float32"}


def small(resources=None, **settings):
    return XSegMasker(XSegConfig(**{**SMALL, **settings}), resources or offline_cpu())


def learnt(masker, steps=2, batch_size=4):
    data = DrawnMasks(masker.crop_spec)
    losses = [masker.train_step(data, step, batch_size)["mask"] for step in range(1, steps + 1)]
    return losses, {name: weight.clone() for name, weight in masker.weights().items()}


def assert_same(one, other, atol=1e-5):
    np.testing.assert_allclose(one[0], other[0], rtol=1e-4)
    for name, weight in one[1].items():
        torch.testing.assert_close(weight, other[1][name], rtol=0, atol=atol)


# -- masking --


def test_a_masker_that_has_learnt_nothing_says_what_to_do():
    with pytest.raises(StageError, match=r"(?s)understudy masker train.*understudy model import-dfl"):
        small().mask([plain_crop()])


def test_having_learnt_it_masks():
    masker = small()
    learnt(masker, steps=1)
    assert len(masker.mask([plain_crop()])) == 1


def test_what_the_network_doubts_is_no_face():
    masker = small(is_untrained_allowed=True)
    masker.weights()["out_conv.weight"].zero_()
    for logit, wanted in ((-2.3, 0.0), (-2.1, 0.1091), (2.0, 0.8808)):
        masker.weights()["out_conv.bias"].fill_(logit)
        (mask,) = masker.mask([plain_crop(size=96, face_type=FaceType.WHOLE_FACE)])
        np.testing.assert_allclose(mask.values, wanted, atol=1e-3)


@pytest.mark.parametrize("face_type", [FaceType.FULL, FaceType.HEAD, FaceType.MESH, FaceType.HALF])
def test_a_crop_of_any_type_is_masked_from_the_networks_own_square(face_type, monkeypatch):
    """The network is handed its own square, and its answer comes back to where it was seen."""
    masker = small(is_untrained_allowed=True)
    frame = np.zeros((400, 400, 3), np.uint8)
    landmarks = plain_landmarks(400, FaceType.WHOLE_FACE)
    nose = np.rint(landmarks[30]).astype(int)
    frame[nose[1] - 25 : nose[1] + 26, nose[0] - 25 : nose[0] + 26] = 255
    mesh = None
    if face_type is FaceType.MESH:  # a square of the whole face's, a little turned
        to_crop = np.array([[0.4, 0.05, -30.0], [-0.05, 0.4, 0.0]])
    else:
        to_crop = frame_to_crop(landmarks, face_type, 120)
    crop = Crop(
        rgb=warp_picture(frame, to_crop, 120, border="black"),
        frame_to_crop=to_crop,
        face_type=face_type,
        landmarks=transform_points(to_crop, landmarks).astype(np.float32),
        mesh=mesh,
    )
    seen = []

    def answer(pictures):
        seen.append(pictures)
        return (pictures[:, :1] - 0.5) * 40

    monkeypatch.setattr(masker, "_network", answer)
    (mask,) = masker.mask([crop])
    own = frame_to_crop(landmarks, FaceType.WHOLE_FACE, 64)
    wanted = warp_picture(crop.rgb, compose(invert(to_crop), own), 64, border="black")
    assert np.abs(seen[0][0, 0].numpy() * 255 - wanted[..., 0]).mean() < 1.0
    true = warp_mask((frame[..., 0] / 255).astype(np.float32), to_crop, 120)
    assert np.abs(mask.values - true).mean() < 0.02


def test_crops_go_through_in_batches(monkeypatch):
    masker = small(is_untrained_allowed=True, mask_batch=2)
    sizes, network = [], masker._network
    monkeypatch.setattr(masker, "_network", lambda pictures: sizes.append(len(pictures)) or network(pictures))
    assert len(masker.mask([plain_crop(seed=seed) for seed in range(5)])) == 5
    assert sizes == [2, 2, 1]


# -- learning --


def test_parts_of_a_batch_learn_what_the_whole_does():
    assert_same(learnt(small()), learnt(small(accumulate=3)))


def test_what_is_computed_twice_is_learnt_alike():
    assert_same(learnt(small()), learnt(small(recompute=True)))


def test_channels_last_learns_alike():
    assert_same(learnt(small()), learnt(small(layout="channels_last")), atol=1e-4)


def test_it_is_compiled_where_that_is_wanted(monkeypatch):
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda function: compiled.append(function) or function)
    assert_same(learnt(small()), learnt(small(compile=True)))
    assert len(compiled) == 1


def test_bfloat16_learns_nearly_alike():
    (plain, _), (rough, _) = learnt(small()), learnt(small(precision="bfloat16"))
    np.testing.assert_allclose(rough, plain, rtol=0.05)
    assert rough != plain


def test_two_processes_learn_what_one_does():
    """The other one's gradients are learnt first, and handed over as the tensors that are added up."""
    alone = learnt(small(), steps=1)
    sent: list[list[torch.Tensor]] = [[], []]

    def process(rank, others):
        queue = [tensor.clone() for tensor in others]

        def add_up(tensors):
            for tensor in tensors:
                sent[rank].append(tensor.clone())
                if queue:
                    tensor.add_(queue.pop(0))

        resources = Resources("cpu", offline_cpu().weights, 1, Parallel(rank, 2, add_up))
        return learnt(small(resources), steps=1)

    process(1, [])
    assert_same(process(0, sent[1]), alone)


def test_a_seed_decides_the_first_weights_and_which_of_them_move():
    one, same, other = (learnt(small(seed=seed, lr_dropout="cpu"))[1] for seed in (1, 1, 2))
    moved = "conv22.conv.weight"
    torch.testing.assert_close(one[moved], same[moved], rtol=0, atol=0)
    assert not torch.equal(one[moved], other[moved])


def test_learning_rate_dropout_lets_three_in_ten_weights_move():
    masker = small(lr_dropout="y")
    before = {name: weight.clone() for name, weight in masker.weights().items()}
    _, after = learnt(masker, steps=1)
    moved = torch.cat([(after[name] != before[name]).flatten() for name in before if before[name].ndim > 1])
    assert moved.float().mean() == pytest.approx(0.3, abs=0.03)


def test_pretraining_learns_grey_pictures():
    masker = small(pretrain=True, learning_rate=1e-3)
    losses, _ = learnt(masker, steps=24)
    assert np.mean(losses[-6:]) < np.mean(losses[:6])


def test_a_batch_of_auto_asks_the_host():
    assert small(batch_size="auto").batch_size == 0
    assert small().batch_size == 4
    assert small(face_type="full").crop_spec == CropSpec(FaceType.FULL, 64)


# -- weights --


@pytest.fixture
def trained(tmp_path):
    """A checkpoint's folder, and the masks that its masker makes."""
    masker = small()
    learnt(masker)
    save_file(
        {name: weight.contiguous() for name, weight in masker.weights().items()}, tmp_path / "weights.safetensors"
    )
    return tmp_path, masker.mask([plain_crop()])[0].values


@pytest.mark.parametrize("name", ["", "weights.safetensors"])
def test_a_checkpoint_is_masked_with(trained, name):
    folder, wanted = trained
    masker = small(weights=str(folder / name))
    np.testing.assert_array_equal(masker.mask([plain_crop()])[0].values, wanted)


def test_weights_of_other_settings_are_refused(trained):
    with pytest.raises(StageError, match="of another shape"):
        small(weights=str(trained[0]), width=4)


def test_damaged_notes_beside_weights_are_named(trained):
    (trained[0] / "state.json").write_text('{"settings": {')
    with pytest.raises(StageError, match=r"state\.json is damaged"):
        small(weights=str(trained[0]))


def test_a_folder_without_weights_says_what_is_wanted(tmp_path):
    with pytest.raises(StageError, match=r"neither weights.safetensors nor XSeg_256.npy"):
        small(weights=str(tmp_path))


@pytest.fixture
def deepfacelab(tmp_path, golden):
    """A model folder of DeepFaceLab's."""
    random = np.random.default_rng(0)
    names = json.loads((golden / "xseg" / "names.json").read_text())
    arrays = {name: random.normal(0, 0.02, shape).astype(np.float32) for name, shape in names}
    (tmp_path / "XSeg_256.npy").write_bytes(pickle.dumps(arrays, 4))
    (tmp_path / "XSeg_data.dat").write_bytes(pickle.dumps({"iter": 9, "options": {"face_type": "f"}}, 4))
    return tmp_path


def test_a_model_folder_of_deepfacelab_is_masked_with(deepfacelab):
    for name in ("", "XSeg_256.npy"):
        masker = XSegMasker(XSegConfig(weights=str(deepfacelab / name), face_type="full"), offline_cpu())
        assert masker.mask([plain_crop(size=32)])[0].values.shape == (32, 32)


def test_a_model_of_another_face_type_is_refused(deepfacelab):
    with pytest.raises(StageError, match=r"set face_type: full"):
        XSegMasker(XSegConfig(weights=str(deepfacelab)), offline_cpu())


def test_a_file_that_is_no_xseg_is_refused(tmp_path):
    path = tmp_path / "XSeg_256.npy"
    path.write_bytes(pickle.dumps({"out_conv/bias:0": np.zeros(1, np.float32)}, 4))
    with pytest.raises(WrongWeightsError, match=r"conv01/conv/weight:0 is missing"):
        XSegMasker(XSegConfig(weights=str(path)), offline_cpu())


def test_a_file_that_runs_code_is_not_run(tmp_path):
    path = tmp_path / "XSeg_256.npy"
    path.write_bytes(b"\x80\x04cposix\nsystem\n(X\x04\x00\x00\x00truetR.")
    with pytest.raises(ForeignFileError, match=r"posix\.system"):
        XSegMasker(XSegConfig(weights=str(path)), offline_cpu())


def test_the_offer_names_its_exchange():
    (spec,) = understudy_maskers()
    assert spec.learns
    assert spec.exchange().class_name == "XSeg"


# -- on faces it has not seen --


class Ovals:
    """Drawn faces before stripes, some with a hand before them that is no part of the mask."""

    def __init__(self, size, hands=0.3):
        self._size, self._hands = size, hands

    def draw(self, number, size):
        random = np.random.default_rng([7, number])
        pictures, masks = zip(*(self._one(random) for _ in range(size)), strict=True)
        landmarks = np.repeat(plain_landmarks(self._size, FaceType.WHOLE_FACE)[None], size, axis=0)
        return MaskBatch(
            torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous(),
            torch.from_numpy(np.stack(masks))[:, None],
            torch.from_numpy(landmarks),
            number,
        )

    def _one(self, random):
        size = self._size
        rows, columns = np.mgrid[0:size, 0:size] / size
        picture = np.empty((size, size, 3))
        stripes = np.sin(rows * random.uniform(5, 40) + columns * random.uniform(-40, 40)) > 0
        picture[:] = np.where(stripes[..., None], random.integers(0, 256, 3), random.integers(0, 256, 3))
        x, y = random.uniform(0.44, 0.56, 2)
        face = np.hypot((columns - x) / random.uniform(0.24, 0.30), (rows - y) / random.uniform(0.32, 0.38)) < 1
        skin = np.array([214, 160, 130]) * random.uniform(0.5, 1.1)
        picture[face] = np.clip(skin, 0, 255)
        for side in (-0.1, 0.1):
            picture[np.hypot(columns - x - side, rows - y + 0.08) < 0.04] = 30
        picture[np.hypot((columns - x) / 2.5, rows - y - 0.15) < 0.035] = (150, 40, 50)
        if random.random() < self._hands:
            hand = np.hypot(columns - x - random.uniform(-0.3, 0.3), rows - y - 0.3) < 0.15
            picture[hand] = (60, 170, 60)
            face &= ~hand
        return picture.round().astype(np.uint8), np.where(face, 255, 0).astype(np.uint8)


def overlaps(found, true):
    return (found & true).sum(axis=(1, 2)) / (found | true).sum(axis=(1, 2))


@pytest.mark.slow
def test_it_masks_drawn_faces_it_has_not_seen():
    """Some hundred small steps from noise to masks that fit better than any that is the same for all faces."""
    steps = 120
    masker, data = small(width=6, learning_rate=4e-3), Ovals(64)
    losses = []
    for step in range(1, steps + 1):
        if step in (72, 102):
            masker.lower_learning_rate(0.35)
        losses.append(masker.train_step(data, step, 4)["mask"])
    assert np.mean(losses[-20:]) < 0.6 * np.mean(losses[:20])
    unseen = data.draw(1_000_000, 32)
    crops = [
        Crop(rgb, np.eye(2, 3), FaceType.WHOLE_FACE, landmarks)
        for rgb, landmarks in zip(unseen.rgb.permute(0, 2, 3, 1).numpy(), unseen.landmarks.numpy(), strict=True)
    ]
    found = np.stack([mask.values for mask in masker.mask(crops)]) > 0.5
    true = unseen.mask[:, 0].numpy() > 0
    usual = np.broadcast_to(true.mean(axis=0) > 0.5, true.shape)
    assert overlaps(found, true).mean() > 0.84
    assert overlaps(found, true).mean() > overlaps(usual, true).mean() + 0.04
