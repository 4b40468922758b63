"""What does a merged clip keep of its source, whatever that is? Each case goes through a whole run, without loss."""

from __future__ import annotations

import shutil
from fractions import Fraction

import av
import cv2
import numpy as np
import OpenEXR
import pytest

from understudy.errors import MediaError
from understudy.phases import run
from understudy.plugins import discover
from understudy.progress import Silent
from understudy.project import load_project
from understudy.video import ClipReader, probe

FRAMES = 5
MARGIN = 4  # of the square: coarse codecs ring around it, and the stage finds it by its brightness
FACE = {"face": True, "size": (160, 120), "count": FRAMES}
PROJECT = """
understudy: 1
consent: {{basis: synthetic, statement: Drawn squares agree to everything}}
device: cpu
facesets:
  drawn: {{clips: [{clip}]{rate}}}
extract:
  detector: {{use: square, with: {{level: 100}}}}
  aligner: {{use: square}}
  masker: {{use: hull}}
  crop_size: 64
swaps:
  - source: drawn
    target: drawn
    model: {{use: mirror, iterations: 0}}
    merger: {{use: overlay, with: {{mask_erode_px: 2, mask_blur_px: 4}}}}
output:
  path: {path}
  video: {{{video}}}
"""


@pytest.fixture
def merge(square_plugin, monkeypatch, tmp_path):
    """Give a function that runs a project on a clip, and returns the output."""
    monkeypatch.syspath_prepend(str(square_plugin))
    registry = discover()

    def made(clip, path, video="lossless: true", rate="", listener=None):
        project = tmp_path / "project.yaml"
        text = PROJECT.format(clip=clip.name, path=path, video=video, rate=rate and f", rate: {rate}")
        project.write_text(text)
        return run(load_project(project, registry), progress=listener or Silent()).outputs[0]

    return made


