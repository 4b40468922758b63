"""A clip with a textured face on which layers are laid by hand, so that each can be wrong in one way."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.gates.measuring import FrameMeter
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
        return Laid(0, "face.png", 0, frame.index, crop, region, layer, tuple(map(float, box)), laying)

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
