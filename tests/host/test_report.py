"""Does the report hold every figure on one page that needs nothing else, whatever the names and however many tracks?"""

import json
import re
import sys
import tracemalloc
from fractions import Fraction
from html.parser import HTMLParser

import numpy as np
import pytest

from understudy.cli import main
from understudy.errors import RequestError
from understudy.faceset import NO_TRACK, Faceset, FoundFace, Look, Origin
from understudy.pictures import decode_picture, encode_png, write_picture
from understudy.plugins import discover
from understudy.progress import Silent
from understudy.project import load_project
from understudy.report import contact_sheet, gather, write_report
from understudy.report.sections import MOST_TRACKS
from understudy.steadiness import track_figures
from understudy_sdk import Face, FaceType
from understudy_sdk.landmarks import TEMPLATE

HOSTILE = '<script>alert("1")</script>&\'.mp4'
VOID = {"meta", "img", "br", "link", "input", "hr"}

JAW = [(0.5 - 0.6 * np.cos(angle), 0.2 + 0.9 * np.sin(angle)) for angle in np.linspace(0, np.pi, 17)]
MEAN_FACE = np.concatenate([JAW, TEMPLATE]) * 80
MASK = encode_png(np.full((4, 4), 255, np.uint8))
PICTURES = [encode_png(np.full((16, 16, 3), 40 + 20 * shade, np.uint8)) for shade in range(8)]


def drawn_face(frame, track, *, number=0, origin=Origin.FOUND, x=0.0, seed=0):
    """Give a face at ``x`` whose found landmarks tremble four times as much as its steadied ones."""
    random = np.random.default_rng([frame, track + 1, seed])
    noise = random.normal(0, 1, (68, 2))
    found, steadied = ((MEAN_FACE + (x, 50) + noise * size).astype(np.float32) for size in (0.8, 0.2))
    box = np.array([x, 40, x + 90, 140], np.float32)
    return FoundFace(
        frame=frame, pts=frame * 2, number=number,
        face=Face(box, 0.0 if origin is Origin.FILLED else 0.9, landmarks=steadied),
        frame_to_crop=np.eye(2, 3), picture=PICTURES[track % len(PICTURES)], mask=MASK, found_landmarks=found,
        origin=origin, track=track, look=Look(-5.0, 10.0 * np.sin(frame / 9), 1.0, 60.0 + frame % 7, 100.0),
    )  # fmt: skip


def make_faceset(folder, faces, *, frames, clip=HOSTILE, people=None, lost=()):
    """Give a faceset of one clip at 25 frames a second, all of it extracted."""
    with Faceset(folder, writable=True) as index:
        number = index.register_clip("f" * 64, clip, Fraction(1, 50), frames, (640, 360))
        index.add_chunk(number, (0, frames), faces, (FaceType.FULL, 16, ".png"), undecodable=lost)
        index.set_people({track: (name, np.ones(3, np.float32)) for track, name in (people or {}).items()})


@pytest.fixture
def two_tracks(tmp_path):
    """Give a folder of faces: track 0 with a filled frame and a gap, track 1 that lies on it in two frames."""
    faces = [
        drawn_face(frame, 0, origin=Origin.FILLED if frame == 20 else Origin.FOLLOWED if frame % 5 else Origin.FOUND)
        for frame in range(10, 60)
        if frame not in {40, 41}
    ]
    faces += [drawn_face(frame, 1, number=1, x=5.0 if frame < 32 else 300.0) for frame in range(30, 50)]
    faces.append(drawn_face(70, NO_TRACK))
    faces.sort(key=lambda face: (face.frame, face.number))
    people = {0: "<b>Anna & co</b>", 1: "ben"}
    make_faceset(tmp_path / "ready", faces, frames=80, people=people, lost=[75])
    with Faceset(tmp_path / "ready", writable=True) as index:
        index.mark([index.notes(["f" * 64])[3].name], "blurry <i>")
    return tmp_path / "ready"


@pytest.fixture
def project(tmp_path):
    """Give a project whose only faceset is the finished one in ``ready``."""
    path = tmp_path / "cast.yaml"
    path.write_text(
        "understudy: 1\nname: 'a <i>name</i>'\nfacesets:\n  scene: {faces: ready}\n"
        "extract: {detector: {use: mediapipe}, aligner: {use: mediapipe}, masker: {use: hull}}\n"
        "consent: {basis: synthetic, statement: 'drawn <u>faces</u>'}\nswaps: []\noutput: {path: out.mp4}\n"
    )
    return lambda: load_project(path, discover())


