"""Does a masker learn from the masks that people drew, and does its folder keep what it learnt?"""

import json

import cv2
import numpy as np
import pytest
import torch

from understudy.errors import RequestError, StoreError, UnknownPluginError
from understudy.faceset import FaceLabel, Faceset
from understudy.lock import locked
from understudy.mask_training import LabelDeck, MaskOrder, choose_masker, labelled_faces, train_masker
from understudy.mask_training.labelled import split
from understudy.pictures import encode_png
from understudy.training import Checkpoints, FaceArrays, LoopSettings, read_losses
from understudy_sdk import CropSpec, FaceType

SPEC = CropSpec(FaceType.WHOLE_FACE, 32)


def order(choose, folders, out, steps=30, settings=(), **more):
    chosen, masker = choose(*settings)
    return MaskOrder(chosen=chosen, masker=masker, facesets=folders, folder=out, steps=steps, hold_out=0.2, **more)


def test_it_learns_from_labels_of_several_facesets_and_measures_on_others(choose, make_set, tmp_path):
    folders = [make_set("one"), make_set("two", frames=5, labelled=4)]
    loop = LoopSettings(measure_every_steps=30, preview_every_steps=20)
    outcome = train_masker(order(choose, folders, tmp_path / "out", steps=60, loop=loop))
    assert (outcome.step, outcome.learnt, outcome.held_out) == (60, 8, 2)
    assert outcome.iou > 0.9
    assert outcome.weights == tmp_path / "out" / "weights.safetensors"
    losses = read_losses(tmp_path / "out" / "losses.jsonl").losses("mask")
    assert losses[-1] < losses[0] / 2
    kept = json.loads((tmp_path / "out" / "held-out.json").read_text())
    assert [entry["step"] for entry in kept] == [30, 60]
    assert kept[-1]["iou"] == pytest.approx(outcome.iou)
    assert len(kept[-1]["faces"]) == 2
    sheet = cv2.imread(str(tmp_path / "out" / "preview-latest.png"))
    assert sheet.shape[1] == 4 * 192
    assert (tmp_path / "out" / "losses.png").is_file()
    _, again = choose(f"weights={tmp_path / 'out'}")
    newest = Checkpoints(tmp_path / "out").newest(print)
    torch.testing.assert_close(again.line, newest.weights()["line"])


def test_a_stopped_training_goes_on_as_if_it_had_not_stopped(choose, make_set, tmp_path):
    folder = make_set()
    train_masker(order(choose, [folder], tmp_path / "whole", steps=12))
    stopped = train_masker(order(choose, [folder], tmp_path / "parts", steps=12, for_s=0.0))
    assert stopped.step == 1, "a run learns one step at least"
    train_masker(order(choose, [folder], tmp_path / "parts", steps=7))
    resumed = train_masker(order(choose, [folder], tmp_path / "parts", steps=12))
    assert resumed.step == 12
    whole, parts = (Checkpoints(tmp_path / name).newest(print).weights()["line"] for name in ("whole", "parts"))
    torch.testing.assert_close(parts, whole, rtol=0, atol=0)


def test_a_folder_belongs_to_one_masker_with_one_set_of_settings(choose, make_set, tmp_path):
    folder = make_set()
    train_masker(order(choose, [folder], tmp_path / "out", steps=1))
    with pytest.raises(RequestError, match=r"other settings: settings\.resolution\n  use the same"):
        train_masker(order(choose, [folder], tmp_path / "out", settings=["resolution=48"]))
    outcome = train_masker(order(choose, [folder], tmp_path / "out", steps=2, settings=["batch_size=2"]))
    assert outcome.step == 2, "what may change may change"


def test_two_trainings_in_one_folder_are_refused(choose, make_set, tmp_path):
    with locked(tmp_path / "out", "training"), pytest.raises(StoreError, match="is training"):
        train_masker(order(choose, [make_set()], tmp_path / "out"))


