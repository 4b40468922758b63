"""Do masks drawn in DeepFaceLab's editor stay editable on the way in and out?"""

import shutil

import numpy as np
import pytest

from understudy.exchange import export_dfl, import_faces
from understudy.exchange.dfl_jpeg import read_aligned, with_metadata
from understudy.exchange.dfl_values import AlignedFace
from understudy.faceset import FaceLabel, Faceset
from understudy.progress import Silent
from understudy_sdk import FaceType
from understudy_sdk.geometry import compose, invert, transform_points
from understudy_sdk.polygons import Polygon, draw_polygons


@pytest.fixture
def aligned(golden, tmp_path):
    """Give a folder of DeepFaceLab's faces: without a mask, with polygons, with a mask of XSeg."""
    folder = tmp_path / "aligned"
    folder.mkdir()
    for path in (golden / "faceset").glob("*.jpg"):
        shutil.copyfile(path, folder / path.name)
    return folder


def read(path):
    return read_aligned(path.read_bytes(), path.name)


def full_masks(crops):
    return [np.full((crop.size, crop.size), 255, np.uint8) for crop in crops]


def test_polygons_and_masks_of_xseg_become_labels(aligned, tmp_path):
    import_faces(aligned, tmp_path / "set", Silent(), masker=full_masks)
    faces = [read(aligned / f"0000{number}_0.jpg") for number in (1, 2, 3)]
    with Faceset(tmp_path / "set") as index:
        rows, labels = list(index.all_rows()), index.labels()
        assert [row.name in labels for row in rows] == [bool(face.polygons) or face.mask is not None for face in faces]
        assert any(face.polygons for face in faces)
        for row, face in zip(rows, faces, strict=True):
            if row.name not in labels:
                continue
            drawn = labels[row.name].drawn_on(row.frame_to_crop, row.size)
            if face.polygons:
                np.testing.assert_array_equal(drawn, draw_polygons(face.polygons, face.size))
                for ours, theirs in zip(labels[row.name].polygons, face.polygons, strict=True):
                    np.testing.assert_array_equal(ours.points, theirs.points)
                    assert ours.is_included == theirs.is_included
            else:
                side = face.mask.shape[0]
                at_its_size = labels[row.name].drawn_on(row.frame_to_crop * (side / row.size), side)
                np.testing.assert_array_equal(at_its_size, np.where(face.mask >= 0.5, 255, 0))


def test_polygons_go_out_as_they_came(aligned, tmp_path):
    import_faces(aligned, tmp_path / "set", Silent(), masker=full_masks)
    with Faceset(tmp_path / "set") as index:
        export_dfl(index, tmp_path / "out", Silent())
        export_dfl(index, tmp_path / "full", Silent(), face_type=FaceType.FULL)
    compared = 0
    for path in sorted(aligned.glob("*.jpg")):
        before, after, cut = (read(folder / path.name) for folder in (aligned, tmp_path / "out", tmp_path / "full"))
        assert len(after.polygons) == len(before.polygons) == len(cut.polygons)
        for one, other, moved in zip(before.polygons, after.polygons, cut.polygons, strict=True):
            compared += 1
            np.testing.assert_array_equal(one.points, other.points)
            assert one.is_included == other.is_included == moved.is_included
            way = compose(invert(before.frame_to_crop), cut.frame_to_crop)
            np.testing.assert_allclose(moved.points, transform_points(way, one.points), atol=1e-2)
    assert compared


def test_where_there_are_polygons_the_mask_of_xseg_is_no_label(aligned, tmp_path):
    face = read(aligned / "00001_0.jpg")
    square = Polygon(np.array([[10, 10], [90, 10], [90, 90], [10, 90]], np.float32), is_included=True)
    values = {name: getattr(face, name) for name in AlignedFace.__dataclass_fields__}
    both = AlignedFace(**values | {"polygons": (square,), "mask": np.ones((64, 64), np.float32)})
    path = aligned / "00001_0.jpg"
    path.write_bytes(with_metadata(path.read_bytes(), both, path.name))
    import_faces(aligned, tmp_path / "set", Silent(), masker=full_masks)
    with Faceset(tmp_path / "set") as index:
        label = next(iter(index.labels().values()))
    assert isinstance(label, FaceLabel)
    assert len(label.polygons) == 1
    assert label.mask == b""
