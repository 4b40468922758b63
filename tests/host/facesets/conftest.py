"""Drawn facesets: what every face looks like and where it came from is stated by the test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy.faceset import Faceset, FoundFace, Look, Origin
from understudy.pictures import encode_png
from understudy_sdk import Face, FaceType
from understudy_sdk.landmarks import TEMPLATE

SIDE = 128
FRAMES = 1000


@dataclass(frozen=True)
class Drawn:
    """One face to draw."""

    frame: int = 0
    number: int = 0
    seed: int = 0
    blur: float = 0.0
    light: float = 1.0
    tint: tuple[float, float, float] = (1.0, 0.8, 0.7)
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    sharpness: float = 50.0
    size_px: float = 64.0
    score: float = 0.9
    track: int = 0
    origin: Origin = Origin.FOUND
    box_x: float = 20.0
    smile: float = 0.0

    def picture(self):
        random = np.random.default_rng(self.seed)
        grain = cv2.resize(random.uniform(0.3, 1.0, (16, 16)), (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
        grain *= random.uniform(0.95, 1.0, grain.shape)  # edges of a drawing are too even for edge finders
        if self.blur:
            grain = cv2.GaussianBlur(grain, (0, 0), self.blur)
        return np.clip(grain[..., None] * np.array(self.tint) * 220 * self.light, 0, 255).astype(np.uint8)

    def found(self) -> FoundFace:
        jaw = [(0.5 - 0.6 * np.cos(a), 0.2 + 0.9 * np.sin(a)) for a in np.linspace(0, np.pi, 17)]
        points = np.concatenate([jaw, TEMPLATE])
        points[48:68, 1] += self.smile
        landmarks = (points * 40 + self.box_x).astype(np.float32)
        box = np.array([self.box_x, 20, self.box_x + 40, 60], np.float32)
        scale = SIDE / self.size_px
        mask = np.zeros((SIDE, SIDE), np.uint8)
        mask[8:120, 8:120] = 255
        return FoundFace(
            frame=self.frame,
            pts=self.frame * 512,
            number=self.number,
            face=Face(box, self.score, landmarks=landmarks),
            frame_to_crop=np.array([[scale, 0, 0], [0, scale, 0]], np.float64),
            picture=encode_png(self.picture()),
            mask=encode_png(mask),
            found_landmarks=landmarks,
            origin=self.origin,
            track=self.track,
            look=Look(self.pitch, self.yaw, self.roll, self.sharpness, 100.0 * self.light),
        )


@pytest.fixture
def drawn():
    """Give the class of faces to draw."""
    return Drawn


@pytest.fixture
def make_faceset(tmp_path):
    """Give a maker of facesets of one clip; its faces are numbered in their frames."""

    def make(faces, name="set", clip="clip", frames=FRAMES, shape=(FaceType.WHOLE_FACE, SIDE, ".png"), people=None):
        folder = tmp_path / name
        ordered = sorted(faces, key=lambda face: face.frame)
        numbered, before = [], dict[int, int]()
        for face in ordered:
            numbered.append(replace(face, number=before.get(face.frame, 0)))
            before[face.frame] = before.get(face.frame, 0) + 1
        with Faceset(folder, writable=True) as index:
            number = index.register_clip(clip.ljust(64, "0"), f"{clip}.mp4", Fraction(1, 12800), frames, (320, 240))
            index.add_chunk(number, (0, frames), [face.found() for face in numbered], shape)
            if people:
                index.set_people(people)
        return folder

    return make


@pytest.fixture
def damage():
    """Give a function that spoils the picture of a frame's face."""

    def spoil(folder: Path, frame: int) -> str:
        (path,) = (folder / "faces").glob(f"*_{frame:07d}_0.png")
        path.write_bytes(b"no picture")
        return path.name

    return spoil
