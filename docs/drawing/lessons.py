"""What do narrow networks learn in a minute or two, from the portraits and from a clip with a rod before the faces?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import cv2
import numpy as np

from understudy.demo.motion import SOUND_RATE, perform, voice
from understudy.extraction import faceset_artifact
from understudy.faceset import FaceRow, Faceset
from understudy.labels import import_labels
from understudy.learning import swap_artifact
from understudy.mask_training import MaskOrder, train_masker
from understudy.mask_training.choosing import choose_masker
from understudy.phases import run
from understudy.progress import Silent
from understudy.project import LoadedProject, load_project
from understudy.store import WorkFolder
from understudy.training import LoopSettings
from understudy.training.checkpoints import Checkpoint, Checkpoints
from understudy.video.film import film
from understudy.weights import WeightCache
from understudy_sdk import Crop, Resources
from understudy_sdk.geometry import mesh_to_crop, transform_points
from understudy_sdk.polygons import DrawnMask, Polygon, write_polygons
from understudy_sdk.types import F32, F64, U8

from .material import Material

__all__ = ["CHANGED_AFTER", "EACH", "LABELLED", "MASKER_STEPS", "Lessons", "crop_of"]

CHANGED_AFTER: Final = 1200
"""Steps after which faces are no longer bent."""

PROJECT: Final = f"""
understudy: 1
name: learning
device: cpu
facesets:
  hopper: {{clips: [clips/hopper.mp4]}}
  astronaut: {{clips: [clips/astronaut.mp4]}}
  covered: {{clips: [clips/covered.mp4]}}
extract:
  detector: {{use: mediapipe}}
  aligner: {{use: mediapipe}}
  masker: {{use: mesh}}
  face_type: full
  crop_size: 192
swaps:
  - source: hopper
    target: astronaut
    model:
      use: amp
      with:
        resolution: 64
        face_type: full
        code_width: 48
        inter_width: 96
        encoder_width: 16
        decoder_width: 16
        mask_width: 6
        batch_size: 4
        learning_rate: 0.00025
      iterations: 1500
      schedule: [{{after: {CHANGED_AFTER}, set: {{random_warp: false}}}}]
      training: {{hold_out: 0.13, measure_every: 150, preview_every: 250}}
    merger: {{use: overlay}}