def planes_of(frame):
    """Copy every plane of a decoded picture, alpha and padding bits included, without what lies beyond its edges."""
    item = 1 if frame.format.components[0].bits <= 8 else 2
    packed = len(frame.format.components) if len(frame.planes) == 1 and len(frame.format.components) > 1 else 1
    found = []
    for plane in frame.planes:
        table = np.frombuffer(plane, np.uint8 if item == 1 else np.uint16).reshape(-1, plane.line_size // item)
        found.append(table[: plane.height, : plane.width * packed].reshape(plane.height, plane.width, packed).copy())
    return found


def decoded(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [(Fraction(frame.pts) * frame.time_base, frame) for frame in container.decode(stream)]


def check_kept(source, output, face_box, *, same_format=True):
    """Assert that count, times and format are kept, and every sample outside the face's square."""
    before, after = decoded(source), decoded(output)
    assert [time for time, _ in after] == [time for time, _ in before]
    for index, ((_, old), (_, new)) in enumerate(zip(before, after, strict=True)):
        if same_format:
            assert new.format.name == old.format.name
        else:
            new = new.reformat(format=old.format.name)  # noqa: PLW2901 - the same samples in another order
        size = (old.width, old.height)
        check_inside(planes_of(old), planes_of(new), face_box(index, size), size)


def check_inside(old, new, box, size):
    x0, y0, x1, y1 = np.clip(np.add(box, (-MARGIN, -MARGIN, MARGIN, MARGIN)), 0, (*size, *size)).tolist()
    changed = 0.0
    for number, (one, other) in enumerate(zip(old, new, strict=True)):
        assert one.shape == other.shape
        across, down = -(-size[0] // one.shape[1]), -(-size[1] // one.shape[0])
        is_other = (one != other).any(axis=2)
        inside = is_other[y0 // down : -(-y1 // down), x0 // across : -(-x1 // across)]
        assert is_other.sum() == inside.sum(), f"plane {number} changed outside the square"
        if number == 3:
            assert not is_other.any(), "alpha changed"
        changed = max(changed, float(inside.mean()))
    assert changed > 0.05, "nothing was merged"


@pytest.fixture(scope="session")
def box_of():
    """Give the place of the square in a stored picture."""

    def find(index, size):
        x, y = 10 + index * 3 % (size[0] - 84), 20 + index * 2 % (size[1] - 94)
        return x, y, x + 64, y + 64

    return find


X265 = {"codec": "libx265", "options": {"preset": "ultrafast", "x265-params": "log-level=error"}}
PRORES = {"codec": "prores_ks", "options": {}}
DNXHR = {"codec": "dnxhd", "size": (256, 128)}
FFV1 = {"codec": "ffv1", "options": {}}
BT601, BT709, BT2020, PQ, HLG = (6, 6, 6, 1), (1, 1, 1, 1), (9, 9, 14, 1), (9, 9, 16, 1), (9, 9, 18, 1)
LOSSLESS = "codec: ffv1"
X264_OUT, X265_OUT = "lossless: true, preset: ultrafast", "codec: libx265, lossless: true, preset: ultrafast"

CLIPS = {
    "h264-420-8-bt709": ("a.mp4", {}, "o.mp4", X264_OUT),
    "h264-420-10-bt2020": ("a.mp4", {"pixel_format": "yuv420p10le", "tags": BT2020}, "o.mp4", X264_OUT),
    "h264-422-8-bt601": ("a.mov", {"pixel_format": "yuv422p", "tags": BT601}, "o.mov", X264_OUT),
    "h264-422-10": ("a.mkv", {"pixel_format": "yuv422p10le"}, "o.mkv", X264_OUT),
    "h264-444-8-full-range": ("a.mp4", {"pixel_format": "yuv444p", "tags": (1, 1, 1, 2)}, "o.mp4", X264_OUT),
    "h264-444-10": ("a.mp4", {"pixel_format": "yuv444p10le"}, "o.mp4", X264_OUT),
    "hevc-420-8": ("a.mp4", X265, "o.mp4", X265_OUT),
    "hevc-420-10-pq": ("a.mp4", {**X265, "pixel_format": "yuv420p10le", "tags": PQ}, "o.mp4", X265_OUT),
    "hevc-422-10-hlg": ("a.mov", {**X265, "pixel_format": "yuv422p10le", "tags": HLG}, "o.mov", X265_OUT),
    "hevc-444-8": ("a.mp4", {**X265, "pixel_format": "yuv444p"}, "o.mp4", X265_OUT),
    "hevc-444-10": ("a.mp4", {**X265, "pixel_format": "yuv444p10le"}, "o.mp4", X265_OUT),
    "prores-422-hq": ("a.mov", {**PRORES, "pixel_format": "yuv422p10le"}, "o.mkv", LOSSLESS),
    "prores-4444-alpha": ("a.mov", {**PRORES, "pixel_format": "yuva444p10le"}, "o.mkv", LOSSLESS),
    "dnxhr-hq": ("a.mov", {**DNXHR, "pixel_format": "yuv422p", "options": {"profile": "dnxhr_hq"}}, "o.mkv", LOSSLESS),
    "dnxhr-hqx": (
        "a.mov", {**DNXHR, "pixel_format": "yuv422p10le", "options": {"profile": "dnxhr_hqx"}}, "o.mkv", LOSSLESS,
    ),
    "dnxhr-444": (
        "a.mov", {**DNXHR, "pixel_format": "yuv444p10le", "options": {"profile": "dnxhr_444"}}, "o.mkv", LOSSLESS,
    ),
    "ffv1-420-12": ("a.mkv", {**FFV1, "pixel_format": "yuv420p12le"}, "o.mkv", LOSSLESS),
    "ffv1-rgb-10": ("a.mkv", {**FFV1, "pixel_format": "gbrp10le", "tags": (0, 1, 13, 2)}, "o.mkv", LOSSLESS),
    "ffv1-gray-10": ("a.mkv", {**FFV1, "pixel_format": "gray10le"}, "o.mkv", LOSSLESS),
    "ffv1-odd-size": ("a.mkv", {**FFV1, "size": (161, 121)}, "o.mkv", LOSSLESS),
    "h264-odd-size-444": ("a.mp4", {"pixel_format": "yuv444p", "size": (161, 121)}, "o.mp4", X264_OUT),
    "png-in-mov-alpha": ("a.mov", {"codec": "png", "pixel_format": "rgba", "options": {}}, "o.mov", "codec: png"),
    "variable-rate": ("a.mp4", {"pts": [0, 512, 1100, 1200, 9000]}, "o.mp4", X264_OUT),
    "late-start": ("a.mkv", {"pts": [1280, 1792, 2304, 2816, 3328]}, "o.mkv", LOSSLESS),
}  # fmt: skip


@pytest.mark.parametrize("case", CLIPS)
def test_a_merged_clip_keeps_all_outside_the_face(make_clip, merge, box_of, case):
    name, recipe, output, video = CLIPS[case]
    source = make_clip(name, **{**FACE, **recipe})
    result = merge(source, f"out/{output}", video)
    check_kept(source, result, box_of)
    before, after = probe(source), probe(result)
    kept = ("width", "height", "pixel_format", "tags", "average_rate", "rotation", "is_interlaced")
    assert {key: getattr(after, key) for key in kept} == {key: getattr(before, key) for key in kept}


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_rotation_is_honoured_and_kept(make_clip, merge, degrees):
    source = make_clip("a.mp4", **FACE, rotation=degrees)
    result = merge(source, "out/o.mp4", X264_OUT)
    assert probe(result).rotation == probe(source).rotation
    with ClipReader(source) as one, ClipReader(result) as other:
        for old, new in zip(one.frames(), other.frames(), strict=True):
            assert (old.frame().rgb != new.frame().rgb).any()


def test_drop_frame_time_code_and_its_rate_are_kept(make_clip, merge, box_of):
    rate = {"rate": Fraction(30000, 1001), "time_base": Fraction(1, 30000)}
    source = make_clip("a.mov", **FACE, **rate, timecode="00:00:59;28")
    result = merge(source, "out/o.mov", X264_OUT)
    check_kept(source, result, box_of)
    assert probe(result).average_rate == Fraction(30000, 1001)
    with av.open(str(result)) as container:
        assert container.streams.video[0].metadata["timecode"] == "00:00:59;28"


def spans_of(container):
    """Give the beginnings and ends of chapters in seconds."""
    return [(part["start"] * part["time_base"], part["end"] * part["time_base"]) for part in container.chapters()]


@pytest.mark.parametrize(("suffix", "subtitles"), [("mkv", "ass"), ("mp4", "mov_text")])
def test_tracks_and_chapters_come_along(make_clip, merge, box_of, suffix, subtitles):
    words = b"0,0,Default,,0,0,0,,Hello" if subtitles == "ass" else b"\0\x05Hello"
    tracks = {"audio": 2, "chapters": True, "subtitles": [(40, 100, words)], "subtitle_codec": subtitles}
    source = make_clip(f"a.{suffix}", **FACE, **tracks, metadata={"title": "Take 4"})
    result = merge(source, f"out/o.{suffix}", X264_OUT)
    check_kept(source, result, box_of)
    with av.open(str(source)) as one, av.open(str(result)) as other:
        for kind in ("audio", "subtitles"):
            found = [[bytes(packet) for packet in box.demux(stream) if packet.size]
                     for box in (one, other) for stream in getattr(box.streams, kind)]  # fmt: skip
            half = len(found) // 2
            assert half == (2 if kind == "audio" else 1)
            assert found[:half] == found[half:]
            one.seek(0)
            other.seek(0)
        assert [track.language for track in other.streams.audio] == ["eng", "deu"]
        assert spans_of(other) == spans_of(one) == [(0, Fraction(2, 5)), (Fraction(2, 5), Fraction(9, 10))]
        assert other.metadata["title"] == "Take 4"


def test_a_codec_like_the_sources_keeps_its_profile_and_alpha(make_clip, merge):
    source = make_clip("a.mov", **FACE, codec="prores_ks", pixel_format="yuva444p10le", options={})
    result = merge(source, "out/o.mov", "codec: copy-from-source")
    with av.open(str(source)) as one, av.open(str(result)) as other:
        for box in (one, other):
            assert box.streams.video[0].codec_context.profile == "4444"
        alphas = [[planes_of(frame)[3] for frame in box.decode(video=0)] for box in (one, other)]
    assert all(np.array_equal(old, new) for old, new in zip(*alphas, strict=True))


def test_interlaced_footage_is_refused_in_words(make_clip, merge):
    source = make_clip("a.mkv", **FACE, options={"preset": "ultrafast", "flags": "+ilme+ildct", "x264-params": "tff=1"})
    with pytest.raises(MediaError, match="is interlaced\n  deinterlace it first"):
        merge(source, "out/o.mkv", LOSSLESS)


# Sequences of pictures


def drawn(count=FRAMES, size=(160, 120)):
    """Draw the pictures of a sequence: uint8 (H, W, 3) RGB, and where the square is."""
    random = np.random.default_rng(5)
    face = random.integers(120, 255, (8, 8, 3), dtype=np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    face[..., 0] = np.maximum(face[..., 0], 160)
    for index in range(count):
        picture = random.integers(0, 40, (size[1], size[0], 3), dtype=np.uint8)
        x, y = 10 + index * 3, 20 + index * 2
        picture[y : y + 64, x : x + 64] = face
        yield picture


def write_pictures(folder, kind):
    """Write a sequence of a kind: 8 or 16 bits, half or float; numbered from 1001, one number left out."""
    folder.mkdir()
    for index, rgb in enumerate(drawn()):
        number = 1001 + index + (index > 2)
        bgr = rgb[..., ::-1]
        deep = bgr.astype(np.uint16) * 257 + index
        if kind == "png8":
            cv2.imwrite(str(folder / f"shot.{number}.png"), bgr)
        elif kind == "png16-alpha":
            alpha = np.arange(deep[..., :1].size, dtype=np.uint16).reshape(deep[..., :1].shape)
            cv2.imwrite(str(folder / f"shot.{number}.png"), np.concatenate([deep, alpha], axis=2))
        elif kind == "tif16":
            cv2.imwrite(str(folder / f"shot.{number}.tif"), deep)
        else:
            light = (rgb / np.float32(255.0)) ** np.float32(2.2) * np.float32(1.5)
            pixels = {name: light[..., place].copy() for place, name in enumerate("RGB")}
            pixels = {name: values.astype(np.float16) for name, values in pixels.items()} if "half" in kind else pixels
            pixels["Z"] = np.full(light.shape[:2], index + 0.25, np.float32)
            header = {"compression": OpenEXR.PIZ_COMPRESSION, "type": OpenEXR.scanlineimage, "comments": "plate"}
            OpenEXR.File(header, pixels).write(str(folder / f"shot.{number}.exr"))
    return folder


def pictures(folder, suffix):
    found = sorted(folder.glob(f"*{suffix}"))
    if suffix == ".exr":
        return {path.name: OpenEXR.File(str(path), separate_channels=True) for path in found}
    return {path.name: cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in found}


@pytest.mark.parametrize("kind", ["png8", "png16-alpha", "tif16"])
def test_a_sequence_becomes_a_sequence_of_the_same_numbers(merge, tmp_path, kind):
    suffix = ".tif" if kind == "tif16" else ".png"
    source = write_pictures(tmp_path / "shot.v2", kind)
    result = merge(source, f"out/{{clip}}/shot.%04d{suffix}", "")
    assert result == tmp_path / "out" / "shot.v2"
    before, after = pictures(source, suffix), pictures(result, suffix)
    assert list(after) == list(before) == [f"shot.{number}{suffix}" for number in (1001, 1002, 1003, 1005, 1006)]
    for index, (old, new) in enumerate(zip(before.values(), after.values(), strict=True)):
        assert (new.dtype, new.shape) == (old.dtype, old.shape)
        check_inside_picture(old, new, index)


def check_inside_picture(old, new, index):
    x, y = 10 + index * 3, 20 + index * 2
    is_other = old != new
    inside = is_other[y : y + 64, x : x + 64]
    assert is_other.sum() == inside.sum()
    assert inside[..., :3].mean() > 0.05
    assert not is_other[..., 3:].any(), "alpha changed"


@pytest.mark.parametrize("kind", ["exr-half", "exr-float"])
def test_floating_point_pictures_keep_every_channel_and_attribute(merge, tmp_path, kind):
    source = write_pictures(tmp_path / "plate", kind)
    result = merge(source, "out/{clip}/%06d.exr", "", rate="23.976")
    before, after = pictures(source, ".exr"), pictures(result, ".exr")
    assert list(after) == [f"{number:06d}.exr" for number in (1001, 1002, 1003, 1005, 1006)]
    for index, (old, new) in enumerate(zip(before.values(), after.values(), strict=True)):
        mine, theirs = old.channels(), new.channels()
        assert list(mine) == list(theirs)
        assert np.array_equal(mine["Z"].pixels, theirs["Z"].pixels)
        for name in "RGB":
            assert mine[name].pixels.dtype == theirs[name].pixels.dtype
        colors = [np.stack([file[name].pixels for name in "RGB"], axis=2) for file in (mine, theirs)]
        check_inside_picture(*colors, index)
        assert new.header()["compression"] == old.header()["compression"]
        assert new.header()["comments"].startswith("plate\nSynthetic media")
        assert new.header()["synthetic_media"] == "true"


def test_a_sequence_becomes_a_film_of_its_rate(merge, tmp_path):
    source = write_pictures(tmp_path / "shot", "png8")
    result = merge(source, "out/{clip}.mkv", "codec: ffv1", rate="23.976")
    info = probe(result)
    assert (len(info.pts), info.average_rate) == (FRAMES, Fraction(24000, 1001))
    after = [frame.to_ndarray(format="rgb24")[..., ::-1] for _, frame in decoded(result)]
    for index, (old, new) in enumerate(zip(pictures(source, ".png").values(), after, strict=True)):
        check_inside_picture(old, new, index)


@pytest.mark.parametrize("rotation", [0, 90])
def test_a_film_becomes_upright_pictures(make_clip, merge, tmp_path, rotation):
    source = make_clip("a.mkv", **FACE, **FFV1, pixel_format="bgr0", tags=(0, 1, 13, 2))
    if rotation:
        source = make_clip("a.mov", **FACE, codec="png", options={}, pixel_format="rgb24", rotation=90)
    result = merge(source, "out/{clip}/%04d.png", "")
    after = pictures(result, ".png")
    assert list(after) == [f"{number:04d}.png" for number in range(FRAMES)]
    with ClipReader(source) as reader:
        for frame, new in zip(reader.frames(), after.values(), strict=True):
            old = frame.frame().rgb
            assert old.shape == new.shape
            share = float((old != new[..., ::-1]).any(axis=2).mean())
            assert 0.01 < share < 0.25


def test_a_film_becomes_pictures_of_light(make_clip, merge):
    source = make_clip("a.mkv", **FACE, **FFV1, pixel_format="yuv444p10le", tags=(1, 1, 13, 1))
    result = merge(source, "out/{clip}/%04d.exr", "")
    files = pictures(result, ".exr")
    assert len(files) == FRAMES
    with ClipReader(source) as reader:
        for frame, file in zip(reader.frames(), files.values(), strict=True):
            light = np.stack([file.channels()[name].pixels for name in "RGB"], axis=2).astype(np.float32)
            assert file.channels()["R"].pixels.dtype == np.float16
            shown = np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)
            ground = np.s_[100:, :]
            assert np.abs(shown[ground] * 255 - frame.frame().rgb[ground]).max() < 1.5


def test_pictures_of_light_do_not_become_a_film(merge, tmp_path):
    source = write_pictures(tmp_path / "plate", "exr-half")
    with pytest.raises(Exception, match=r"does not store amounts of light .*\n.*%06d\.exr"):
        merge(source, "out/{clip}.mp4", "")


def test_a_second_run_writes_nothing_and_another_replaces_the_folder(merge, tmp_path):
    source = write_pictures(tmp_path / "shot", "png8")
    result = merge(source, "out/{clip}/%04d.png", "")
    stamps = {path.name: path.stat().st_mtime_ns for path in result.iterdir()}
    merge(source, "out/{clip}/%04d.png", "")
    assert {path.name: path.stat().st_mtime_ns for path in result.iterdir()} == stamps
    (source / "shot.1006.png").unlink()
    merge(source, "out/{clip}/%04d.png", "")
    assert list(pictures(result, ".png")) == ["1001.png", "1002.png", "1003.png", "1005.png"]


def test_a_folder_with_other_files_is_not_replaced(merge, tmp_path):
    source = write_pictures(tmp_path / "shot", "png8")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(Exception, match=r"holds notes\.txt, .*\n  a sequence needs a folder of its own"):
        merge(source, "out/%04d.png", "")
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine"
    shutil.rmtree(tmp_path / "out")


def test_a_picture_unlike_the_first_is_named(merge, tmp_path):
    source = write_pictures(tmp_path / "shot", "png8")
    cv2.imwrite(str(source / "shot.1005.png"), cv2.imread(str(source / "shot.1005.png"), cv2.IMREAD_GRAYSCALE))
    with pytest.raises(MediaError, match="its frame 3 is 160 x 120, gray as stored"):
        merge(source, "out/{clip}/%04d.png", "")
