"""A drawn face that sways, talks and blinks, and another face drawn alike in every frame: the truth of a swap."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from understudy.plugins import discover

SIDE = 96
_DRAWN = 3  # px drawn per px shown
LIDS = {9: 0.5, 10: 1.0, 11: 1.0, 12: 0.6}
"""How far the lids are down, by frame."""

TARGET = {"skin": (196, 150, 128), "eye": (40, 28, 24), "lips": (140, 60, 66), "seed": 1}
SOURCE = {"skin": (150, 116, 96), "eye": (24, 44, 66), "lips": (168, 70, 80), "seed": 2}


def drawn(number: int, person: dict) -> np.ndarray:
    """Return a face in one frame, float32 (SIDE, SIDE, 3), 0 to 1; the two people move alike."""
    side = SIDE * _DRAWN
    random = np.random.default_rng(person["seed"])
    grain = cv2.resize(random.normal(0, 9, (48, 48, 3)), (side, side), interpolation=cv2.INTER_CUBIC)
    picture = np.clip(np.float32(person["skin"]) + grain, 0, 255).astype(np.float32)
    lid, mouth = LIDS.get(number, 0.0), 6 + 14 * abs(np.sin(number / 3))
    for x in (0.33, 0.67):
        centre, open_px = (int(x * side), int(0.4 * side)), round(16 * (1 - lid))
        if open_px:
            cv2.ellipse(picture, centre, (26, open_px), 0, 0, 360, (236, 232, 228), -1, cv2.LINE_AA)
            cv2.circle(picture, centre, min(open_px, 12), person["eye"], -1, cv2.LINE_AA)
        cv2.line(picture, (centre[0] - 26, centre[1]), (centre[0] + 26, centre[1]), (60, 40, 34), 3, cv2.LINE_AA)
    lips = (side // 2, int(0.72 * side))
    cv2.ellipse(picture, lips, (44, int(mouth)), 0, 0, 360, person["lips"], -1, cv2.LINE_AA)
    sway = np.float32([[1, 0, 5 * np.sin(number / 5)], [0, 1, 3 * np.cos(number / 4)]])
    swayed = cv2.warpAffine(picture, sway, (side, side), borderMode=cv2.BORDER_REPLICATE)
    return cv2.resize(swayed, (SIDE, SIDE), interpolation=cv2.INTER_AREA) / np.float32(255)


def trembling(truth: np.ndarray, seed: int = 3) -> np.ndarray:
    """Return pictures whose light and colour pump, with blotches, grain and a little trembling."""
    random = np.random.default_rng(seed)
    found = []
    for picture in truth:
        shift = np.array([[1, 0, random.normal(0, 0.15)], [0, 1, random.normal(0, 0.15)]])
        moved = cv2.warpAffine(picture, shift, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        blotches = cv2.resize(random.normal(0, 0.015, (6, 6, 3)), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        grain = cv2.GaussianBlur(random.normal(0, 0.015, (SIDE, SIDE, 3)), (0, 0), 0.8)
        found.append(np.clip(moved + random.normal(0, 0.02, 3) + blotches + grain, 0, 1))
    return np.asarray(found, np.float32)


@pytest.fixture(scope="session")
def film():
    """Give the target's crops, the truth of its swap, predictions that flicker, and where the eyes are."""
    numbers = range(16)
    crops = np.stack([np.rint(255 * drawn(number, TARGET)).astype(np.uint8) for number in numbers])
    truth = np.stack([drawn(number, SOURCE) for number in numbers])
    eyes = (slice(int(0.3 * SIDE), int(0.5 * SIDE)), slice(int(0.2 * SIDE), int(0.8 * SIDE)))
    return SimpleNamespace(crops=crops, truth=truth, predicted=trembling(truth), eyes=eyes, lids=LIDS)


PUMPING_PLUGIN = '''
"""A model whose answers pump in brightness with where the face lies, and which remembers what it was asked."""
from collections.abc import Iterable
import numpy as np
from understudy_sdk import CropSpec, FaceType, Model, StageConfig, StageSpec, Swap, hookimpl

ASKED = []

class Pumping:
    crop_spec = CropSpec(FaceType.FULL, 64)
    def swap(self, crops):
        found = []
        for crop in crops:
            place = float(crop.frame_to_crop[0, 2])
            ASKED.append(place)
            level = np.float32(0.8 + 0.2 * np.sin(1000.0 * place))
            found.append(Swap(np.ascontiguousarray(crop.rgb[:, ::-1]).astype(np.float32) / 255 * level))
        return found

@hookimpl
def understudy_models() -> Iterable[StageSpec[Model]]:
    yield StageSpec(name="pumping", summary="Mirrors the face, brighter or darker.", config=StageConfig,
                    tiny=StageConfig(), build=lambda config, resources: Pumping())
'''


@pytest.fixture
def registry(square_plugin, tmp_path_factory, monkeypatch):
    """Discover the stages of drawn clips and the model ``pumping``; ``pumping_stage.ASKED`` is what it was asked."""
    folder = tmp_path_factory.mktemp("pumping")
    (folder / "pumping_stage.py").write_text(PUMPING_PLUGIN)
    info = folder / "pumping_stage-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pumping-stage\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[understudy]\npumping = pumping_stage\n")
    monkeypatch.syspath_prepend(str(square_plugin))
    monkeypatch.syspath_prepend(str(folder))
    return discover()