class Page(HTMLParser):
    """Reads a page: fails where tags are not closed in order; keeps elements, texts and references."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.references, self.texts = [], [], set(), [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name == "id":
                assert value not in self.ids, f"two elements are called {value}"
                self.ids.add(value)
            if name in {"href", "src", "xlink:href", "action", "data", "srcset", "poster"}:
                self.references.append(value)
            assert not name.startswith("on"), f"{tag} has {name}"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def report_text(project):
    return write_report(project, Silent()).read_text(encoding="utf-8")


def test_the_page_is_whole_and_needs_nothing_else(two_tracks, project):
    text = report_text(project())
    page = Page(text)
    assert len(page.references) > 20
    for reference in page.references:
        assert reference.startswith(("#", "data:image/jpeg;base64,")), reference[:80]
    assert {reference[1:] for reference in page.references if reference.startswith("#")} <= page.ids
    assert not re.search(r"https?:|url\(|@import|//[a-z]", text)
    assert not {"script", "iframe", "object", "link", "base", "form"} & {*page.tags}


def test_hostile_names_stay_text(two_tracks, project):
    text = report_text(project())
    page = Page(text)
    for name in (HOSTILE, "<b>Anna & co</b>", "a <i>name</i>", "drawn <u>faces</u>", "blurry <i>"):
        assert any(name in part for part in page.texts), name
    assert not {"i", "u", "script"} & {*page.tags}


def test_the_page_states_the_figures_of_its_tracks(two_tracks, project):
    with Faceset(two_tracks) as index:
        clip = index.clips()[0]
        rows = index.rows(clip.fingerprint)
        expected = {track: track_figures(index.track_rows(track), clip, rows) for track in (0, 1)}
    reported = {one.track: one for one in gather(project(), Silent()).facesets[0].clips[0].tracks}
    assert reported == expected
    assert (expected[0].double, expected[0].missing, expected[0].origins["filled"]) == (2, 2, 1)
    text = report_text(project())
    for figures in expected.values():
        section = text[text.index(f'id="faceset-scene-track-{figures.track}"') :].partition("</section>")[0]
        for jitter in (figures.found, figures.steadied):
            for key in ("within_px", "whole_px", "within_256_px", "whole_256_px", "still_256_px"):
                assert f">{getattr(jitter, key):.3f}<" in section
        assert f"{figures.missing} frames missing between, {figures.double} double" in section
        assert f"frames {figures.first} to {figures.last}, 00:00:{figures.first_s:06.3f}" in section


def test_the_clip_s_frames_are_accounted_for(two_tracks, project):
    report = gather(project(), Silent())
    (clip,) = report.facesets[0].clips
    assert clip.without_face == ((0, 9), (60, 69), (71, 74), (76, 79))
    assert clip.undecodable == ((75, 75),)
    assert clip.several == 18
    assert (clip.done, clip.frames, clip.faces, clip.untracked, clip.set_aside) == (80, 80, 69, 1, 1)
    assert clip.origins == {"found": 29, "followed": 39, "filled": 1, "hand": 0, "imported": 0}
    assert [(person.name, person.tracks, person.faces) for person in report.facesets[0].people] == [
        ("<b>Anna & co</b>", (0,), 48),
        ("ben", (1,), 20),
    ]
    assert report.facesets[0].people[0].shown_s == pytest.approx(48 / 25)
    assert json.loads(json.dumps(report.to_json()))["facesets"][0]["clips"][0]["tracks"][0]["missing"] == 2


def test_sheets_lie_beside_the_page(two_tracks, project, tmp_path):
    path = write_report(project(), Silent(), tmp_path / "elsewhere" / "page.html")
    assert path == tmp_path / "elsewhere" / "page.html"
    assert Page(path.read_text(encoding="utf-8")).tags
    sheets = sorted((project().work / "report" / "sheets").iterdir())
    assert len(sheets) == 3
    assert all(decode_picture(sheet.read_bytes(), sheet.name).shape[1] == 1024 for sheet in sheets)


def test_hundreds_of_tracks_stay_readable_and_small(tmp_path, project):
    length, tracks = 6, 300
    faces = [
        drawn_face(track * length + frame, track) for track in range(tracks) for frame in range(length - (track % 2))
    ]
    make_faceset(tmp_path / "ready", faces, frames=tracks * length)
    loaded = project()
    tracemalloc.start()
    text = report_text(loaded)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    page = Page(text)
    assert sum(name.startswith("faceset-scene-track-") for name in page.ids) == MOST_TRACKS
    assert text.count('alt="track ') == tracks  # every track has its row
    assert len(text) < 4_000_000
    assert most < 60_000_000


def test_memory_does_not_grow_with_the_faces_of_other_tracks(tmp_path, project):
    """Twelve times the tracks, of the same length, may not take twelve times the memory."""

    def peak(tracks):
        folder = tmp_path / "ready"
        faces = [drawn_face(track * 100 + frame, track) for track in range(tracks) for frame in range(100)]
        make_faceset(folder, faces, frames=tracks * 100, clip=f"{tracks}.mp4")
        del faces
        loaded = project()
        tracemalloc.start()
        gather(loaded, Silent())
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few = peak(2)
    (tmp_path / "ready" / "index.sqlite").unlink()
    assert peak(24) < 3 * few


def test_nothing_extracted_is_said(tmp_path, drawn_clip, project):
    drawn_clip(tmp_path / "clip.mp4", frames=4)
    path = tmp_path / "cast.yaml"
    path.touch()
    project_file = tmp_path / "none.yaml"
    project_file.write_text(
        "understudy: 1\nfacesets:\n  scene: {clips: [clip.mp4]}\n"
        "extract: {detector: {use: mediapipe}, aligner: {use: mediapipe}, masker: {use: hull}}\n"
        "swaps: []\noutput: {path: out.mp4}\n"
    )
    loaded = load_project(project_file, discover())
    with pytest.raises(RequestError, match=r"nothing of none.yaml is extracted yet\n  run the extract phase first"):
        write_report(loaded, Silent())
    assert not (loaded.work / "report").exists()


def test_an_extraction_that_stopped_halfway_is_told(two_tracks, project, monkeypatch):
    monkeypatch.setattr("understudy.report.gathering.faceset_progress", lambda artifact, faceset: (50, 80, 69))
    said = []
    listener = Silent()
    listener.say = said.append
    report = gather(project(), listener)
    assert (report.facesets[0].done, report.facesets[0].total) == (50, 80)
    assert said == ["scene: 50 of 80 frames are extracted; the report is about those"]
    assert "Only 50 of 80 frames are extracted" in report_text(project())


def test_a_training_is_shown_with_its_losses_and_preview(tmp_path, two_tracks, drawn_clip):
    from understudy.learning import swap_artifact
    from understudy.store import WorkFolder

    drawn_clip(tmp_path / "clip.mp4", frames=4)
    path = tmp_path / "trained.yaml"
    path.write_text(
        "understudy: 1\nfacesets:\n  ready: {faces: ready}\n  scene: {clips: [clip.mp4]}\n"
        "extract: {detector: {use: mediapipe}, aligner: {use: mediapipe}, masker: {use: hull}}\n"
        "swaps: [{source: ready, target: scene, model: {use: quick96, iterations: 500}, merger: {use: overlay}}]\n"
        "consent: {basis: synthetic, statement: drawn}\noutput: {path: out.mp4}\n"
    )
    loaded = load_project(path, discover())
    folder = swap_artifact(WorkFolder(loaded.work), loaded.swaps[0]).folder
    folder.mkdir(parents=True)
    losses = [
        json.dumps({"step": step, "source": 4.0 if step < 191 else 2.0, "target": None}) for step in range(1, 201)
    ]
    (folder / "losses.jsonl").write_text("\n".join(losses))
    write_picture(folder / "preview-latest.png", np.full((40, 2400, 3), 90, np.uint8))
    (training,) = gather(loaded, Silent()).trainings
    assert (training.name, training.step, training.iterations) == ("ready on scene", 200, 500)
    assert training.losses == {"source": 2.0}
    text = report_text(loaded)
    page = Page(text)
    assert "training" in page.ids
    assert "Nothing of the faceset scene is extracted yet." in page.texts
    assert 'aria-label="Losses over the steps' in text
    assert 'alt="What the model makes of some faces: ready on scene"' in text


@pytest.fixture
def command(monkeypatch, capsys):
    """Give a runner of the report command: exit code, stdout, stderr."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["understudy", "report", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        return stop.value.code, *capsys.readouterr()

    return run


def test_the_command_prints_the_page_s_path_or_the_figures(two_tracks, project, command, tmp_path):
    loaded = project()
    code, out, _ = command(loaded.path)
    assert (code, out) == (0, f"{loaded.work / 'report' / 'report.html'}\n")
    code, out, _ = command(loaded.path, "--json")
    assert code == 0
    assert json.loads(out) == json.loads(json.dumps(gather(loaded, Silent()).to_json()))
    code, out, err = command(loaded.path, "--json", "--out", tmp_path / "x.html")
    assert (code, out) == (2, "")
    assert "two calls" in err


def test_a_contact_sheet_has_a_tile_for_each_picture():
    sheet = contact_sheet([np.full((16, 16, 3), 200, np.uint8)] * 9, ["one"] * 9, ["a heading"])
    assert sheet.shape == (44 + 2 * (128 + 18), 8 * 128, 3)
    assert (sheet == 200).all(axis=-1).sum() >= 9 * 128 * 128
