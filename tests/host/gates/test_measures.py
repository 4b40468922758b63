"""Does each figure of a merged face rise with the fault that it is about, and rest without?"""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from understudy.gates.figures import FaceFigures, FrameFigures
from understudy.gates.inside import color_shift
from understudy.gates.outside import changed_outside
from understudy.gates.seam import seam_of
from understudy.gates.small import small_face
from understudy.video import Laying, PlaneChange
from understudy.video.light import light_of
from understudy.video.orientation import UPRIGHT, Orientation
from understudy.video.planes import layout_of
from understudy_sdk import ColorDescription, Crop, FaceType

from .conftest import BOX, disc


def same(rgb):
    return rgb


def brighter(by):
    return lambda rgb: rgb + np.float32(by)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "gbrp", "gray"])
def test_a_face_that_is_the_target_measures_nothing(bench, pixel_format):
    first, second = bench(pixel_format).measured([same, same], disc(3))
    assert first.flicker is None  # nothing came before
    assert second.flicker == pytest.approx(0, abs=1e-3)
    assert second.seam == pytest.approx(1, abs=0.02)
    assert second.color == pytest.approx(0, abs=0.05)
    assert second.sharpness == pytest.approx(1, abs=0.02)


def test_a_hard_edge_of_another_brightness_is_a_seam_and_a_soft_one_less(bench):
    hard, same_again = bench().measured([brighter(0.15), same], disc())
    (soft,) = bench().measured([brighter(0.15)], disc(4))
    assert hard.seam > 1.5 > soft.seam > same_again.seam
    assert hard.seam_added > 3 * soft.seam_added


def test_a_tinted_face_differs_in_colour(bench):
    tint = np.array([0.12, 0, -0.12], np.float32)
    plain, tinted = bench().measured([brighter(0.02), lambda rgb: rgb + tint], disc(3))
    assert tinted.color > 8
    assert plain.color < 3


def test_colours_are_compared_place_by_place():
    gray = np.full((60, 60, 3), 0.5, np.float32)
    halves = gray.copy()
    halves[:, :30], halves[:, 30:] = 0.4, 0.6  # the mean stays
    assert color_shift(gray, halves, np.ones((60, 60), np.float32)) > 5
    checks = gray + np.where(np.indices((60, 60)).sum(axis=0) % 2, 0.1, -0.1)[..., None].astype(np.float32)
    assert color_shift(gray, checks, np.ones((60, 60), np.float32)) < 0.1  # features of another face


def test_a_face_that_pumps_flickers(bench):
    _, steady, pumped = bench().measured([brighter(0.1), brighter(0.1), brighter(0.0)], disc(3))
    assert steady.flicker == pytest.approx(0, abs=0.2)
    assert pumped.flicker > 15


def test_a_blurred_face_is_less_sharp_than_its_neighbourhood(bench):
    blurred, sharpened = bench().measured(
        [lambda rgb: cv2.GaussianBlur(rgb, (0, 0), 2), lambda rgb: 2 * rgb - cv2.GaussianBlur(rgb, (0, 0), 2)], disc()
    )
    assert blurred.sharpness < 0.4
    assert sharpened.sharpness > 1.3


def test_a_face_that_hardly_shows_is_not_measured(bench):
    (face,) = bench().measured([brighter(0.3)], disc() * np.float32(0.01))
    assert (face.seam, face.color, face.flicker, face.sharpness) == (None, None, None, None)


