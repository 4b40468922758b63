"""Are a draw's faces varied as asked, alike for picture, mask and features?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from understudy_sdk import CropSpec, FaceType, Side
from understudy_sdk.autoencoder.samples import Variation, eyes_and_mouth, prepare, recolor
from understudy_sdk.testing.training_data import DrawnFaces

PLAIN = Variation(is_bent=False)


def draw(side=Side.SOURCE, number=0, size=3):
    return DrawnFaces(CropSpec(FaceType.WHOLE_FACE, 64)).draw(side, number, size)


def test_the_same_draw_gives_the_same_samples_and_leaves_common_chance_alone():
    before = torch.get_rng_state()
    variation = Variation(is_flipped=True, hsv_power=0.2, has_features=True)
    first, again = (prepare(draw(), variation, draw(Side.TARGET), "sot") for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(first.true, again.true, strict=True))
    assert torch.equal(first.seen, again.seen)
    assert torch.equal(first.features, again.features)


def test_what_is_seen_alone_is_bent_and_tinted():
    plain, bent = prepare(draw(), PLAIN), prepare(draw(), Variation())
    tinted = prepare(draw(), Variation(is_bent=False, hsv_power=0.3))
    assert torch.equal(plain.seen, plain.true.rgb)
    for other in (bent, tinted):
        assert torch.equal(other.true.rgb, plain.true.rgb)
        assert torch.equal(other.true.mask, plain.true.mask)
        assert (other.seen - plain.seen).abs().max() > 0.05


def test_about_two_in_five_are_mirrored():
    batch = draw(size=100)
    still, mirrored = (prepare(batch, Variation(is_bent=False, is_flipped=flip)).true.rgb for flip in (False, True))
    changed = (still != mirrored).flatten(1).any(dim=1)
    assert changed.float().mean().item() == pytest.approx(0.4, abs=0.12)
    torch.testing.assert_close(mirrored[changed].flip(3), still[changed], atol=1e-4, rtol=0)


def test_features_lie_on_eyes_and_mouth_and_peak_at_one():
    samples = prepare(draw(), Variation(is_bent=False, has_features=True))
    features = samples.features
    assert torch.equal(features.amax(dim=(1, 2, 3)), torch.ones(3))
    assert not (features * (samples.true.mask == 0)).gt(0.05).any()
    assert features.mean() < 0.2
    dark = samples.true.rgb.mean(dim=1, keepdim=True)  # the drawn eyes and mouth are dark
    assert (dark * features).sum() / features.sum() < 0.75 * dark[samples.true.mask > 0].mean()


def test_features_equal_the_reference(golden):
    with np.load(golden / "saehd" / "features.npz") as arrays:
        landmarks, eyes, mouth = arrays["landmarks"], arrays["eyes"], arrays["mouth"]
    ours = eyes_and_mouth(torch.from_numpy(landmarks.astype(np.float32))[None], 128)[0, 0].numpy()
    np.testing.assert_allclose(ours, np.clip(eyes[..., 0] + mouth[..., 0], 0, 1), atol=1e-5)


@pytest.mark.parametrize("mode", ["rct", "lct", "mkl", "idt", "sot"])
def test_every_way_brings_colors_nearer(mode):
    source, target = draw().rgb / 255.0, draw(Side.TARGET).rgb / 255.0
    done = recolor(source, target, mode, 1)
    assert done.shape == source.shape
    assert done.min() >= 0
    assert done.max() <= 1
    before, after = ((x.mean(dim=(2, 3)) - target.mean(dim=(2, 3))).abs().mean() for x in (source, done))
    assert after < 0.6 * before
    assert torch.equal(done, recolor(source, target, mode, 1))


@pytest.mark.parametrize("mode", ["none", "lct", "idt", "sot"])
def test_part_of_a_draw_looks_as_within_the_whole(mode):
    batch, colors = draw(size=5), draw(Side.TARGET, size=5)
    variation = Variation(is_flipped=True, hsv_power=0.2, has_features=True)
    whole = prepare(batch, variation, colors, mode)
    for first, count in ((0, 2), (2, 1), (3, 2)):
        part = prepare(batch.part(first, count), variation, colors.part(first, count), mode)
        here = slice(first, first + count)
        for ours, expected in zip(
            (part.seen, *part.true, part.features), (whole.seen, *whole.true, whole.features), strict=True
        ):
            torch.testing.assert_close(ours, expected[here], atol=1e-5, rtol=0)