def test_without_labels_there_is_nothing_to_learn(choose, make_set, tmp_path):
    folder = make_set(labelled=0)
    with pytest.raises(RequestError, match=r"no face of .*set is labelled"):
        train_masker(order(choose, [folder], tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_faces_set_aside_teach_nothing(make_set):
    folder = make_set(labelled=3)
    with Faceset(folder, writable=True) as index:
        names = list(index.labels())
        index.mark(names[:2], "blurred")
    assert [face.row.name for face in labelled_faces([folder], SPEC)] == names[2:]


def test_crops_must_reach_as_far_as_the_masker_looks(choose, make_set, tmp_path):
    folder = make_set(face_type=FaceType.FULL)
    with pytest.raises(RequestError, match=r"whole_face crops, but .* labels on full crops.*\n.*face_type=full"):
        train_masker(order(choose, [folder], tmp_path / "out"))


def test_drawn_polygons_count_before_masks_that_came_along(make_set):
    folder = make_set(labelled=2)
    with Faceset(folder, writable=True) as index:
        row = list(index.all_rows())[5]
        half = np.zeros((16, 16), np.uint8)
        half[:, 8:] = 255
        index.set_labels({row.name: FaceLabel(row.frame_to_crop, row.size, mask=encode_png(half))})
        assert len(labelled_faces([folder], SPEC)) == 2
        index.drop_labels([name for name, label in index.labels().items() if label.polygons])
    (face,) = labelled_faces([folder], SPEC)
    crop, mask = face.at(SPEC)
    assert crop.rgb.shape == (32, 32, 3)
    assert sorted(np.unique(mask)) == [0, 255]
    np.testing.assert_array_equal(mask[4:28, 4:15], 0)
    np.testing.assert_array_equal(mask[4:28, 17:28], 255)


def test_the_mask_lies_where_the_face_does_at_every_crop(make_set):
    face = labelled_faces([make_set(labelled=1)], SPEC)[0]
    for spec in (SPEC, CropSpec(FaceType.FULL, 48), CropSpec(FaceType.WHOLE_FACE, 128)):
        crop, mask = face.at(spec)
        bright = crop.rgb.mean(axis=2) > 120
        common = (bright & (mask > 0)).sum() / (bright | (mask > 0)).sum()
        assert common > 0.9, spec


def test_held_out_faces_stay_the_same_when_more_are_labelled(make_set):
    few = labelled_faces([make_set("few", frames=20, labelled=10)], SPEC)
    more = labelled_faces([make_set("few2", frames=20, labelled=20)], SPEC)
    names = [[face.row.frame for face in split(faces, 0.3)[1]] for faces in (few, few)]
    assert names[0] == names[1]
    learnt, held = split(more, 0.3)
    assert (len(learnt), len(held)) == (14, 6)
    assert split(few, 0.0)[1] == []
    assert len(split(few, 0.001)[1]) == 1, "one at least"
    assert len(split(few[:1], 0.5)[1]) == 0, "but never all"


def test_the_deck_deals_every_face_once_before_any_comes_again():
    numbers = np.arange(5, dtype=np.uint8)
    rgb = np.zeros((5, 3, 4, 4), np.uint8) + numbers[:, None, None, None]
    faces = FaceArrays(rgb, np.zeros((5, 1, 4, 4), np.uint8), np.zeros((5, 68, 2), np.float32))
    deck = LabelDeck(faces, seed=3, device="cpu")
    dealt = [int(face[0, 0, 0]) for number in range(5) for face in deck.draw(number, 2).rgb]
    assert sorted(dealt[:5]) == sorted(dealt[5:]) == [0, 1, 2, 3, 4]
    assert dealt[:5] != dealt[5:]
    again, other = LabelDeck(faces, seed=3, device="cpu"), LabelDeck(faces, seed=4, device="cpu")
    assert torch.equal(again.draw(3, 4).rgb, deck.draw(3, 4).rgb)
    assert again.draw(3, 4).seed == deck.draw(3, 4).seed != other.draw(3, 4).seed
    assert deck.draw(2, 4).seed != deck.draw(3, 4).seed


def test_what_is_chosen_wrongly_is_said(registry, tmp_path):
    with pytest.raises(UnknownPluginError, match="Did you mean 'bright'"):
        choose_masker(registry, "brigth")
    with pytest.raises(RequestError, match=r"'plain' does not learn\n  these do: bright"):
        choose_masker(registry, "plain", learns=True)
    with pytest.raises(RequestError) as error:
        choose_masker(registry, "bright", ["batch_size=0", "reselution=64", f"weights={tmp_path / 'none'}"])
    assert "--set batch_size: must be at least 1" in str(error.value)
    assert "--set reselution: unknown key. Did you mean 'resolution'?" in str(error.value)
    with pytest.raises(RequestError, match="there is no file"):
        choose_masker(registry, "bright", [f"weights={tmp_path / 'none'}"])
    with pytest.raises(RequestError, match="must look like KEY=VALUE"):
        choose_masker(registry, "bright", ["batch_size"])


def test_what_was_trained_is_applied_with_the_settings_it_learnt_with(choose, make_set, tmp_path):
    train_masker(order(choose, [make_set()], tmp_path / "out", steps=1, settings=["resolution=48"]))
    chosen, _ = choose(f"weights={tmp_path / 'out'}")
    assert chosen.config.resolution == 48
    chosen, _ = choose(f"weights={tmp_path / 'out'}", "resolution=32")
    assert chosen.config.resolution == 32
