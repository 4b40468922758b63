"""Do colours move from picture to picture as they do in the reference?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_sdk.color_distributions import draw_directions, draw_rotations, idt, lct, mkl, sot


@pytest.fixture(scope="module")
def reference(golden):
    with np.load(golden / "saehd" / "colors.npz") as arrays:
        return dict(arrays)


def rgb_of(bgr):
    return np.ascontiguousarray(bgr[..., ::-1], np.float32)


def pair(reference):
    return rgb_of(reference["in_src"]), rgb_of(reference["in_trg"])


def test_linear_ways_equal_the_reference(reference):
    for way, name in ((lct, "lct_pca"), (mkl, "mkl")):
        np.testing.assert_allclose(way(*pair(reference)), rgb_of(reference[name]), atol=1e-5)


def test_rotated_histograms_equal_the_reference(reference):
    rotations = reference["in_idt_rotations"].astype(np.float32)[:, :, ::-1]  # of BGR
    error = np.abs(idt(*pair(reference), rotations) - rgb_of(reference["idt_seed1234"]))
    assert error.mean() < 1e-3  # a colour at a bin's edge may fall into the next
    assert np.quantile(error, 0.99) < 1e-3


def test_sliced_transport_equals_the_reference(reference):
    drawn = reference["in_sot_directions"]
    directions = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).reshape(10, 5, 3)[..., ::-1]
    error = np.abs(sot(*pair(reference), directions) - rgb_of(reference["sot_seed1234_steps10_batch5"]))
    assert error.mean() < 1e-3  # the bilateral filter differs between versions of OpenCV


@pytest.mark.parametrize("way", [lct, mkl])
def test_plain_pictures_do_no_harm(way):
    grey, blue = np.full((8, 8, 3), 0.5, np.float32), np.zeros((8, 8, 3), np.float32)
    blue[..., 2] = 0.75
    np.testing.assert_allclose(way(grey, blue), blue, atol=0.01)


def test_what_is_drawn_is_rotations_and_unit_vectors():
    generator = np.random.default_rng(0)
    rotations = draw_rotations(generator, 50)
    np.testing.assert_allclose(
        rotations @ rotations.transpose(0, 2, 1), np.broadcast_to(np.eye(3), (50, 3, 3)), atol=1e-9
    )
    np.testing.assert_allclose(np.linalg.det(rotations), 1.0)
    np.testing.assert_allclose(np.linalg.norm(draw_directions(generator, 2, 3), axis=-1), np.ones((2, 3)))
