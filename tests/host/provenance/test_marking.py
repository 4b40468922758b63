"""Is the mark too faint to see, and does nothing change outside the mask?"""

import av
import cv2
import numpy as np
import pytest

from understudy.provenance.marking import FaceMark
from understudy.provenance.pattern import CELL, grid_of, pattern_of, slots
from understudy.video import ClipReader
from understudy_sdk import Layer

from .conftest import LUMA


def test_the_mark_is_faint(film):
    marked, masks = film()
    plain, _ = film(None)
    square, count = 0.0, 0
    for one, other, mask in zip(marked, plain, masks, strict=True):
        change = (one.astype(np.float64) - other)[mask]
        square, count = square + np.square(change).sum(), count + change.size
        assert np.array_equal(one[~mask], other[~mask])
    assert 10 * np.log10(255**2 * count / square) >= 42


def test_it_changes_brightness_alone(brightness):
    random = np.random.default_rng(1)
    before = random.random((90, 80, 3), np.float32)
    layer = Layer(random.random((90, 80, 3), np.float32), np.full((90, 80), 0.5, np.float32))
    laid = FaceMark(640, 360, 1).laid(layer, (31, 7), brightness(before), LUMA)
    change = laid.rgb - layer.rgb
    assert np.abs(change).max() > 1 / 255
    np.testing.assert_allclose(change[..., 0], change[..., 1], atol=1e-6)
    np.testing.assert_allclose(change[..., 0], change[..., 2], atol=1e-6)
    assert laid.mask is layer.mask


def test_what_a_layer_holds_under_no_mask_does_no_harm():
    rgb, mask = np.full((40, 40, 3), 0.5, np.float32), np.ones((40, 40), np.float32)
    before = rgb[..., 0].copy()
    rgb[:10], mask[:10] = np.nan, 0.0
    assert np.isfinite(FaceMark(640, 360, 5).laid(Layer(rgb, mask), (0, 0), before, LUMA).rgb[10:]).all()


def test_the_pattern_lies_still_in_the_frame_wherever_the_region_is():
    flat = np.full((360, 640, 3), 0.5, np.float32)
    mark, face = FaceMark(640, 360, 77), np.zeros((360, 640), np.float32)
    face[40:240, 100:300] = 1.0
    whole = mark.laid(Layer(flat, face), (0, 0), flat[..., 0], LUMA).rgb
    part = mark.laid(Layer(flat, face).part(100, 40, 300, 240), (100, 40), flat[40:240, 100:300, 0], LUMA).rgb
    np.testing.assert_allclose(part[40:-40, 40:-40], whole[80:200, 140:260], atol=0.4 / 255)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv420p10le", "yuv444p"])
def test_samples_outside_the_mask_keep_every_bit(tmp_path, drawn_clip, pix_fmt):
    clip = drawn_clip(tmp_path / "in.mkv", frames=1, codec="ffv1", options={}, pix_fmt=pix_fmt)
    with av.open(str(clip)) as container:
        before = next(container.decode(video=0)).to_ndarray()
    with ClipReader(clip) as reader:
        frame = next(reader.frames())
        region = frame.region(20, 16, 116, 96)
        mask = np.zeros(region.rgb.shape[:2], np.float32)
        mask[20:60, 20:60] = 1.0
        shown = frame.brightness(*region.box)
        marked = FaceMark(160, 120, 9).laid(Layer(region.rgb, mask), region.box[:2], shown, LUMA)
        frame.lay(region, marked)
        after = frame.to_av().to_ndarray()
    luma = (slice(None), *(slice(None),) * 2) if before.ndim == 3 else (slice(0, 120), slice(None))
    changed = np.argwhere((before != after)[0] if before.ndim == 3 else (before != after)[luma])
    x0, y0 = region.x0 + 20, region.y0 + 20
    assert len(changed) > 400
    assert (changed >= (y0, x0)).all()
    assert (changed < (y0 + 40, x0 + 40)).all()
    chroma = (before != after)[1:] if before.ndim == 3 else (before != after)[120:]
    assert not chroma.any()


def test_every_cell_holds_every_slot_once():
    rows, columns = grid_of(1280, 720, 180)
    assert (rows, columns) == (180, 320)
    for row, column in ((0, 0), (60, 96), (174, 312)):
        cell = slots(rows, columns)[row : row + CELL[0], column : column + CELL[1]]
        assert sorted(cell.ravel().tolist()) == list(range(48))
    assert abs(pattern_of(rows, columns, 0xFFFFFF).mean()) < 0.02


def test_a_large_face_is_marked_more_faintly():
    flat, mark = np.full((720, 1280, 3), 0.5, np.float32), FaceMark(1280, 720, 77)
    whole = Layer(flat, np.ones((720, 1280), np.float32))
    small, large = (
        mark.laid(whole.part(0, 0, side, side), (0, 0), flat[:side, :side, 0], LUMA).rgb for side in (150, 600)
    )
    strength = [float((laid - 0.5)[16:-16, 16:-16].std()) for laid in (small, large)]
    assert strength[1] == pytest.approx(0.6 * strength[0], rel=0.1)


def test_no_broad_blotches_are_laid():
    """What a finder does not look at is left out: the mean over 7 x 7 chips hardly changes."""
    flat = np.full((300, 300, 3), 0.5, np.float32)
    laid = FaceMark(1280, 720, 77).laid(Layer(flat, np.ones((300, 300), np.float32)), (0, 0), flat[..., 0], LUMA)
    change = laid.rgb[..., 0] - 0.5
    broad = cv2.blur(change, (28, 28))[40:-40, 40:-40]
    assert broad.std() < 0.06 * change.std()
