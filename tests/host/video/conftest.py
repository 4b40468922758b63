"""How are clips made for tests: drawn, numbered in every frame, and with any tag, track or time?"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from understudy.video.planes import layout_of, samples

CELL = 8  # side of a barcode cell in px; the index stands in the first row, 8 cells, highest bit first


CHAPTERS = [
    {"id": number, "start": start, "end": end, "time_base": Fraction(1, 1000), "metadata": {"title": title}}
    for number, start, end, title in ((1, 0, 400, "First part"), (2, 400, 900, "Second part"))
]


@dataclass
class Recipe:
    """What a clip is made of."""

    codec: str = "libx264"
    options: dict[str, str] = field(default_factory=lambda: {"preset": "ultrafast", "qp": "0"})
    pixel_format: str = "yuv420p"
    size: tuple[int, int] = (96, 64)
    count: int = 24
    rate: Fraction = Fraction(25)
    time_base: Fraction = Fraction(1, 12800)
    pts: list[int] | None = None
    tags: tuple[int, int, int, int] = (1, 1, 1, 1)  # matrix, primaries, transfer, range
    rotation: int = 0
    audio: int = 0
    subtitles: list[tuple[int, int, bytes]] = field(default_factory=list)  # start and length in ms, text
    subtitle_codec: str = "mov_text"
    chapters: bool = False
    metadata: dict[str, str] = field(default_factory=dict)
    container_options: dict[str, str] = field(default_factory=dict)
    has_cover: bool = False
    has_attachment: bool = False
    timecode: str = ""
    aspect: Fraction | None = None
    face: bool = False  # the bright square of ``drawn_clip``, in place of slopes


FACE_SIDE = 64


def face_box(index: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Say where the square of a picture with a face stands, in stored pixels."""
    x, y = 10 + index * 3 % (size[0] - FACE_SIDE - 20), 20 + index * 2 % (size[1] - FACE_SIDE - 30)
    return x, y, x + FACE_SIDE, y + FACE_SIDE


