"""Is footage that is odd or broken read as it is meant, or refused in words before hours of work?"""

from __future__ import annotations

import dataclasses
import sqlite3
import sys
from fractions import Fraction
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest

from understudy.cli import main
from understudy.errors import MediaError, StageYieldError
from understudy.extraction import Finder, faceset_artifact, findings_artifact
from understudy.extraction.finding import find_clip
from understudy.extraction.findings import Findings
from understudy.faceset import Faceset, Origin
from understudy.phases import run
from understudy.plugins import discover
from understudy.progress import Silent
from understudy.project import load_project
from understudy.store import WorkFolder
from understudy.video import ClipReader, fingerprint, probe

PROJECT = """
understudy: 1
consent: {basis: synthetic, statement: Drawn squares agree to everything}
device: cpu
facesets:
  shown: {clips: [CLIP]}
extract:
  {detector: {use: square}, aligner: {use: square}, masker: {use: hull}, crop_size: 64}
"""
SWAP = """
swaps:
  - {source: shown, target: shown, model: {use: mirror}, merger: {use: overlay}}
output: {path: out.mkv, video: {codec: ffv1, crf: null, preset: null}}
"""


class Listener(Silent):
    """Keeps what is said."""

    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


@pytest.fixture
def registry(square_plugin, monkeypatch):
    monkeypatch.syspath_prepend(str(square_plugin))
    return discover()


@pytest.fixture
def project(tmp_path, registry):
    """Give a function that loads a project of one clip, with or without a swap that puts faces into it."""

    def load(clip, *overrides, swaps=False):
        path = tmp_path / "p.yaml"
        path.write_text(PROJECT.replace("CLIP", clip.name) + (SWAP if swaps else ""))
        return load_project(path, registry, overrides)

    return load


@pytest.fixture
def cli(monkeypatch, capsys):
    """Give a runner of commands: exit code and stderr."""

    def do(*arguments: object):
        monkeypatch.setattr(sys, "argv", ["understudy", *map(str, arguments)])
        try:
            main()
        except SystemExit as stop:
            return SimpleNamespace(code=stop.code or 0, err=capsys.readouterr().err)
        return SimpleNamespace(code=0, err=capsys.readouterr().err)

    return do


def extract(project) -> list[str]:
    listener = Listener()
    run(project, phases=("extract",), progress=listener)
    return listener.lines


def rows_of(project):
    with Faceset(faceset_artifact(WorkFolder(project.work), project.facesets["shown"]).folder) as index:
        return list(index.all_rows())


def scene(x: int, y: int, side: int, size: tuple[int, int]) -> np.ndarray:
    """Draw a bright, patterned square on a dark ground, (H, W, 3) RGB."""
    random = np.random.default_rng(5)
    picture = random.integers(0, 40, (size[1], size[0], 3), dtype=np.uint8)
    pattern = random.integers(160, 255, (8, 8, 3), dtype=np.uint8)
    picture[y : y + side, x : x + side] = cv2.resize(pattern, (side, side), interpolation=cv2.INTER_NEAREST)
    return picture


def place(number: int) -> tuple[int, int]:
    """Where the square's upper left corner lies in a frame; it goes to and fro."""
    away = abs(number % 60 - 30)
    return 10 + 2 * away, 20 + away


def scenes(count: int, size=(160, 120), side=48) -> list[np.ndarray]:
    return [scene(*place(number), side, size) for number in range(count)]


def write(path, pictures, *, rate=25, pts=None, rotation=0, codec="libx264", pixel_format="yuv444p", **options):
    """Write a clip of the given pictures."""
    aspect = options.pop("aspect", None)
    if codec == "libx264":
        options = options or {"preset": "ultrafast", "qp": "6"}
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=rate, options=options)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pixel_format
        time_base = Fraction(1, 1000 if pts else rate)
        stream.time_base = stream.codec_context.time_base = time_base
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(rotation)
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pixel_format)
            frame.pts, frame.time_base = (pts[number] if pts else number), time_base
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def write_pictures(folder, pictures: dict[str, np.ndarray]):
    folder.mkdir()
    for name, picture in pictures.items():
        assert cv2.imwrite(str(folder / name), picture[..., ::-1])
    return folder


