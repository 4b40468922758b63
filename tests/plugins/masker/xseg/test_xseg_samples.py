"""Are faces and their masks varied alike, by the draw's seed alone?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from understudy_plugins.masker.xseg.samples import prepare, prepare_grey
from understudy_sdk import CropSpec, FaceType, Side
from understudy_sdk.testing.training_data import DrawnFaces

SPEC = CropSpec(FaceType.WHOLE_FACE, 64)


@pytest.fixture
def faces():
    return DrawnFaces(SPEC)


def draws(faces, size=6):
    return faces.draw(Side.TARGET, 0, size), faces.draw(Side.SOURCE, 1, size)


def test_samples_are_what_the_network_takes(faces):
    samples = prepare(*draws(faces))
    assert samples.seen.shape == (6, 3, 64, 64)
    assert samples.true.shape == (6, 1, 64, 64)
    assert samples.seen.dtype == samples.true.dtype == torch.float32
    assert samples.seen.min() >= 0
    assert samples.seen.max() <= 1
    assert set(samples.true.unique().tolist()) == {0.0, 1.0}


def test_a_part_looks_as_it_does_in_the_whole(faces):
    batch, others = draws(faces)
    whole, part = prepare(batch, others), prepare(batch.part(2, 3), others.part(2, 3))
    torch.testing.assert_close(part.seen, whole.seen[2:5], rtol=0, atol=0)
    torch.testing.assert_close(part.true, whole.true[2:5], rtol=0, atol=0)


def test_every_face_of_a_draw_is_varied_in_its_own_way(faces):
    batch, others = draws(faces)
    masks = prepare(batch, others).true.numpy()
    assert len({mask.tobytes() for mask in masks}) == 6


def test_the_mask_stays_on_the_face(faces):
    """A face that is drawn red stays under its mask, however it is bent, where colours are left as they are."""
    batch, _ = draws(faces, 8)
    red = torch.zeros_like(batch.rgb)
    red[:, :1] = batch.mask
    batch = type(batch)(red, batch.mask, batch.landmarks, batch.seed)
    grey = prepare_grey(batch)
    found = (grey.seen[:, 0] > 0.5).numpy()
    moved = prepare(batch, batch).true[:, 0].numpy() > 0.5
    # the two ways throw their dice in another order; both keep about the face's own area
    area = (batch.mask.float().mean() / 255).item()
    assert found.mean() == pytest.approx(area, rel=0.2)
    assert moved.mean() == pytest.approx(area, rel=0.2)


def test_pictures_and_masks_are_moved_alike(faces, monkeypatch):
    from understudy_plugins.masker.xseg import samples as module

    monkeypatch.setattr(module, "_worn", lambda picture, mask, random: picture)
    monkeypatch.setattr(module, "_placed", lambda picture, mask, other, random: picture)
    batch, others = draws(faces, 8)
    painted = type(batch)(batch.mask.expand(-1, 3, -1, -1).clone(), batch.mask, batch.landmarks, batch.seed)
    samples = prepare(painted, others)
    np.testing.assert_array_equal(samples.seen[:, :1].numpy() > 0.6, (samples.seen[:, :1] > 0.6) & (samples.true > 0.5))
    agreement = ((samples.seen[:, :1] > 0.5).float() == samples.true).float().mean()
    assert agreement > 0.99


def test_half_of_the_faces_are_put_before_other_surroundings(faces, monkeypatch):
    from understudy_plugins.masker.xseg import samples as module

    monkeypatch.setattr(module, "_worn", lambda picture, mask, random: picture)
    pasted = []
    placed = module._placed

    def noted(picture, *others):
        found = placed(picture, *others)
        pasted.append(found is not picture)
        return found

    monkeypatch.setattr(module, "_placed", noted)
    prepare(*draws(faces, 64))
    assert 0.3 < np.mean(pasted) < 0.7


def test_pretraining_wants_the_picture_in_grey(faces):
    batch, _ = draws(faces)
    samples = prepare_grey(batch)
    weights = torch.tensor([0.299, 0.587, 0.114])
    torch.testing.assert_close(samples.true[:, 0], (samples.seen * weights[:, None, None]).sum(dim=1))
    again = prepare_grey(batch.part(4, 2))
    torch.testing.assert_close(again.seen, samples.seen[4:], rtol=0, atol=0)