def draw_face(index: int, recipe: Recipe) -> av.VideoFrame:
    """Draw a bright, patterned square on a dark ground, in the recipe's format; alpha is a slope."""
    width, height = recipe.size
    random = np.random.default_rng(5)
    picture = random.integers(0, 40, (height, width, 3), dtype=np.uint8)
    face = random.integers(120, 255, (8, 8, 3), dtype=np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    face[..., 0] = np.maximum(face[..., 0], 160)
    x0, y0, x1, y1 = face_box(index, recipe.size)
    picture[y0:y1, x0:x1] = face
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
    matrix, full = recipe.tags[0], recipe.tags[3] == 2
    known = 5 if matrix == 6 else matrix or None
    frame = frame.reformat(format=recipe.pixel_format, dst_colorspace=known, dst_color_range=2 if full else 1)
    if len(frame.planes) == 4:
        plane = frame.planes[3]
        kind = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
        alpha = np.frombuffer(plane, kind).reshape(-1, plane.line_size // np.dtype(kind).itemsize)
        alpha[:] = (np.arange(alpha.shape[1]) * 3 % 250 + index) << (frame.format.components[0].bits - 8)
    return frame


def draw(index: int, recipe: Recipe) -> av.VideoFrame:
    """Draw a picture: slopes in every channel that move with the index, and the index as a barcode."""
    width, height = recipe.size
    picture = av.VideoFrame(width, height, recipe.pixel_format)
    for plane in picture.planes:
        np.frombuffer(plane, np.uint8)[:] = 0
    layout = layout_of(recipe.pixel_format)
    assert layout is not None
    for channel in range(len(layout.channels)):
        view = samples(picture, layout, channel)
        rows, columns = np.mgrid[0 : view.shape[0], 0 : view.shape[1]]
        slope = 40 + (rows * (2 + channel) + columns * (3 - channel) + index * 3) % 170
        view[...] = (slope.astype(np.uint32) << (layout.depth - 8) << layout.shift).astype(view.dtype)
    view = samples(picture, layout, 0)
    for bit in range(8):
        value = 220 if index >> (7 - bit) & 1 else 30
        view[:CELL, bit * CELL : (bit + 1) * CELL] = value << (layout.depth - 8) << layout.shift
    return picture


def read_index(picture: av.VideoFrame) -> int:
    """Read the barcode of a stored (not turned) picture."""
    layout = layout_of(picture.format.name)
    assert layout is not None
    view = samples(picture, layout, 0) >> layout.shift >> (layout.depth - 8)
    half = CELL // 2
    return sum(1 << (7 - bit) for bit in range(8) if view[half, bit * CELL + half] > 125)


def recipe_pts(recipe: Recipe) -> list[int]:
    step = round(1 / (recipe.rate * recipe.time_base))
    return recipe.pts if recipe.pts is not None else [index * step for index in range(recipe.count)]


def write_clip(path: Path, recipe: Recipe) -> Path:
    options = dict(recipe.container_options)
    if path.suffix in {".mp4", ".mov"}:
        options.setdefault("movflags", "use_metadata_tags")
    with av.open(str(path), "w", container_options=options) as out:
        video = add_video(out, recipe)
        sounds = [out.add_stream("aac", rate=48000) for _ in range(recipe.audio)]
        for language, sound in zip(("eng", "deu"), sounds, strict=False):
            sound.metadata["language"] = language
        cover = add_cover(out) if recipe.has_cover else None
        text = add_text(out, recipe) if recipe.subtitles else None
        if recipe.has_attachment:
            out.add_attachment("font.ttf", "application/x-truetype-font", b"not really a font")
        out.metadata.update(recipe.metadata)
        if recipe.chapters:
            out.set_chapters(CHAPTERS)
        if text is not None:
            out.start_encoding()
            out.mux(packets_of_text(text, recipe))
        if cover is not None:
            shown = draw(0, Recipe(pixel_format="yuvj420p", size=(64, 32))).reformat(32, 32)
            shown.pts = 0
            out.mux([*cover.encode(shown), *cover.encode()])
        times = recipe_pts(recipe)
        for index, pts in enumerate(times):
            picture = draw_face(index, recipe) if recipe.face else draw(index, recipe)
            picture.pts, picture.time_base = pts, recipe.time_base
            out.mux(video.encode(picture))
        out.mux(video.encode())
        seconds = float((times[-1] - times[0]) * recipe.time_base) + 0.04
        for number, sound in enumerate(sounds):
            out.mux(packets_of_tone(sound, 300 + 200 * number, seconds))
    return path


def add_video(out, recipe: Recipe):
    video = out.add_stream(recipe.codec, rate=recipe.rate, options=dict(recipe.options))
    video.width, video.height = recipe.size
    video.pix_fmt = recipe.pixel_format
    video.time_base = video.codec_context.time_base = recipe.time_base
    video.colorspace, video.color_primaries, video.color_trc, video.color_range = recipe.tags
    if recipe.rotation:
        video.set_display_rotation(recipe.rotation)
    if recipe.aspect:
        video.codec_context.sample_aspect_ratio = recipe.aspect
    if recipe.timecode:
        video.metadata["timecode"] = recipe.timecode
    return video


def add_cover(out):
    cover = out.add_stream("mjpeg", rate=1)
    cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
    cover.disposition = av.stream.Disposition.attached_pic
    return cover


def add_text(out, recipe: Recipe):
    text = out.add_stream(recipe.subtitle_codec)
    text.time_base = Fraction(1, 1000)
    text.codec_context.subtitle_header = b"[Script Info]\nScriptType: v4.00+\n"
    return text


def packets_of_text(text, recipe: Recipe) -> list[av.Packet]:
    packets = []
    for start, length, words in recipe.subtitles:
        packets.append(av.Packet(words))
        packets[-1].stream, packets[-1].time_base = text, Fraction(1, 1000)
        packets[-1].pts = packets[-1].dts = start
        packets[-1].duration = length
    return packets


def packets_of_tone(sound, frequency: float, seconds: float) -> list[av.Packet]:
    wave = np.sin(np.arange(int(48000 * seconds)) * 2 * np.pi * frequency / 48000).astype(np.float32) * 0.3
    packets = []
    for first in range(0, len(wave) - 1023, 1024):
        block = np.stack([wave[first : first + 1024]] * 2)
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = 48000, first
        packets += sound.encode(frame)
    return packets + sound.encode()


@pytest.fixture
def make_clip(tmp_path):
    """Give a function that writes a clip: its file name, then what differs from the usual recipe."""

    def make(name: str = "clip.mp4", **differences) -> Path:
        return write_clip(tmp_path / name, Recipe(**differences))

    return make


@pytest.fixture(scope="session")
def index_of():
    """Give the function that reads a stored picture's number."""
    return read_index


@pytest.fixture(scope="session")
def drawn():
    """Give the function that draws the picture of a number: index, then what differs from the usual recipe."""
    return lambda index, **differences: draw(index, Recipe(**differences))


@pytest.fixture(scope="session")
def codes():
    """Give the function that copies a picture's channels, as arrays of code values."""

    def copy(picture: av.VideoFrame) -> list[np.ndarray]:
        layout = layout_of(picture.format.name)
        assert layout is not None
        return [samples(picture, layout, channel) >> layout.shift for channel in range(len(layout.channels))]

    return copy
