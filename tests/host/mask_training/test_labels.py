"""Do polygons come into a faceset and out of it as they were drawn, and do they stay with their faces?"""

import json
import sqlite3
from dataclasses import replace

import numpy as np
import pytest

from understudy.errors import RequestError
from understudy.faceset import Faceset
from understudy.facesets.uniting import unite
from understudy.labels import TakenLabels, export_labels, import_labels
from understudy.progress import Silent
from understudy_sdk import Face, FaceType, ForeignFileError
from understudy_sdk.geometry import frame_to_crop, transform_points

from .conftest import SIDE, bright_part, drawn, landmarks_of

TRIANGLE = [[10, 10], [50.5, 12], [30, 60]]


@pytest.fixture
def names(make_set):
    """Give a faceset without labels, and the names of its pictures."""
    folder = make_set(labelled=0)
    with Faceset(folder) as index:
        return folder, [row.name for row in index.all_rows()]


def plain(*faces):
    return {"understudy_polygons": 1, "faces": list(faces)}


def face(name, points=TRIANGLE, kind="include", size=(SIDE, SIDE)):
    return {"picture": name, "size": list(size), "polygons": [{"kind": kind, "points": points}]}


def bring(folder, content, path):
    path.write_text(json.dumps(content))
    with Faceset(folder, writable=True) as index:
        return import_labels(index, path)


def labels_of(folder):
    with Faceset(folder) as index:
        return index.labels()


def test_what_goes_in_comes_out(names, tmp_path):
    folder, (first, second, *_) = names
    content = plain(face(first), face(second, [[1, 2], [3, 4], [5, 7]], "exclude"))
    assert bring(folder, content, tmp_path / "in.json") == TakenLabels(2, 2, 0)
    with Faceset(folder) as index:
        assert export_labels(index, tmp_path / "out.json") == 2
    assert json.loads((tmp_path / "out.json").read_text()) == content


def test_polygons_drawn_at_another_size_are_brought_to_the_pictures(names, tmp_path):
    folder, (first, *_) = names
    bring(folder, plain(face(first, [[0, 0], [256, 0], [256, 128]], size=(256, 256))), tmp_path / "in.json")
    (part,) = labels_of(folder)[first].polygons
    np.testing.assert_array_equal(part.points, [[0, 0], [64, 0], [64, 32]])


def test_a_picture_without_polygons_loses_its_label(make_set, tmp_path):
    folder = make_set(labelled=2)
    first, second = labels_of(folder)
    empty = {"picture": first, "size": [SIDE, SIDE], "polygons": []}
    assert bring(folder, plain(empty), tmp_path / "in.json") == TakenLabels(0, 0, 1)
    assert list(labels_of(folder)) == [second]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda name: face("001-set_000.png"), RequestError, r"does not have: 001-set_000\.png\. Did you mean"),
        (lambda name: face(name, [[1, 1], [5, 65], [9, 9]]), ForeignFileError, r"point 2 at 5, 65 lies outside"),
        (lambda name: face(name, size=(64, 48), points=[[1, 1], [2, 2], [3, 1]]), ForeignFileError, "faces are square"),
        (lambda name: face(name, [[1, 1], [2, 2]]), ForeignFileError, "has 2 points"),
    ],
    ids=["unknown", "outside", "not square", "no polygon"],
)
def test_one_wrong_face_and_nothing_is_taken(names, tmp_path, change, error, words):
    folder, (first, second, *_) = names
    with pytest.raises(error, match=words):
        bring(folder, plain(face(first), change(second)), tmp_path / "in.json")
    assert labels_of(folder) == {}


def labelme(name, shapes, size=(SIDE, SIDE)):
    return {"version": "5.4.1", "imagePath": name, "imageWidth": size[0], "imageHeight": size[1], "shapes": shapes}