"""

EACH: Final = 50
"""Frames of each person in the clip with the rod."""
LABELLED: Final = 30
"""In that many of them, the first ones, every second face is labelled."""
MASKER: Final = ("face_type=full", "resolution=64", "width=8", "lr_dropout=n")
MASKER_STEPS: Final = 1000
_RATES: Final = ((0.002, 150), (0.0005, MASKER_STEPS))
"""How far its weights move, and up to which step."""

_SHADES: Final = (((46, 92, 66), (86, 140, 108)), ((120, 60, 40), (176, 110, 84)))


@dataclass(frozen=True)
class Lessons:
    """Two trainings, done once and kept with the material."""

    material: Material

    @cached_property
    def project(self) -> LoadedProject:
        """The project of both, with its facesets."""
        assert self.material.clips
        covered = self.material.folder / "clips" / "covered.mp4"
        if not covered.exists():
            film(covered, self._covered(), 25, (voice(perform(2 * EACH, 25, 3), 25, 3), SOUND_RATE), {"title": "a rod"})
        path = self.material.folder / "learning.yaml"
        path.write_text(PROJECT, encoding="utf-8")
        for target in ("covered", "astronaut"):  # only what a swap uses is extracted
            project = load_project(path, self.material.registry, [f"swaps.0.target={target}"])
            run(project, phases=("extract",), progress=Silent())
        return project

    def _covered(self) -> Iterator[U8]:
        for number in range(2 * EACH):
            name = ("astronaut", "hopper")[number // EACH]
            moment = perform(EACH, 25, 7 + number // EACH)[number % EACH]
            picture = self.material.posed(name, moment.pose, moment.expression).copy()
            ends, (dark, light) = _rod(number), _SHADES[number // EACH]
            cv2.line(picture, *np.rint(ends).astype(int).tolist(), dark, _THICK_PX, cv2.LINE_AA)
            cv2.line(picture, *np.rint(ends - (3, 6)).astype(int).tolist(), light, 7, cv2.LINE_AA)
            yield picture

    @cached_property
    def training(self) -> Any:
        """The folder in which the model has learnt."""
        run(self.project, phases=("train",), progress=Silent())
        return swap_artifact(WorkFolder(self.project.work), self.project.swaps[0]).folder

    def model(self, **settings: Any) -> Any:
        """Return the model as it has learnt, with some settings changed."""
        chosen = self.project.swaps[0].model
        model = self.material.stage("model", chosen.name, **{**chosen.config.model_dump(mode="json"), **settings})
        checkpoint = Checkpoints(self.training).newest(print)
        assert isinstance(checkpoint, Checkpoint)
        model.load_weights(checkpoint.weights())
        return model

    @cached_property
    def labelled(self) -> Any:
        """The folder of the faceset with the rod, some of its faces labelled."""
        folder = faceset_artifact(WorkFolder(self.project.work), self.project.facesets["covered"]).folder
        with Faceset(folder, writable=True) as index:
            chosen = [row for row in index.all_rows() if row.frame % EACH < LABELLED and row.frame % 2 == 0]
            drawn = {row.name: self._drawn(index, row) for row in chosen}
            text = self.material.folder / "polygons.json"
            text.write_text(write_polygons(drawn), encoding="utf-8")
            import_labels(index, text)
        return folder

    def _drawn(self, index: Faceset, row: FaceRow) -> DrawnMask:
        """Return what a person would draw: some corners around the face, and the rod that is taken out."""
        crop = crop_of(index, row)
        mask = self.material.stage("masker", "mesh", forehead=0.08).mask([crop])[0].values
        outlines, _ = cv2.findContours((mask >= 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        face = cv2.approxPolyDP(max(outlines, key=cv2.contourArea), 0.012 * row.size, closed=True)
        rod = transform_points(row.frame_to_crop, _corners(_rod(row.frame)))
        parts = (Polygon(face.reshape(-1, 2).astype(np.float32), True), Polygon(rod.astype(np.float32), False))
        return DrawnMask((row.size, row.size), parts)

    @cached_property
    def masker(self) -> Any:
        """XSeg as it has learnt from the labelled faces."""
        for rate, steps in _RATES:
            settings = (*MASKER, f"learning_rate={rate}")
            chosen = choose_masker(self.material.registry, "xseg", settings, learns=True)
            masker = chosen.build(Resources("cpu", WeightCache().find, 2))
            train_masker(
                MaskOrder(
                    chosen=chosen, masker=masker, facesets=[self.labelled], folder=self.material.folder / "xseg",
                    steps=steps, hold_out=0.0, loop=LoopSettings(),
                )
            )  # fmt: skip
        return masker


_THICK_PX: Final = 34


def _rod(number: int) -> F64:
    """Return where a rod's middle line begins and ends in a frame of the clip, x y in px."""
    time, angle = (number % EACH) / EACH, np.deg2rad(-28 + 46 * np.sin(number / 9))
    middle = np.array([256 + 90 * np.sin(number / 7), 150 + 150 * time + 30 * np.cos(number / 5)])
    return np.stack([middle + sign * 210 * np.array([np.cos(angle), np.sin(angle)]) for sign in (-1, 1)])


def _corners(ends: F64) -> F32:
    along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
    aside = np.array([-along[1], along[0]]) * (_THICK_PX / 2 + 1)
    tips = ends + np.outer((-1, 1), along) * _THICK_PX / 2
    return np.array([tips[0] + aside, tips[1] + aside, tips[1] - aside, tips[0] - aside], np.float32)


def crop_of(index: Faceset, row: FaceRow) -> Crop:
    """Return a face of a faceset as its masker saw it."""
    landmarks = transform_points(row.frame_to_crop, row.landmarks).astype(np.float32)
    mesh = None if row.face.mesh is None else mesh_to_crop(row.frame_to_crop, row.face.mesh)
    return Crop(index.picture(row), row.frame_to_crop, row.face_type, landmarks, mesh)
