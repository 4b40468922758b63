"""Fixtures that every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

FOOTAGE = Path(__file__).resolve().parents[2] / "shared" / "footage"
GOLDEN = Path(__file__).parent / "data" / "golden"


@pytest.fixture(scope="session")
def footage():
    """Give the path of a clip of the shared footage by name, or skip with a message that names it."""

    def find(name: str) -> Path:
        path = FOOTAGE / name
        if not path.is_file():
            pytest.skip(f"the clip {name} is not here (looked in ../shared/footage)")
        return path

    return find


@pytest.fixture(scope="session")
def golden() -> Path:
    """Give the folder of reference numbers."""
    return GOLDEN


@pytest.fixture(scope="session", autouse=True)
def signing_keys(tmp_path_factory):
    """Keep the tests' signing key away from the user's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERSTUDY_KEYS", str(tmp_path_factory.mktemp("keys")))
        yield


SQUARE_PLUGIN = '''
"""Stages for drawn clips: the face is the bright square, its landmarks the mean face's, and a model mirrors it."""
import os, time
from collections.abc import Iterable
import numpy as np
from understudy_sdk import (
    Aligner, CropSpec, Detector, Face, FaceType, Model, StageConfig, StageSpec, Swap, hookimpl
)
from understudy_sdk.landmarks import TEMPLATE

class SquareConfig(StageConfig):
    """Settings of the square finder."""
    level: int = 60
    fail_at_pts: int = -1

class Square:
    def __init__(self, config): self.config = config
    def detect(self, frames):
        time.sleep(float(os.environ.get("SQUARE_DELAY", "0")) * len(frames))
        found = []
        for frame in frames:
            if frame.pts == self.config.fail_at_pts:
                raise ZeroDivisionError("square root of nothing")
            rows, columns = np.nonzero(frame.rgb[..., 0] > self.config.level)
            if len(rows) < 100:
                found.append([])
                continue
            box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float32)
            found.append([Face(box, 0.9)])
        return found
    def align(self, frames, faces):
        done = []
        for some in faces:
            placed = []
            for face in some:
                x0, y0, x1, y1 = face.box
                inner = TEMPLATE.astype(np.float64)
                jaw = np.array([(0.5 - 0.6 * np.cos(a), 0.2 + 0.9 * np.sin(a)) for a in np.linspace(0, np.pi, 17)])
                points = np.concatenate([jaw, inner]) * 0.6 + 0.2
                landmarks = (points * (x1 - x0, y1 - y0) + (x0, y0)).astype(np.float32)
                placed.append(Face(face.box, face.score, landmarks=landmarks))
            done.append(placed)
        return done

@hookimpl
def understudy_detectors() -> Iterable[StageSpec[Detector]]:
    yield StageSpec(name="square", summary="Finds the bright square.", config=SquareConfig, tiny=SquareConfig(),
                    build=lambda config, resources: Square(config))

class Mirror:
    crop_spec = CropSpec(FaceType.FULL, 64)
    def swap(self, crops):
        return [Swap(np.ascontiguousarray(crop.rgb[:, ::-1]).astype(np.float32) / 255) for crop in crops]

@hookimpl
def understudy_models() -> Iterable[StageSpec[Model]]:
    yield StageSpec(name="mirror", summary="Mirrors the face; knows nothing to learn.", config=StageConfig,
                    tiny=StageConfig(), build=lambda config, resources: Mirror())

@hookimpl
def understudy_aligners() -> Iterable[StageSpec[Aligner]]:
    yield StageSpec(name="square", summary="Places the mean face.", config=SquareConfig, tiny=SquareConfig(),
                    build=lambda config, resources: Square(config))
'''


@pytest.fixture(scope="session")
def square_plugin(tmp_path_factory) -> Path:
    """Install the detector and aligner ``square`` and the model ``mirror`` into a folder for ``sys.path``."""
    folder = tmp_path_factory.mktemp("square")
    (folder / "square_stage.py").write_text(SQUARE_PLUGIN)
    info = folder / "square_stage-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: square-stage\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[understudy]\nsquare = square_stage\n")
    return folder


@pytest.fixture
def drawn_clip():
    """Give a function that draws a clip: a bright patterned square that wanders over a dark, patterned ground."""

    def draw(path: Path, frames: int = 24, size: tuple[int, int] = (160, 120), hue: int = 0, **options) -> Path:
        import av
        import numpy as np

        width, height = size
        random = np.random.default_rng(hue)
        ground = random.integers(0, 40, (height, width, 3), dtype=np.uint8)
        side = 64
        face = random.integers(120, 255, (8, 8, 3), dtype=np.uint8).repeat(8, axis=0).repeat(8, axis=1)
        face[..., 0] = np.maximum(face[..., 0], 160)
        codec = options.pop("codec", "libx264")
        coding = options.pop("options", {"crf": "8", "preset": "ultrafast"})
        pixel_format = options.pop("pix_fmt", "yuv444p")
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=25, options=coding)
            stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
            for number in range(frames):
                picture = ground.copy()
                x = 10 + (number * 3) % (width - side - 20)
                y = 20 + (number * 2) % (height - side - 30)
                if number not in options.get("without_face", ()):
                    picture[y : y + side, x : x + side] = face
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return draw