class TestFoldersOfPictures:
    def test_faces_are_taken_from_each_by_itself(self, project, tmp_path):
        """Nine pictures of a sequence, of which one is damaged, and three of other sizes and names."""
        numbered = {f"shot{number}.png": picture for number, picture in enumerate(scenes(9), start=3)}
        others = [scene(30, 40, 90, (300, 200)), scene(60, 70, 100, (400, 300)), scene(60, 70, 100, (400, 300))]
        numbered |= zip(("tall.png", "u.png", "v.png"), others, strict=True)
        folder = write_pictures(tmp_path / "many.v2", numbered)
        whole = (folder / "shot7.png").read_bytes()
        (folder / "shot7.png").write_bytes(whole[: len(whole) // 2])
        loaded = project(folder, "extract.steadiness=1", "extract.fill_gaps_s=1")
        assert extract(loaded) == [
            (
                "many.v2 is a folder of pictures: each is looked at by itself, and nothing is steadied\n"
                "  if they are film, state its rate: beside clips: of the faceset"
            ),
            "many.v2: 1 picture could not be read: shot7.png",
        ]
        rows = rows_of(loaded)
        assert [row.frame for row in rows] == [0, 1, 2, 3, *range(5, 12)], "what is damaged is not filled"
        assert {row.origin for row in rows} == {Origin.FOUND}
        for row in rows:
            np.testing.assert_array_equal(row.landmarks, row.found_landmarks)
        tracks = [row.track for row in rows]
        assert tracks == [0] * 4 + [1] * 4 + [2, 3, 4], "nobody goes on past a gap, into another size or another name"
        np.testing.assert_allclose(rows[-1].face.box, (60, 70, 160, 170), atol=2)
        with Faceset(faceset_artifact(WorkFolder(loaded.work), loaded.facesets["shown"]).folder) as index:
            crop = index.picture(rows[-1])
        assert crop.shape == (64, 64, 3)
        assert crop[24:40, 24:40].mean() > 100

    def test_a_change_of_its_content_is_extracted_anew(self, project, tmp_path):
        folder = write_pictures(tmp_path / "few", {f"{n}.png": picture for n, picture in enumerate(scenes(3))})
        loaded = project(folder)
        extract(loaded)
        cv2.imwrite(str(folder / "3.png"), scene(90, 60, 48, (160, 120)))
        extract(loaded)
        with Faceset(faceset_artifact(WorkFolder(loaded.work), loaded.facesets["shown"]).folder) as index:
            assert index.progress(fingerprint(folder)) == (4, 4)

    def test_one_whose_rate_is_stated_is_film(self, project, tmp_path):
        numbered = {f"shot{number}.png": picture for number, picture in enumerate(scenes(9), start=3)}
        folder = write_pictures(tmp_path / "film", numbered)
        (folder / "shot7.png").write_bytes(b"")
        loaded = project(folder, "facesets.shown.rate=24", "extract.fill_gaps_s=1")
        assert extract(loaded) == ["film: 1 picture could not be read: shot7.png"]
        rows = rows_of(loaded)
        assert {row.track for row in rows} == {0}, "a damaged picture is no cut"
        assert [row.frame for row in rows] == [0, 1, 2, 3, 5, 6, 7, 8]

    def test_pictures_of_several_sizes_are_not_put_into(self, project, tmp_path):
        folder = write_pictures(tmp_path / "few", {"1.png": scenes(1)[0], "2.png": scene(60, 70, 100, (400, 300))})
        loaded = project(folder, swaps=True)
        with pytest.raises(MediaError, match="its frame 1 is 400 x 300"):
            run(loaded, progress=Silent())


class TestAnamorphic:
    @pytest.mark.parametrize("phases", [("extract",), ("extract", "train", "merge")])
    def test_it_is_refused_before_any_work(self, project, tmp_path, phases):
        loaded = project(write(tmp_path / "dv.mkv", scenes(2), aspect=Fraction(64, 45)), swaps=True)
        with pytest.raises(MediaError, match=r"not square \(anamorphic, 64:45\)\n  scale it .* to 228 x 120"):
            run(loaded, phases=phases, progress=Silent())
        assert not loaded.work.exists()

    def test_a_turned_clip_is_to_be_scaled_upright(self, project, tmp_path):
        loaded = project(write(tmp_path / "dv.mp4", scenes(2), aspect=Fraction(3, 2), rotation=90))
        with pytest.raises(MediaError, match="to 120 x 240"):
            run(loaded, phases=("extract",), progress=Silent())

    def test_the_command_exits_with_4(self, project, tmp_path, cli):
        project(write(tmp_path / "dv.mkv", scenes(2), aspect=Fraction(2)))
        done = cli("extract", tmp_path / "p.yaml")
        assert (done.code, "not square" in done.err) == (4, True)

    def test_two_percent_are_nothing(self, project, tmp_path):
        loaded = project(write(tmp_path / "nearly.mkv", scenes(2), aspect=Fraction(51, 50)))
        extract(loaded)
        assert len(rows_of(loaded)) == 2


class TestInterlaced:
    @pytest.mark.parametrize(("order", "field"), [("tff", "upper"), ("bff", "lower")])
    def test_it_is_said_once_and_faces_are_not_combed(self, project, tmp_path, order, field):
        """The square moves 12 px between the fields; seen at once, it would be 12 px wider."""
        woven = []
        for number in range(70):
            first, second = (scene(10 + 12 * (2 * number + late) % 90, 30, 48, (160, 120)) for late in (0, 1))
            rows = np.arange(120)[:, None, None] % 2 == (1 if order == "tff" else 0)
            woven.append(np.where(rows, second, first))
        options = {"preset": "ultrafast", "qp": "4", "flags": "+ilme+ildct", "x264-params": f"{order}=1"}
        loaded = project(write(tmp_path / "tape.mkv", woven, **options), "extract.steadiness=0")
        assert extract(loaded) == [f"tape.mkv is interlaced: of each frame the {field} field is read, half its rows"]
        assert extract(loaded) == []
        rows = rows_of(loaded)
        assert len(rows) == 70
        for row in rows:
            left = 10 + 24 * row.frame % 90
            np.testing.assert_allclose(row.face.box[[0, 2]], (left, left + 48), atol=2)

    def test_nothing_is_put_into_it(self, project, tmp_path):
        options = {"preset": "ultrafast", "flags": "+ilme+ildct", "x264-params": "tff=1"}
        with pytest.raises(MediaError, match="is interlaced"):
            run(project(write(tmp_path / "tape.mkv", scenes(3), **options), swaps=True), progress=Silent())


def write_changing(path, kinds) -> None:
    """Write bare H.264, one stream of pictures after another, each of its own size and pixel format."""
    content = bytearray()
    for pictures, pixel_format in kinds:
        encoder = av.CodecContext.create("libx264", "w")
        encoder.height, encoder.width = pictures[0].shape[:2]
        encoder.pix_fmt, encoder.time_base = pixel_format, Fraction(1, 25)
        encoder.options = {"preset": "ultrafast", "qp": "6"}
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pixel_format)
            frame.pts = number
            content += b"".join(bytes(packet) for packet in encoder.encode(frame))
        content += b"".join(bytes(packet) for packet in encoder.encode())
    path.write_bytes(content)


class TestChangesMidway:
    @pytest.fixture
    def clip(self, tmp_path):
        """160 x 120 for 40 frames, 320 x 180 up to frame 89, 160 x 120 again; two chunks change."""
        large = scenes(50, (320, 180), 60)
        write_changing(tmp_path / "two.h264", [(s, "yuv420p") for s in (scenes(40), large, scenes(10))])
        return tmp_path / "two.h264"

    def test_faces_are_taken_from_all_frames_in_their_own_size(self, project, clip):
        loaded = project(clip)
        (said,) = extract(loaded)
        assert "it begins as 160 x 120, yuv420p, but these frames are 320 x 180: 40-89" in said
        assert "nothing can be put into this clip" in said
        rows = rows_of(loaded)
        assert [row.frame for row in rows] == list(range(100))
        widths = np.array([row.face.box[2] - row.face.box[0] for row in rows])
        assert np.abs(widths - np.repeat([48, 60, 48], [40, 50, 10])).max() < 4
        assert [row.track for row in rows] == [0] * 40 + [1] * 50 + [2] * 10

    def test_a_run_ends_before_it_learns(self, project, clip, cli, tmp_path):
        loaded = project(clip, swaps=True)
        words = r"begins as 160 x 120, yuv420p, and its frame 40 is 320 x 180\n  .*convert it to one size"
        with pytest.raises(MediaError, match=words):
            run(loaded, progress=Silent())
        assert len(rows_of(loaded)) == 100
        assert not (loaded.work / "merge").exists()
        assert cli("merge", tmp_path / "p.yaml").code == 4

    def test_so_does_one_whose_pixel_format_changes(self, project, tmp_path):
        write_changing(tmp_path / "two.h264", [(scenes(6), "yuv420p"), (scenes(6), "yuv444p")])
        loaded = project(tmp_path / "two.h264", swaps=True)
        with pytest.raises(MediaError, match="its frame 6 is yuv444p"):
            run(loaded, progress=Silent())
        assert len(rows_of(loaded)) == 12

    def test_merging_does_not_scale_a_frame_unseen(self, project, clip):
        """Also where the findings that would tell have gone."""
        loaded = project(clip, swaps=True)
        extract(loaded)
        with sqlite3.connect(findings_artifact(WorkFolder(loaded.work), loaded.facesets["shown"]).folder
                             / "found.sqlite") as database:  # fmt: skip
            database.execute("delete from meta where key like 'unlike%'")
        with pytest.raises(MediaError, match="its frame 40 is 320 x 180"):
            run(loaded, phases=("merge",), progress=Silent())
        assert not (loaded.path.parent / "out.mkv").exists()


class TestClips:
    def test_times_of_a_variable_rate_count(self, project, tmp_path):
        times = np.cumsum(np.random.default_rng(1).integers(8, 110, 90)).tolist()
        clip = write(tmp_path / "phone.mp4", scenes(90), pts=times)
        loaded = project(clip)
        assert extract(loaded) == []
        rows, info = rows_of(loaded), probe(clip)
        assert len({round(after - before) for before, after in zip(info.pts, info.pts[1:], strict=False)}) > 20
        assert [row.pts for row in rows] == list(info.pts)
        assert [(row.time_base * row.pts) for row in rows] == [info.time_base * pts for pts in info.pts]
        assert {row.track for row in rows} == {0}

    @pytest.mark.parametrize(
        "options",
        [
            {"rotation": 90}, {"rotation": 270}, {"pixel_format": "yuv420p10le"}, {"pixel_format": "gray"},
            {"codec": "ffv1", "pixel_format": "bgr0"},
        ],
    )  # fmt: skip
    def test_turned_deep_grey_and_rgb_clips(self, project, tmp_path, options):
        clip = write(tmp_path / ("a.mp4" if "rotation" in options else "a.mkv"), scenes(5), **options)
        loaded = project(clip, "extract.steadiness=0")
        extract(loaded)
        rows = rows_of(loaded)
        assert len(rows) == 5
        for row in rows:
            left, top = place(row.frame)
            box = {
                90: (top, 160 - left - 48, top + 48, 160 - left), 270: (120 - top - 48, left, 120 - top, left + 48),
            }.get(options.get("rotation"), (left, top, left + 48, top + 48))  # fmt: skip
            np.testing.assert_allclose(row.face.box, box, atol=2)

    def test_odd_sizes_and_a_single_frame(self, project, tmp_path):
        loaded = project(write(tmp_path / "one.mkv", scenes(1, (161, 121))))
        extract(loaded)
        (row,) = rows_of(loaded)
        assert (row.frame, row.track) == (0, 0)
        np.testing.assert_allclose(row.face.box, (70, 50, 118, 98), atol=2)

    def test_a_clip_without_faces(self, project, tmp_path, cli):
        loaded = project(write(tmp_path / "empty.mkv", [np.full((120, 160, 3), 20, np.uint8)] * 70))
        with pytest.raises(StageYieldError, match=r"no face was found in the clips of 'shown': empty\.mkv"):
            extract(loaded)
        assert cli("extract", tmp_path / "p.yaml").code == 1

    def test_faces_are_not_followed_over_frames_that_cannot_be_decoded(self, project, tmp_path):
        """Frames 12 to 14 and 20 are lost; the detector looks at both sides of either gap."""
        clip = write(tmp_path / "worn.mov", scenes(30), codec="png", pixel_format="rgb24", pred="none")
        with av.open(str(clip)) as container:
            places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
        content = bytearray(clip.read_bytes())
        for number in (12, 13, 14, 20):
            position, size = places[number]
            content[position : position + size] = bytes(size)
        clip.write_bytes(content)
        loaded = project(clip)
        choice = dataclasses.replace(loaded.facesets["shown"].extract, detect_every=8)
        square, listener = (
            discover().detectors["square"].build(SimpleNamespace(level=60, fail_at_pts=-1), None),
            Listener(),
        )
        looked, followed = [], []

        class Follower:
            def detect(self, frames):
                looked.extend(frame.pts // 512 for frame in frames)
                return square.detect(frames)

            def align(self, frames, faces):
                return square.align(frames, faces)

            def follow(self, frame, before):
                followed.append(frame.pts // 512)
                return list(square.align([frame], square.detect([frame]))[0])

        with Findings(tmp_path, writable=True) as findings:
            find_clip(findings, clip, Finder(choice, Follower(), Follower()), listener)
            seen = {frame: face.origin for frame, _, face in findings.faces(1, 0, 30)}
        assert listener.lines == ["worn.mov: 4 frames could not be decoded: 12-14, 20"]
        assert sorted(seen) == [frame for frame in range(30) if frame not in {12, 13, 14, 20}]
        assert {0, 8, 11, 15, 19, 21, 29} <= set(looked)
        assert {frame for frame, origin in seen.items() if origin is Origin.FOUND} == set(looked)
        assert {12, 15, 21}.isdisjoint(followed)


def test_the_reader_gives_back_what_these_tests_draw(tmp_path):
    """So that what is found above lies where it was drawn."""
    with ClipReader(write(tmp_path / "a.mkv", scenes(2))) as reader:
        (first, _) = reader.frames()
    assert np.abs(first.frame().rgb.astype(int) - scenes(1)[0]).mean() < 3
