"""Is only that searched and cut which has to be, and do people's corrections win and last?"""

import json
import sqlite3

import numpy as np
import pytest

from understudy.correcting import clear_corrections, export_faces, frames_of, import_faces, search_again
from understudy.errors import ProjectError, RequestError, StoreError
from understudy.extraction import faceset_artifact, findings_artifact
from understudy.faceset import Faceset, Origin
from understudy.phases import clean, clean_plan, run, status
from understudy.plugins import discover
from understudy.progress import Silent
from understudy.project import load_project
from understudy.store import WorkFolder
from understudy_sdk import MissingWeightsError

PROJECT = """
understudy: 1
device: cpu
facesets:
  blue: {clips: [blue.mkv]}
extract:
  detector: {use: square}
  aligner: {use: square}
  masker: {use: hull}
  crop_size: 64
  steadiness: 0.5
"""


class Listener(Silent):
    """Keeps what was worked on: the step, the frames already done, and how many were added."""

    def __init__(self):
        self.steps, self.lines = [], []

    def start(self, phase, total, unit, *, done=0, device=""):
        self.steps.append([phase.rpartition(": ")[2], done, 0])

    def advance(self, count=1, note=""):
        self.steps[-1][2] += count

    def say(self, text):
        self.lines.append(text)


@pytest.fixture
def registry(square_plugin, monkeypatch):
    monkeypatch.syspath_prepend(str(square_plugin))
    return discover()


@pytest.fixture
def project(tmp_path, drawn_clip, registry):
    """Give a function that loads a project of 150 frames, three chunks; without a face in 70 and 100 to 109."""
    drawn_clip(tmp_path / "blue.mkv", frames=150, hue=2, codec="ffv1", options={}, without_face=(70, *range(100, 110)))
    path = tmp_path / "p.yaml"
    path.write_text(PROJECT)
    return lambda *overrides: load_project(path, registry, overrides)


def extract(project) -> Listener:
    listener = Listener()
    run(project, phases=("extract",), progress=listener)
    return listener


def rows_of(project, name="blue"):
    with Faceset(faceset_artifact(WorkFolder(project.work), project.facesets[name]).folder) as index:
        return {row.frame: row for row in index.all_rows()}


def edit(path, change):
    value = json.loads(path.read_text())
    change(value["clips"][0]["frames"])
    path.write_text(json.dumps(value))


def test_faces_are_found_settled_and_cut(project):
    loaded = project()
    listener = extract(loaded)
    assert listener.steps == [["find", 0, 150], ["cut", 0, 150]]
    rows = rows_of(loaded)
    assert sorted(set(range(150)) - set(rows)) == list(range(100, 110))  # the long gap stays
    assert rows[70].origin is Origin.FILLED
    assert {row.origin for frame, row in rows.items() if frame != 70} == {Origin.FOUND}
    assert rows[70].face.score == 0
    between = (rows[69].landmarks + rows[71].landmarks) / 2
    assert np.abs(rows[70].landmarks - between).max() < 2
    assert len({rows[frame].track for frame in range(66, 76)}) == 1
    assert extract(loaded).steps == []
    assert [row.state for row in status(loaded)] == ["done"]


def test_other_crops_are_cut_without_searching_again(project):
    extract(project())
    for override in ("extract.crop_size=96", "extract.masker.with.brow_expansion=0.5", "extract.steadiness=0"):
        assert extract(project(override)).steps == [["cut", 0, 150]]
    assert [step for step, _, _ in extract(project("extract.detector.with.level=61")).steps] == ["find", "cut"]


@pytest.mark.parametrize(("form", "suffix"), [("jpeg", ".jpg"), ("webp", ".webp"), ("png", ".png")])
def test_crops_are_stored_in_the_form_that_was_chosen(project, form, suffix):
    loaded = project(f"extract.crop_format={form}", "extract.crop_quality=90")
    extract(loaded)
    plain = project("extract.crop_format=png")
    extract(plain)
    with Faceset(faceset_artifact(WorkFolder(loaded.work), loaded.facesets["blue"]).folder) as index:
        row = next(index.all_rows())
        assert row.name.endswith(suffix)
        picture = index.picture(row).astype(float)
    with Faceset(faceset_artifact(WorkFolder(plain.work), plain.facesets["blue"]).folder) as index:
        exact = index.picture(next(index.all_rows())).astype(float)
    error = np.abs(picture - exact).mean()
    assert error == 0 if form == "png" else 0 < error < 12