def test_a_picture_without_an_edge_has_no_seam():
    picture = np.zeros((8, 8, 3), np.float32)
    assert seam_of(picture, picture, np.ones((8, 8), np.float32)) is None


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_square_shows_the_face_however_the_clip_is_turned_and_however_large_it_is(tmp_path, rotation):
    turns = UPRIGHT, Orientation(True, False, True), Orientation(False, True, True), Orientation(True, True, False)
    turn = next(one for one in turns if one.rotation == rotation)
    height, width = 301, 403
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    upright = np.stack([columns / width, rows / height, 0 * rows], axis=2)
    stored = [np.ascontiguousarray(turn.stored(upright[..., channel])) for channel in range(3)]
    info = SimpleNamespace(
        orientation=turn, color=ColorDescription(matrix=0, is_full_range=True), width=width, height=height,
        stored_size=stored[0].shape[::-1],
    )  # fmt: skip
    layout = layout_of("gbrpf32le")
    mask = np.ones(stored[0].shape, np.float32)
    changes = tuple(PlaneChange(0, 0, plane, 0 * plane, mask > 0) for plane in stored)
    matrix = np.array([[0.5, 0, -40.0], [0, 0.5, -20.0]])  # of a square of 80 px that begins at 80, 40
    crop = Crop(np.zeros((80, 80, 3), np.uint8), matrix, FaceType.FULL, np.zeros((68, 2), np.float32))
    laid = SimpleNamespace(crop=crop, laying=Laying((0, 0, *info.stored_size), mask, changes))
    planes = [light_of(plane) for plane in stored]
    small = small_face(planes, laid, info, layout)
    assert max(small.after.shape) <= 128
    middle = small.square(small.after)[32, 32]
    assert middle[:2] == pytest.approx([160.25 / width, 120.25 / height], abs=1e-3)


def test_figures_come_back_as_they_were_written():
    face = FaceFigures(1, 2, "a.png", (1.0, 2.0, 3.0, 4.5), seam=1.25, color=None, flicker=-0.5, sharpness=0.75)
    frame = FrameFigures(7, 3, True, (face,))
    assert FrameFigures.of(frame.row() | {"later": 1}) == frame


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "gbrp", "nv12"])
class TestSamplesOutside:
    """Of samples that changed and lie under no mask."""

    def test_nothing_changed_where_only_a_layer_was_laid(self, bench, pixel_format):
        made = bench(pixel_format)
        for box in (BOX, (41, 21, 105, 85)):  # the second is widened to whole samples of chroma
            frame, before = made.next()
            region = frame.region(*box)
            mask = np.zeros(region.rgb.shape[:2], np.float32)
            mask[9:41, 7:50] = 0.5
            laid = made.lay(frame, brighter(0.2), mask, box)
            found = made.meter.measure(frame, [laid], None, before)
            assert (found.outside, found.is_whole) == (0, True)
            assert made.meter.measure(frame, [laid], None, None).outside == 0

    def test_each_sample_beside_the_mask_counts(self, bench, pixel_format):
        made = bench(pixel_format)
        frame, _ = made.next()
        laid = made.lay(frame, brighter(0.2), disc())
        frame.planes()[0][BOX[1] + 1, BOX[0] + 1 : BOX[0] + 4] ^= 1 << (6 if pixel_format.endswith("le") else 0)
        layout = layout_of(made.info.pixel_format)
        frame.planes()[1][(BOX[1] + 60) // layout.sub_y, (BOX[0] + 3) // layout.sub_x] ^= 64
        found = made.meter.measure(frame, [laid], None, None)
        assert (found.outside, found.is_whole) == (4, False)

    def test_each_sample_far_away_counts_where_the_frame_was_kept(self, bench, pixel_format):
        made = bench(pixel_format)
        frame, before = made.next()
        laid = made.lay(frame, brighter(0.2), disc())
        frame.planes()[2][-1, -1] ^= 1
        assert made.meter.measure(frame, [laid], None, None).outside == 0
        assert made.meter.measure(frame, [laid], None, before).outside == 1

    def test_a_frame_without_a_face_counts_too(self, bench, pixel_format):
        made = bench(pixel_format)
        frame, before = made.next()
        assert made.meter.measure(frame, [], None, before).outside == 0
        made.lay(frame, brighter(0.2), disc())  # which nobody tells of
        assert made.meter.measure(frame, [], None, before).outside > 1000

    def test_what_a_later_face_covers_is_not_outside(self, bench, pixel_format):
        made = bench(pixel_format)
        frame, before = made.next()
        first = made.lay(frame, brighter(0.2), disc())
        second = made.lay(frame, brighter(-0.2), disc(), (72, 40, 136, 104))
        layout = layout_of(made.info.pixel_format)
        both = [first.laying, second.laying]
        assert changed_outside(frame.planes(), before, both, layout) == 0
        assert changed_outside(frame.planes(), None, both, layout) == 0
        assert changed_outside(frame.planes(), None, both[:1], layout) > 100
