"""Drawn faces whose mask is their bright part, and a masker that can learn no more than how bright that is."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

import cv2
import numpy as np
import pytest
from pydantic import Field

from understudy.faceset import FaceLabel, Faceset, FoundFace, Look, Origin
from understudy.mask_training import choose_masker
from understudy.pictures import encode_png
from understudy.plugins import Offer, Registry
from understudy.plugins import Origin as PluginOrigin
from understudy_sdk import CHANGEABLE, INPUT_PATH, CropSpec, Face, FaceType, Mask, StageConfig, StageSpec
from understudy_sdk.geometry import frame_to_crop
from understudy_sdk.landmarks import TEMPLATE
from understudy_sdk.polygons import Polygon

SIDE = 64


def landmarks_of(turn=0.1, scale=90.0, at=(60.0, 50.0)):
    jaw = np.array([(0.5 - 0.6 * np.cos(a), 0.2 + 0.9 * np.sin(a)) for a in np.linspace(0, np.pi, 17)])
    points = np.concatenate([jaw, TEMPLATE]) * scale
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return (points @ rotation.T + at).astype(np.float32)


def bright_part(frame):
    """Return the corners of a frame's bright part in crop px."""
    left, top = 10 + frame % 7, 12 + frame % 5
    return np.array([(left, top), (left + 30, top), (left + 30, top + 36), (left, top + 36)], np.float32)


def drawn(frame, turn=0.0):
    """Return a face whose bright part is the one to mask; the mask it comes with is empty."""
    random = np.random.default_rng(frame)
    rgb = random.integers(0, 60, (SIDE, SIDE, 3), dtype=np.uint8)
    cv2.fillPoly(rgb, [bright_part(frame).astype(np.int32)], (200, 190, 180))
    landmarks = landmarks_of(turn)
    return FoundFace(
        frame=frame,
        pts=frame,
        number=0,
        face=Face(np.array([60, 50, 160, 150], np.float32), 0.9, landmarks=landmarks),
        frame_to_crop=frame_to_crop(landmarks, FaceType.WHOLE_FACE, SIDE),
        picture=encode_png(rgb),
        mask=encode_png(np.zeros((SIDE, SIDE), np.uint8)),
        found_landmarks=landmarks,
        origin=Origin.FOUND,
        track=0,
        look=Look(0, 0, 0, 1, 1),
    )


@pytest.fixture
def make_set(tmp_path):
    """Give a maker of facesets; the faces of the first ``labelled`` frames have a polygon around their bright part."""

    def make(name="set", frames=8, labelled=6, face_type=FaceType.WHOLE_FACE):
        folder = tmp_path / name
        with Faceset(folder, writable=True) as index:
            clip = index.register_clip(name.ljust(64, "0"), f"{name}.mp4", Fraction(1, 25), 100, (320, 240))
            index.add_chunk(clip, (0, 100), [drawn(frame) for frame in range(frames)], (face_type, SIDE, ".png"))
            rows = list(index.all_rows())
            index.set_labels({
                row.name: FaceLabel(row.frame_to_crop, SIDE, (Polygon(bright_part(row.frame), is_included=True),))
                for row in rows[:labelled]
            })  # fmt: skip
        return folder

    return make


class BrightConfig(StageConfig):
    """Settings of the masker of bright parts."""

    face_type: FaceType = FaceType.WHOLE_FACE
    resolution: int = 32
    batch_size: Annotated[int, Field(ge=1, json_schema_extra=CHANGEABLE)] = 3
    rate: float = 20.0
    weights: Annotated[str, Field(json_schema_extra=INPUT_PATH)] = ""
    fails_at: int = -1


class BrightMasker:
    """Two numbers that learn by gradient descent: how bright the face is, and how sharply that tells it apart."""

    def __init__(self, config, resources):
        import torch
        from safetensors.torch import load_file

        self.config, self.calls = config, 0
        self.line = torch.tensor([1.0, 0.0])
        if config.weights:
            self.load_weights(load_file(f"{config.weights}/weights.safetensors"))

    @property
    def crop_spec(self):
        return CropSpec(self.config.face_type, self.config.resolution)

    @property
    def batch_size(self):
        return self.config.batch_size

    def mask(self, crops):
        self.calls += len(crops)
        if 0 <= self.config.fails_at < self.calls:
            raise ZeroDivisionError("nothing to divide by")
        a, b = self.line.tolist()
        grey = [crop.rgb.mean(axis=2) / 255 for crop in crops]
        return [Mask((1 / (1 + np.exp(-(a * values + b)))).astype(np.float32)) for values in grey]

    def train_step(self, data, step, batch_size):
        import torch

        batch = data.draw(step - 1, batch_size)
        line = self.line.clone().requires_grad_()
        grey = batch.rgb.float().mean(dim=1, keepdim=True) / 255
        logits = line[0] * grey + line[1]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, batch.mask.float() / 255)
        loss.backward()
        self.line = self.line - self.config.rate * line.grad
        return {"mask": float(loss.detach())}

    def weights(self):
        return {"line": self.line}

    def load_weights(self, weights):
        self.line = weights["line"].clone()

    def optimizer_state(self):
        import torch

        return {"nothing": torch.zeros(1)}

    def load_optimizer_state(self, state):
        assert "nothing" in state

    def lower_learning_rate(self, factor):
        pass


@pytest.fixture
def registry():
    """Give a registry with a masker that learns and one that does not."""
    origin = PluginOrigin("fakes", "understudy-fakes", "1.0")
    bright = StageSpec(
        name="bright", summary="Masks what is bright.", config=BrightConfig, tiny=BrightConfig(), build=BrightMasker,
        learns=True,
    )  # fmt: skip
    plain = StageSpec(name="plain", summary="Learns nothing.", config=StageConfig, tiny=StageConfig(), build=print)
    return Registry([Offer("masker", spec, origin) for spec in (bright, plain)])


@pytest.fixture
def choose(registry):
    """Give a function that chooses the learning masker with settings, and builds it."""
    from understudy_sdk import Resources

    def make(*settings):
        chosen = choose_masker(registry, "bright", settings, learns=True)
        return chosen, chosen.build(Resources("cpu", lambda file: None))

    return make