def test_what_is_exported_and_taken_back_changes_nothing(project, tmp_path):
    loaded = project()
    extract(loaded)
    file = tmp_path / "faces.json"
    assert export_faces(loaded, "blue", file) == 150
    taken = import_faces(loaded, "blue", file)
    assert (taken.corrected, taken.unchanged, taken.undone) == (0, 150, 0)
    assert extract(loaded).steps == []
    export_faces(loaded, "blue", tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == file.read_bytes()


def test_landmarks_by_hand_win_to_the_bit_and_only_their_chunk_is_cut_again(project, tmp_path):
    loaded = project()
    extract(loaded)
    before = rows_of(loaded)
    file = tmp_path / "faces.json"
    export_faces(loaded, "blue", file, [20])
    moved = np.round(np.add(before[20].found_landmarks, (3, -2)), 2).astype(np.float32)

    def move(frames):
        assert list(frames) == ["20"]
        frames["20"][0]["landmarks"] = moved.astype(float).tolist()

    edit(file, move)
    assert import_faces(loaded, "blue", file).corrected == 1
    (state,) = status(loaded)
    assert (state.state, state.done) == ("partial", 150 - 64)
    assert extract(loaded).steps == [["cut", 86, 64]]
    after = rows_of(loaded)
    assert after[20].origin is Origin.HAND
    np.testing.assert_array_equal(after[20].landmarks, moved)
    np.testing.assert_array_equal(after[100 + 10].landmarks, before[110].landmarks)
    assert import_faces(loaded, "blue", file).unchanged == 1
    export_faces(loaded, "blue", tmp_path / "again.json", [20])
    assert import_faces(loaded, "blue", tmp_path / "again.json").unchanged == 1


def test_corrections_outlive_another_search_and_clean(project, tmp_path):
    loaded = project()
    extract(loaded)
    file = tmp_path / "faces.json"
    export_faces(loaded, "blue", file, [20, 30])
    moved = rows_of(loaded)[20].found_landmarks + np.float32(5)

    def change(frames):
        frames["20"][0]["landmarks"] = moved.astype(float).tolist()
        frames["30"] = []

    edit(file, change)
    import_faces(loaded, "blue", file)
    other = project("extract.detector.with.level=61")
    extract(other)
    clean(other, clean_plan(other))
    rows = rows_of(other)
    np.testing.assert_array_equal(rows[20].landmarks, moved)
    assert 30 not in rows  # nor is it filled: a person said that nobody is there
    assert clear_corrections(other, "blue", [30]) == 1
    extract(other)
    assert 30 in rows_of(other)
    assert clear_corrections(other, "blue") == 1
    extract(other)
    assert rows_of(other)[20].origin is Origin.FOUND


def test_a_box_by_hand_is_aligned(project, tmp_path):
    loaded = project()
    extract(loaded)
    file = tmp_path / "faces.json"
    export_faces(loaded, "blue", file, [104])
    edit(file, lambda frames: frames.update({"104": [{"box": [10, 12, 50, 52]}]}))
    assert import_faces(loaded, "blue", file).corrected == 1
    extract(loaded)
    row = rows_of(loaded)[104]
    assert row.origin is Origin.HAND
    np.testing.assert_array_equal(row.face.box, [10, 12, 50, 52])
    assert 10 < row.landmarks[:, 0].mean() < 50


def test_single_frames_are_searched_again_with_other_settings(project):
    blind = project("extract.detector.with.level=254")
    with pytest.raises(Exception, match="no face was found"):
        extract(blind)
    loaded = project()
    extract(loaded)
    assert search_again(project("extract.detector.with.level=254"), "blue", [5, 6], Silent()) == 0
    assert extract(loaded).steps == [["cut", 86, 64]]
    assert {5, 6}.isdisjoint(rows_of(loaded))
    assert search_again(loaded, "blue", [5], Silent()) == 1
    extract(loaded)
    assert rows_of(loaded)[5].origin is Origin.FOUND
    with pytest.raises(RequestError, match="has a frame 999"):
        search_again(loaded, "blue", [999], Silent())


def test_a_file_that_speaks_of_other_clips_or_frames_is_refused(project, tmp_path):
    loaded = project()
    extract(loaded)
    file = tmp_path / "faces.json"
    export_faces(loaded, "blue", file, [3])
    good = file.read_text()
    edit(file, lambda frames: frames.update({"150": []}))
    with pytest.raises(RequestError, match=r"blue\.mkv: frame 150 of 150"):
        import_faces(loaded, "blue", file)
    key = json.loads(good)["clips"][0]["fingerprint"]
    file.write_text(good.replace(key, "ab" * 32))
    with pytest.raises(RequestError, match=r"is none of its clips: blue\.mkv"):
        import_faces(loaded, "blue", file)
    assert not loaded.facesets["blue"].corrections.exists()
    with pytest.raises(RequestError, match="no faceset 'green'"):
        import_faces(loaded, "green", file)


@pytest.mark.parametrize(("text", "frames"), [("5", [5]), ("3,1-2", [1, 2, 3]), (" 7 - 8 , 8", [7, 8])])
def test_frames_are_named_by_numbers_and_spans(text, frames):
    assert frames_of(text) == frames


@pytest.mark.parametrize("text", ["", "a", "3-1", "1;2", "-4"])
def test_what_names_no_frames_is_refused(text):
    with pytest.raises(RequestError, match="names no frames"):
        frames_of(text)


def test_an_aligner_that_does_not_follow_needs_the_detector_on_every_frame(project):
    assert project().facesets["blue"].extract.detect_every == 1
    with pytest.raises(ProjectError, match="does not follow faces"):
        project("extract.detect_every=5")
    with pytest.raises(ProjectError, match="gives no dense mesh"):
        project("extract.face_type=mesh")


def test_the_findings_of_other_settings_are_freed(project):
    extract(project())
    changed = project("extract.detector.with.level=61")
    extract(changed)
    plan = clean_plan(changed)
    assert sorted(garbage.path.parent.name for garbage in plan) == ["extract", "find"]
    clean(changed, plan)
    assert findings_artifact(WorkFolder(changed.work), changed.facesets["blue"]).folder.is_dir()
    assert extract(changed).steps == []


def test_progress_counts_what_a_killed_run_left_and_a_correction_touches(project, tmp_path):
    loaded = project()
    extract(loaded)
    artifact = faceset_artifact(WorkFolder(loaded.work), loaded.facesets["blue"])
    file = tmp_path / "faces.json"
    export_faces(loaded, "blue", file, [20])
    edit(file, lambda frames: frames.update({"20": []}))
    import_faces(loaded, "blue", file)
    with sqlite3.connect(artifact.folder / "index.sqlite") as database:
        database.execute("delete from chunk where first = 0")
    database.close()
    assert [(row.state, row.done) for row in status(loaded)] == [("partial", 150 - 64)]


def test_clips_come_and_go_and_no_two_tracks_have_one_number(project, tmp_path, drawn_clip):
    path, text = tmp_path / "p.yaml", PROJECT
    for name, hue in (("one.mkv", 3), ("two.mkv", 4)):
        drawn_clip(tmp_path / name, frames=12, hue=hue, codec="ffv1", options={})

    def with_clips(*names):
        path.write_text(text.replace("blue.mkv", ", ".join(names)))
        return project()

    extract(with_clips("blue.mkv", "one.mkv"))
    loaded = with_clips("one.mkv")
    assert [row.state for row in status(loaded)] == ["done"]
    assert extract(loaded).steps == []
    loaded = with_clips("one.mkv", "two.mkv")
    assert extract(loaded).steps == [["find", 12, 12], ["cut", 12, 12]]
    with Faceset(faceset_artifact(WorkFolder(loaded.work), loaded.facesets["blue"]).folder) as index:
        tracks = {row.track: (row.clip_name, row.faces) for row in index.tracks()}
    assert list(tracks) == list(range(len(tracks)))
    assert (tracks.pop(0), tracks.pop(1)) == (("one.mkv", 12), ("two.mkv", 12))
    assert {name for name, _ in tracks.values()} == {"blue.mkv"}
    assert sum(faces for _, faces in tracks.values()) == 140


def test_an_index_that_is_damaged_is_named(project):
    loaded = project()
    extract(loaded)
    path = faceset_artifact(WorkFolder(loaded.work), loaded.facesets["blue"]).folder / "index.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("drop table chunk")
    database.close()
    for ask in (status, extract):
        with pytest.raises(StoreError, match=r"index\.sqlite is damaged: no such table"):
            ask(loaded)


def test_a_damaged_file_of_corrections_is_named(project):
    loaded = project()
    extract(loaded)
    path = loaded.facesets["blue"].corrections
    path.parent.mkdir()
    path.write_text("{")
    for ask in (status, extract):
        with pytest.raises(RequestError, match=r"blue\.json is no file of faces"):
            ask(loaded)


def test_one_clip_alone_can_be_meant(project, tmp_path):
    loaded = project()
    extract(loaded)
    assert export_faces(loaded, "blue", tmp_path / "faces.json", [3], "blue.mkv") == 1
    with pytest.raises(RequestError, match=r"no clip 'red\.mkv'"):
        export_faces(loaded, "blue", tmp_path / "faces.json", [3], "red.mkv")
    assert search_again(loaded, "blue", [3], Silent(), "blue.mkv") == 1
    assert clear_corrections(loaded, "blue", clip="red.mkv") == 0
    assert clear_corrections(loaded, "blue", clip="blue.mkv") == 1


def test_what_a_recognizer_lacks_shows_before_any_work(project, tmp_path, monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_CACHE", str(tmp_path / "empty"))
    monkeypatch.delenv("UNDERSTUDY_WEIGHTS", raising=False)
    loaded, listener = project("extract.recognizer={use: sface}"), Listener()
    with pytest.raises(MissingWeightsError, match="sface"):
        run(loaded, phases=("extract",), progress=listener)
    assert listener.steps == []