def test_a_folder_of_labelme_is_read(names, tmp_path):
    folder, (first, second, *_) = names
    include = {"label": "include", "points": TRIANGLE, "shape_type": "polygon"}
    exclude = {"label": "Exclude", "points": [[5, 6], [64.5, 30]], "shape_type": "rectangle"}
    (tmp_path / "drawn").mkdir()
    (tmp_path / "drawn" / "one.json").write_text(json.dumps(labelme(f"..\\faces\\{first}", [include, exclude])))
    (tmp_path / "drawn" / "two.json").write_text(json.dumps(labelme(f"../faces/{second}", [])))
    with Faceset(folder, writable=True) as index:
        assert import_labels(index, tmp_path / "drawn") == TakenLabels(1, 2, 0)
        one, two = index.labels()[first].polygons
    np.testing.assert_array_equal(one.points, np.array(TRIANGLE, np.float32))
    assert (one.is_included, two.is_included) == (True, False)
    np.testing.assert_array_equal(two.points, [[5, 6], [64, 6], [64, 30], [5, 30]])


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ({"label": "nose", "points": TRIANGLE}, "labelled 'nose', but must be labelled include or exclude"),
        ({"label": "include", "points": TRIANGLE, "shape_type": "circle"}, "is a 'circle'"),
        ({"label": "include", "points": [[1, 1], [2, 70], [3, 3]]}, "shape 1 at 2, 70 lies outside the picture"),
        ({"label": "include", "points": [[1, 1], [2, None], [3, 3]]}, "points must be pairs of numbers"),
        ({"label": "include", "points": [[1, 1], [2, 2]]}, "has 2 points"),
    ],
)
def test_what_labelme_cannot_mean_is_refused(names, tmp_path, shape, words):
    folder, (first, *_) = names
    with pytest.raises(ForeignFileError, match=words):
        bring(folder, labelme(first, [shape]), tmp_path / "in.json")


def test_a_place_without_polygons_is_said(names, tmp_path):
    folder, _ = names
    with Faceset(folder, writable=True) as index:
        with pytest.raises(RequestError, match="neither a file nor a folder"):
            import_labels(index, tmp_path / "nowhere.json")
        (tmp_path / "empty").mkdir()
        with pytest.raises(RequestError, match="names no picture"):
            import_labels(index, tmp_path / "empty")
        with pytest.raises(RequestError, match="has polygons"):
            export_labels(index, tmp_path / "out.json")
        (tmp_path / "in.json").write_text("{")
        with pytest.raises(ForeignFileError, match="it is no JSON"):
            import_labels(index, tmp_path / "in.json")


def test_labels_stay_in_their_place_in_the_frame_when_faces_are_cut_anew(make_set):
    folder = make_set(frames=3, labelled=3)
    turned = drawn(0, turn=0.2)
    moved = replace(drawn(1), face=Face(np.array([200, 50, 300, 150], np.float32), 0.9, landmarks=landmarks_of()))
    with Faceset(folder, writable=True) as index:
        before = list(index.labels())
        index.add_chunk(1, (0, 100), [turned, moved], (FaceType.WHOLE_FACE, SIDE, ".png"))
        (row, _), labels = index.all_rows(), index.labels()
        assert list(labels) == before[:1], "the second is another face, the third is gone"
        (part,) = labels[before[0]].polygons_on(row.frame_to_crop)
    old = frame_to_crop(landmarks_of(0.0), FaceType.WHOLE_FACE, SIDE)
    from understudy_sdk.geometry import invert

    in_frame = transform_points(invert(old), bright_part(0))
    np.testing.assert_allclose(part.points, transform_points(row.frame_to_crop, in_frame), atol=1e-3)


def test_labels_come_along_when_facesets_are_united(make_set, tmp_path):
    unite([make_set("one", labelled=2), make_set("two", frames=3, labelled=1)], tmp_path / "both", Silent())
    labels = labels_of(tmp_path / "both")
    assert len(labels) == 3
    np.testing.assert_array_equal(next(iter(labels.values())).polygons[0].points, bright_part(0))


def test_a_faceset_from_before_there_were_labels_still_opens(make_set):
    folder = make_set(frames=2, labelled=1)
    database = sqlite3.connect(folder / "index.sqlite")
    database.execute("drop table label")
    database.commit()
    database.close()
    with Faceset(folder) as index:
        assert index.labels() == {}
        assert index.label("any") is None
        assert len(list(index.all_rows())) == 2
    with Faceset(folder, writable=True) as index:
        assert index.clear_labels() == 0
