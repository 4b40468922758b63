"""A project on drawn clips; and a textured face on which layers are laid by hand, so that each is wrong in one way."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.gates.measuring import FrameMeter
from understudy.merging import recipe
from understudy.phases import run
from understudy.plugins import discover
from understudy.progress import Silent
from understudy.project import load_project
from understudy.swapping import Laid
from understudy.video import ClipReader, probe
from understudy_sdk import Crop, FaceType, Layer

BOX = (40, 20, 104, 84)
CENTRE, RADIUS = (32, 32), 22


def disc(soft_px=0.0):
    """Give a round mask, float32 (64, 64); a soft one reaches no further than a hard one and a few px more."""
    mask = cv2.circle(np.zeros((64, 64), np.float32), CENTRE, RADIUS, 1.0, -1)
    return cv2.GaussianBlur(mask, (0, 0), soft_px) if soft_px else mask


class Bench:
    """Lays a layer into each frame of a clip and measures it."""

    def __init__(self, path):
        self.info = probe(path)
        self.meter = FrameMeter(self.info)
        self._reader = ClipReader(path, self.info)
        self.frames = self._reader.frames(0, len(self.info.pts))

    def next(self):
        """Give the next frame and its samples as they came."""
        frame = next(self.frames)
        return frame, tuple(plane.copy() for plane in frame.planes())

    def lay(self, frame, change, mask, box=BOX):
        """Lay what a function makes of the region's colours, and give what was laid."""
        region = frame.region(*box)
        side = mask.shape[0]
        crop = Crop(
            np.zeros((side, side, 3), np.uint8), np.array([[1.0, 0, -box[0]], [0, 1.0, -box[1]]]), FaceType.FULL,
            np.zeros((68, 2), np.float32),
        )  # fmt: skip
        layer = Layer(np.asarray(change(region.rgb), np.float32), mask)
        laying = frame.lay(region, layer)
        return Laid(0, "face.png", 0, frame.index, crop, region, region, layer, tuple(map(float, box)), laying)

    def measured(self, changes, mask):
        """Give the figures of one face in as many frames as there are changes."""
        found = []
        for change in changes:
            frame, before = self.next()
            laid = self.lay(frame, change, mask)
            found.append(self.meter.measure(frame, [laid], None, before).faces[0])
        return found


@pytest.fixture
def bench(tmp_path, drawn_clip):
    """Give a function that draws a clip whose ground has a face's texture, and gives its bench."""
    import av

    def make(pixel_format="yuv420p", frames=3):
        random = np.random.default_rng(3)
        rows, columns = np.mgrid[0:120, 0:160]
        slope = np.stack([120 + columns / 4, 90 + rows / 4, 80 + columns / 8], axis=2)
        picture = np.clip(slope + random.normal(0, 8, (120, 160, 1)), 0, 255).astype(np.uint8)
        with av.open(str(tmp_path / "clip.nut"), "w") as container:
            stream = container.add_stream("rawvideo", rate=25)
            stream.width, stream.height, stream.pix_fmt = 160, 120, pixel_format
            for _ in range(frames):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())
        return Bench(tmp_path / "clip.nut")

    return make


PROJECT = """
understudy: 1
consent: {basis: synthetic, statement: Drawn squares agree to everything}
device: cpu
facesets: {red: {clips: [red.mkv]}, blue: {clips: [blue.mkv]}}
extract:
  {detector: {use: square}, aligner: {use: square}, masker: {use: hull}, crop_size: 64, fill_gaps_s: 0, steadiness: 0}
swaps:
  - source: red
    target: blue
    model: {use: mirror}
    merger: {use: overlay, with: {mask_erode_px: 4, mask_blur_px: 8, color_transfer: none}}
output: {path: out.mkv, video: {codec: ffv1, crf: null, preset: null}}
"""


class Listener(Silent):
    """Keeps what is said, and how much there was to do."""

    def __init__(self):
        self.said, self.phases = [], []

    def say(self, text):
        self.said.append(text)

    def start(self, phase, total, unit, *, done=0, device=""):
        self.phases.append((phase, total, done))


class Project:
    """A project on two drawn clips."""

    def __init__(self, folder, registry):
        self.folder, self.registry = folder, registry

    def load(self, *changes):
        return load_project(self.folder / "p.yaml", self.registry, changes)

    def run(self, *changes, **options):
        listener = Listener()
        run(self.load(*changes), progress=listener, **options)
        return listener

    def records(self):
        return sorted((self.folder / "p.work" / "merge").glob("blue-gates-*/chunk-*.jsonl"))


@pytest.fixture
def project(tmp_path, square_plugin, monkeypatch, drawn_clip):
    monkeypatch.syspath_prepend(str(square_plugin))
    monkeypatch.setattr(recipe, "CHUNK_FRAMES", 3)
    drawn_clip(tmp_path / "red.mkv", frames=2, hue=1, codec="ffv1", options={})
    drawn_clip(tmp_path / "blue.mkv", frames=7, hue=2, codec="ffv1", options={}, pix_fmt="yuv420p", without_face=(4,))
    (tmp_path / "p.yaml").write_text(PROJECT)
    return Project(tmp_path, discover())
