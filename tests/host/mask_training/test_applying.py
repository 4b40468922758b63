"""Does a faceset get a masker's masks whole or not at all, and is it known by what?"""

import json

import numpy as np
import pytest

from understudy.errors import PluginFailedError, RequestError, StoreError
from understudy.faceset import Faceset
from understudy.lock import locked
from understudy.mask_training import apply_masker
from understudy.pictures import decode_mask
from understudy.progress import Silent

from .conftest import SIDE, bright_part


class Counted(Silent):
    def __init__(self):
        self.started = []

    def start(self, phase, total, unit, *, done=0, device=""):
        self.started.append((phase, total, done))


@pytest.fixture
def bright(choose):
    """Give the masker as if it had learnt: bright is face."""
    import torch

    def make(*settings):
        chosen, masker = choose(*settings)
        masker.line = torch.tensor([40.0, -18.0])
        return chosen, masker

    return make


def masks_of(folder):
    with Faceset(folder) as index:
        return [(row, decode_mask(index.mask_png(row.name), row.name)) for row in index.all_rows()]


def is_bright(row, mask):
    left, top = bright_part(row.frame)[0].astype(int)
    inside = np.zeros((SIDE, SIDE), bool)
    inside[top : top + 37, left : left + 31] = True
    return mask.shape == (SIDE, SIDE) and (mask[inside] > 0.9).all() and (mask[~inside] < 0.1).all()


def test_a_copy_has_the_masks_and_the_faceset_itself_does_not(bright, make_set, tmp_path):
    folder = make_set(frames=20)
    applied = apply_masker(folder, *bright(), Silent(), out=tmp_path / "masked")
    assert (applied.folder, applied.faces, applied.empty) == (tmp_path / "masked", 20, 0)
    assert all(is_bright(row, mask) for row, mask in masks_of(tmp_path / "masked"))
    assert all(not mask.any() for _, mask in masks_of(folder))
    with Faceset(tmp_path / "masked") as copy, Faceset(folder) as index:
        assert copy.labels().keys() == index.labels().keys()
        assert [row.landmarks.tolist() for row in copy.all_rows()] == [
            row.landmarks.tolist() for row in index.all_rows()
        ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["masked", "set"]


def test_in_place_all_that_follows_from_masks_changes_with_them(bright, make_set):
    folder = make_set()
    with Faceset(folder, writable=True) as index:
        (clip,) = index.clips()
        before, (first, *_) = index.stamp([clip.fingerprint]), index.all_rows()
        index.set_measures("blur", {first.name: 3.0})
    apply_masker(folder, *bright(), Silent())
    assert all(is_bright(row, mask) for row, mask in masks_of(folder))
    with Faceset(folder) as index:
        assert index.stamp([clip.fingerprint]) != before
        assert index.measures("blur") == {}
        assert json.loads(index.value("masked_by"))["name"] == "bright"
        assert index.row(first.name).look.brightness > 150, "of what lies under the mask"
    assert {path.name for path in folder.iterdir()} == {"faces", "index.sqlite", ".lock"}


def test_a_masker_that_fails_leaves_the_old_masks_and_what_it_made_is_used_later(bright, make_set):
    folder = make_set(frames=20)
    with pytest.raises(PluginFailedError, match="failed while masking the faces"):
        apply_masker(folder, *bright("fails_at=17"), Silent())
    assert all(not mask.any() for _, mask in masks_of(folder))
    heard = Counted()
    chosen, masker = bright("fails_at=17")
    apply_masker(folder, chosen, masker, heard)
    assert heard.started == [("mask", 20, 16)]
    assert masker.calls == 4
    assert all(is_bright(row, mask) for row, mask in masks_of(folder))


def test_masks_of_another_masker_are_not_gone_on_with(bright, make_set):
    folder = make_set(frames=20)
    with pytest.raises(PluginFailedError):
        apply_masker(folder, *bright("fails_at=17"), Silent())
    heard = Counted()
    apply_masker(folder, *bright("rate=3"), heard)
    assert heard.started == [("mask", 20, 0)]


def test_faces_with_nothing_in_their_mask_are_counted(choose, make_set):
    import torch

    chosen, masker = choose()
    masker.line = torch.tensor([0.0, -50.0])
    assert apply_masker(make_set(frames=3), chosen, masker, Silent()).empty == 3


def test_what_a_project_made_is_not_changed_behind_its_back(bright, make_set, tmp_path):
    folder = make_set()
    (folder / "recipe.json").write_text("{}")
    with pytest.raises(RequestError, match=r"masker: \{use: bright\}"):
        apply_masker(folder, *bright(), Silent())
    apply_masker(folder, *bright(), Silent(), out=tmp_path / "copies" / "masked")
    assert not (tmp_path / "copies" / "masked" / "recipe.json").exists()


def test_a_taken_place_and_a_second_run_are_refused(bright, make_set, tmp_path):
    folder = make_set()
    (tmp_path / "masked").mkdir()
    with pytest.raises(RequestError, match="is there already"):
        apply_masker(folder, *bright(), Silent(), out=tmp_path / "masked")
    with locked(folder, "masking"), pytest.raises(StoreError, match="is masking"):
        apply_masker(folder, *bright(), Silent())
