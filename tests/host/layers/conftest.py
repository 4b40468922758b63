"""A drawn clip whose face is swapped, its layers, and a compositor's arithmetic written down once more."""

from __future__ import annotations

import av
import numpy as np
import pytest

from understudy.phases import run
from understudy.plugins import discover
from understudy.progress import Silent
from understudy.project import load_project
from understudy.video.planes import layout_of, plane_rows, samples

PROJECT = """
understudy: 1
consent: {basis: synthetic, statement: Drawn squares agree to everything}
device: cpu
facesets: {red: {clips: [red.mkv]}, blue: {clips: [blue.mkv]}}
extract:
  {detector: {use: square}, aligner: {use: square}, masker: {use: hull}, crop_size: 64, fill_gaps_s: 0, steadiness: 0}
swaps:
SWAPS
output: {path: out.mkv, video: {codec: ffv1, crf: null, preset: null}, layer: LAYER}
"""
SWAP = """  - source: red
    target: blue
    model: {use: mirror}
    merger: {use: overlay, with: {mask_erode_px: EDGE, mask_blur_px: 8, color_transfer: none}}
"""
BT601 = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


class Project:
    """A project on drawn clips; every swap's mask is wider than that of the one before."""

    def __init__(self, folder, registry):
        self.folder, self.registry = folder, registry

    def load(self, layer, *changes, swaps=1):
        parts = "".join(SWAP.replace("EDGE", str(10 - 6 * number)) for number in range(swaps))
        (self.folder / "p.yaml").write_text(PROJECT.replace("SWAPS", parts.rstrip()).replace("LAYER", layer))
        return load_project(self.folder / "p.yaml", self.registry, changes)

    def run(self, layer, *changes, swaps=1, progress=None):
        """Merge, and return the run's result."""
        return run(self.load(layer, *changes, swaps=swaps), progress=progress or Silent())


@pytest.fixture
def project(tmp_path, square_plugin, monkeypatch, drawn_clip):
    monkeypatch.syspath_prepend(str(square_plugin))
    drawn_clip(tmp_path / "red.mkv", frames=2, hue=1, codec="ffv1", options={})
    return Project(tmp_path, discover())


@pytest.fixture
def blue(tmp_path, drawn_clip):
    """Give a function that draws the target's clip, loud as drawn clips are: many of its colours lie outside RGB."""

    def draw(pixel_format="yuv420p", **options):
        clip = {"frames": 4, "hue": 2, "codec": "ffv1", "options": {}, "without_face": (2,)} | options
        return drawn_clip(tmp_path / "blue.mkv", pix_fmt=pixel_format, **clip)

    return draw


@pytest.fixture
def calm(tmp_path):
    """Give a function that draws the target's clip in colours that RGB holds: the face a slope with some texture."""

    def draw(pixel_format):
        random = np.random.default_rng(5)
        rows, columns = np.mgrid[0:120, 0:160]
        ground = np.stack([30 + columns / 10, 34 + rows / 10, 40 + 0 * rows], axis=2)
        with av.open(str(tmp_path / "blue.mkv"), "w") as container:
            stream = container.add_stream("ffv1", rate=25)
            stream.width, stream.height, stream.pix_fmt = 160, 120, pixel_format
            for number in range(4):
                picture = ground + random.normal(0, 1, (120, 160, 1))
                if number != 2:
                    here = slice(20 + number, 84 + number), slice(40 + 2 * number, 104 + 2 * number)
                    slope = np.stack([150 + columns, 110 + rows, 100 + columns / 2], axis=2)[:64, :64]
                    picture[here] = slope + random.normal(0, 6, (64, 64, 1))
                frame = av.VideoFrame.from_ndarray(np.clip(picture, 0, 255).astype(np.uint8), format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return tmp_path / "blue.mkv"

    return draw


def planes_of(path):
    """Return every frame's channels as numbers, and its time in seconds."""
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            layout = layout_of(frame.format.name)
            channels = [samples(frame, layout, number).astype(np.float64) for number in range(len(layout.channels))]
            if frame.format.name.startswith("yuva"):
                channels.append(plane_rows(frame.planes[3], "<u2")[: frame.height, : frame.width].astype(np.float64))
            found.append((float(frame.pts * frame.time_base), channels))
    return found


def picture_of(path):
    """Return a picture's numbers, float64 (h, w, channels), 0 to 1 for 16 bits."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    size = slice(frame.height), slice(frame.width)
    if path.suffix == ".png":
        channels = 4 if "rgba" in frame.format.name else 1
        rows = plane_rows(frame.planes[0], ">u2")[: frame.height, : frame.width * channels]
        return rows.reshape(frame.height, frame.width, channels) / 65535
    item = "<f2" if "f16" in frame.format.name else "<f4"
    planes = [plane_rows(plane, item)[size].astype(np.float64) for plane in frame.planes]
    return np.stack([planes[place] for place in ((2, 0, 1, 3) if len(planes) > 1 else (0,))], axis=2)


def cells(values, like):
    """Average over the pixels of each sample of a coarser plane."""
    down, across = (-(-values.shape[axis] // like.shape[axis]) for axis in (0, 1))
    shape = like.shape[0] * down, like.shape[1] * across
    padded = np.pad(values, [(0, shape[axis] - values.shape[axis]) for axis in (0, 1)], constant_values=np.nan)
    return np.nanmean(padded.reshape(like.shape[0], down, like.shape[1], across), axis=(1, 3))


def over_movie(source, layer, *, is_premultiplied=False, bits=8):
    """Lay a decoded ProRes frame (12 bits) over a frame's planes of limited range, plane by plane."""
    alpha = layer[3] / 4095
    found = []
    for number, under in enumerate(source):
        scale = 2.0 ** (bits - 12)
        zero = (16, 128, 128)[number] * 2.0 ** (bits - 8)
        colour, share = layer[number] * scale, alpha
        if under.shape != alpha.shape:
            colour, share = cells(colour, under), cells(alpha, under)
        added = colour - zero if is_premultiplied else (colour - zero) * share
        found.append(np.rint(zero + (under - zero) * (1 - share) + added))
    return found


def rgb_from(planes, bits=8):
    """Turn limited BT.601 numbers into RGB, each pixel with its own chroma sample."""
    scale, size = 2.0 ** (bits - 8), planes[0].shape
    full = [plane if plane.shape == size else plane.repeat(-(-size[0] // plane.shape[0]), 0)[: size[0]].repeat(
        -(-size[1] // plane.shape[1]), 1)[:, : size[1]] for plane in planes]  # fmt: skip
    ycc = np.stack([(full[0] - 16 * scale) / (219 * scale), *((one - 128 * scale) / (224 * scale) for one in full[1:])])
    return np.einsum("ij,jhw->hwi", np.linalg.inv(BT601), ycc)


def planes_from(rgb, like, bits=8):
    """Turn RGB back into numbers, chroma averaged over its pixels."""
    scale = 2.0 ** (bits - 8)
    luma, blue, red = np.einsum("ij,hwj->ihw", BT601, rgb)
    full = [16 * scale + 219 * scale * luma, 128 * scale + 224 * scale * blue, 128 * scale + 224 * scale * red]
    return [
        np.rint(cells(one, under) if one.shape != under.shape else one) for one, under in zip(full, like, strict=True)
    ]


def worst(found, wanted):
    """Return how far two frames' planes are apart at most, in code values."""
    return max(float(np.abs(one - other).max()) for one, other in zip(found, wanted, strict=True))
