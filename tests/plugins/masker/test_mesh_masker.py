"""Does the mesh masker cover what the mesh covers, from any side?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_plugins.masker.mesh import MeshMaskerConfig
from understudy_plugins.masker.mesh.masker import MeshMasker
from understudy_sdk import Crop, FaceType, StageError
from understudy_sdk.mesh import FACE_OVAL
from understudy_sdk.testing.values import plain_crop, plain_landmarks, plain_mesh

SIZE = 128


def crop_with(mesh, size=SIZE):
    landmarks = plain_landmarks(size, FaceType.MESH)
    rgb = np.zeros((size, size, 3), np.uint8)
    return Crop(rgb, np.eye(2, 3), FaceType.MESH, landmarks, None if mesh is None else mesh.astype(np.float32))


def mask_of(mesh, size=SIZE, **settings):
    return MeshMasker(MeshMaskerConfig(**settings)).mask([crop_with(mesh, size)])[0].values


@pytest.fixture
def mesh():
    return np.array(plain_mesh(SIZE, FaceType.MESH))


def rows_of(values):
    rows = np.flatnonzero(values.max(axis=1) > 0.5)
    return rows[0], rows[-1]


def columns_of(values):
    return rows_of(values.T)


def test_a_frontal_mask_is_its_rim(mesh):
    values = mask_of(mesh)
    rim = mesh[list(FACE_OVAL), :2]
    x, y = rim[:, 0], rim[:, 1]
    area = 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))  # the shoelace formula
    # a finer pixel's border belongs to the polygon as well
    assert values.sum() == pytest.approx(area, rel=0.02)
    assert values[SIZE // 2, SIZE // 2] == 1.0
    assert values[0].max() == 0.0


def test_what_stands_out_over_the_rim_is_inside(mesh):
    """As a nose does in profile."""
    before = mask_of(mesh)
    right = mesh[list(FACE_OVAL), 0].max()
    mesh[[1, 4], 0] = right + 10.0
    after = mask_of(mesh)
    assert columns_of(after)[1] == pytest.approx(right + 10.0, abs=1.0)
    assert (after >= before).all()


def test_edges_follow_moves_of_less_than_a_pixel(mesh):
    areas = [(mask_of(mesh + np.array([move, 0, 0])) * np.arange(SIZE)).sum() for move in (0.0, 0.25, 0.5, 0.75, 1.0)]
    np.testing.assert_allclose(np.diff(areas) / mask_of(mesh).sum(), 0.25, atol=0.01)
    hard = mask_of(mesh, edges="hard")
    assert set(np.unique(hard)) == {0.0, 1.0}
    assert np.abs(hard - mask_of(mesh)).mean() < 0.02


@pytest.mark.parametrize("turn_deg", [0.0, 90.0, 180.0])
def test_the_forehead_grows_up_the_head_however_it_is_turned(turn_deg):
    turn = np.radians(turn_deg)
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    middle = np.array([SIZE / 2, SIZE / 2, 0.0])
    mesh = (plain_mesh(SIZE, FaceType.MESH) - middle) @ rotation.T + middle
    added = mask_of(mesh, forehead=0.2) - mask_of(mesh)
    assert added.min() >= 0.0
    row, column = np.mgrid[0:SIZE, 0:SIZE]
    weight = np.array([(added * column).sum(), (added * row).sum()]) / added.sum() - SIZE / 2
    up = (rotation @ (0.0, -1.0, 0.0))[:2]
    assert weight @ up / np.linalg.norm(weight) > 0.99
    assert weight @ up > 0.3 * SIZE


@pytest.mark.parametrize(
    ("side", "moved"),
    [("top", (-8, 0, 0, 0)), ("bottom", (0, 8, 0, 0)), ("left", (0, 0, -8, 0)), ("right", (0, 0, 0, 8))],
)
def test_each_side_grows_by_itself(mesh, side, moved):
    before, after = mask_of(mesh), mask_of(mesh, **{f"expand_{side}_px": 16.0})  # of 256, so 8 of 128
    spans = np.subtract([*rows_of(after), *columns_of(after)], [*rows_of(before), *columns_of(before)])
    np.testing.assert_allclose(spans, moved, atol=1)
    assert (after >= before).all()


def test_without_a_mesh_the_error_says_what_to_do():
    with pytest.raises(StageError, match=r"missing[\s\S]*choose such an aligner, or another masker"):
        mask_of(None)
    with pytest.raises(StageError, match=r"\(68, 3\)"):
        mask_of(np.zeros((68, 3)))


def test_a_mesh_beyond_the_crop_is_cut_off(mesh):
    assert mask_of(mesh + np.array([10_000, 0, 0])).max() == 0.0
    values = mask_of(mesh + np.array([SIZE / 2, 0, 0]))
    assert values[SIZE // 2, -1] == 1.0


def test_the_plain_crop_has_a_mesh():
    """The contract tests mask it."""
    assert plain_crop().mesh.shape == (468, 3)
