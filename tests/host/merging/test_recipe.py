"""Is of a merged clip made anew what faces changed, and nothing else?"""

from __future__ import annotations

import json
import sqlite3

import numpy as np
import pytest

from understudy.correcting import export_faces, import_faces
from understudy.faceset import Faceset, PendingMasks
from understudy.phases import run
from understudy.pictures import encode_png
from understudy.predicting.predicting import Answerer
from understudy.progress import Silent

PLAIN = ("swaps.0.steadiness=0", "swaps.0.steady_colors=0")  # a frame needs no answers but its own


@pytest.fixture
def made(project, tmp_path, monkeypatch):
    """Give a function that merges and returns which frames the model was asked for, and which chunks are new."""
    asked, whole = [], Answerer.answers

    def answers(self, batch, faces):
        asked.append(batch[0].index)
        return whole(self, batch, faces)

    monkeypatch.setattr(Answerer, "answers", answers)

    def make(*changes):
        asked.clear()
        paths = tmp_path.glob("p.work/merge/*/chunk-*.video")
        before = {path: path.stat().st_mtime_ns for path in paths}
        run(project(None, *(changes or PLAIN)), progress=Silent())
        now = {path: path.stat().st_mtime_ns for path in tmp_path.glob("p.work/merge/*/chunk-*.video")}
        assert len(now) == 5, "chunks of faces as they were are deleted"
        return asked, sorted(int(path.name[6:14]) for path in now if now[path] != before.get(path))

    assert make() == ([0, 4, 8, 12, 16, 20, 24, 28, 32], [0, 8, 16, 24, 32])
    return make


def faceset(folder):
    (index,) = folder.glob("p.work/extract/blue-*/index.sqlite")
    return index.parent


def change(folder, statement, *values):
    with sqlite3.connect(faceset(folder) / "index.sqlite") as database:
        database.execute(statement, values)
    database.close()


def mask_anew(folder, frame):
    """Give a frame's face a mask that takes all of its crop."""
    with Faceset(faceset(folder), writable=True) as index:
        (clip,) = index.clips()
        (row,) = index.rows(clip.fingerprint, frame, frame + 1)
        pending = PendingMasks(folder / "masks", "somebody")
        pending.add([(row.name, encode_png(np.full((64, 64), 255, np.uint8)), 1.0, 1.0)])
        assert index.take_masks(pending) == 1


def test_nothing_is_made_twice(made):
    assert made() == ([], [])


def test_a_chunk_whose_masks_changed_is_merged_anew_and_no_model_is_asked(made, tmp_path):
    mask_anew(tmp_path, 16)
    assert made() == ([], [16])
    assert made() == ([], [])


def test_where_colours_are_steadied_masks_count_for_the_chunks_around_too(made, project, tmp_path):
    steadied = ("swaps.0.steadiness=0", "swaps.0.steady_colors=0.5")
    for path in tmp_path.glob("p.work/merge/*/*"):
        path.unlink()
    run(project(None, *steadied), progress=Silent())
    mask_anew(tmp_path, 16)
    assert made(*steadied) == ([], [8, 16])


def test_a_mesh_that_changed_alone_is_swapped_and_merged_anew(made, tmp_path):
    mesh = np.ones((468, 3), "<f4").tobytes()
    change(tmp_path, "update face set mesh = ? where frame = 20", mesh)
    assert made() == ([12, 16, 20], [16])


def test_landmarks_by_hand_are_swapped_and_merged_anew_where_they_are(made, project, tmp_path):
    path = tmp_path / "faces.json"
    export_faces(project(), "blue", path, frames=[20])
    content = json.loads(path.read_text())
    (face,) = content["clips"][0]["frames"]["20"]
    face["landmarks"] = [[x + 1.5, y] for x, y in face["landmarks"]]
    path.write_text(json.dumps(content))
    assert import_faces(project(), "blue", path).corrected == 1
    assert made() == ([12, 16, 20], [16])
