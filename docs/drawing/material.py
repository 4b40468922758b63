"""What do the pictures show? Two public-domain portraits, still and moving, and what extraction makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from understudy.demo.clips import find_mesh, make_clips
from understudy.demo.expression import Expression
from understudy.demo.motion import SOUND_RATE, perform, voice
from understudy.demo.portraits import Portrait, load_portraits
from understudy.demo.puppet import Pose, Puppet
from understudy.extraction import faceset_artifact, warp_crop
from understudy.learning import swap_artifact
from understudy.phases import run
from understudy.pictures import decode_picture
from understudy.plugins import discover
from understudy.progress import Silent
from understudy.project import LoadedProject, load_project
from understudy.store import WorkFolder
from understudy.training import read_losses
from understudy.training.history import HISTORY_NAME
from understudy.video.film import film
from understudy.weights import WeightCache
from understudy_sdk import Crop, Face, FaceType, Frame, Resources
from understudy_sdk.types import U8

__all__ = ["CUT", "FRAMES", "Material"]

FRAMES: Final = 75
RATE: Final = 25
CUT: Final = 45
"""Frame of the scene at which both people change places."""

PROJECT: Final = """
understudy: 1
name: pictures
device: cpu
facesets:
  hopper: {clips: [clips/hopper.mp4]}
  astronaut: {clips: [clips/astronaut.mp4]}
  scene: {clips: [clips/scene.mp4]}
extract:
  detector: {use: mediapipe}
  aligner: {use: mediapipe}
  masker: {use: hull}
  recognizer: {use: dlib}
  face_type: full
  crop_size: 192
swaps:
  - source: hopper
    target: astronaut
    model:
      use: quick96
      with: {batch_size: 4, encoder_width: 32, decoder_width: 32, learning_rate: 0.0004, lr_dropout: 1.0}
      iterations: 240
    merger: {use: overlay}
"""


@dataclass(frozen=True)
class Material:
    """Everything that is drawn; made in a folder, and kept there for the next time."""

    folder: Path

    @cached_property
    def registry(self) -> Any:
        """The plugins that are installed."""
        return discover()

    def stage(self, kind: str, name: str, **settings: Any) -> Any:
        """Build a plugin with these settings."""
        spec = self.registry.offer(kind, name).spec
        cache = WeightCache()
        for weight in spec.weights if kind == "recognizer" or name == "mediapipe" else ():
            cache.pull(weight, print)
        return spec.build(spec.config(**settings), Resources("cpu", cache.find, 2))

    @cached_property
    def portraits(self) -> dict[str, Portrait]:
        """The two portraits, 512 px, by name."""
        return {portrait.name: portrait for portrait in load_portraits()}

    def frame(self, rgb: U8, pts: int = 0) -> Frame:
        """Return a picture as a frame."""
        return Frame(np.ascontiguousarray(rgb), pts, Fraction(1, RATE))

    @cached_property
    def _detector(self) -> Any:
        return self.stage("detector", "mediapipe")

    @cached_property
    def aligner(self) -> Any:
        """The mediapipe aligner."""
        return self.stage("aligner", "mediapipe")

    def faces(self, rgb: U8) -> list[Face]:
        """Return a picture's faces with landmarks and mesh."""
        frame = self.frame(rgb)
        return list(self.aligner.align([frame], self._detector.detect([frame]))[0])

    def crop(self, rgb: U8, face_type: str = "full", size: int = 256, *, is_exact: bool = False) -> Crop:
        """Return the first face of a picture, cut out."""
        return warp_crop(self.frame(rgb), self.faces(rgb)[0], FaceType(face_type), size, is_exact=is_exact)

    @cached_property
    def puppets(self) -> dict[str, Puppet]:
        """The portraits, to be posed."""
        return {
            name: Puppet(portrait.rgb, find_mesh(portrait, self.registry, Silent()))
            for name, portrait in self.portraits.items()
        }

    def posed(self, name: str, pose: Pose, expression: Expression | None = None) -> U8:
        """Return a portrait in a pose."""
        return self.puppets[name].show(pose, expression or Expression())

    @cached_property
    def clips(self) -> dict[str, Path]:
        """Both people's clips, and ``scene``: both side by side, who change places at a cut."""
        clips = make_clips(self.folder / "clips", self.registry, Silent(), frames=FRAMES)
        scene = clips["scene"] = self.folder / "clips" / "scene.mp4"
        if not scene.exists():
            moments = perform(FRAMES, RATE, 1)
            film(scene, self._scene(), RATE, (voice(moments, RATE, 1), SOUND_RATE), {"title": "two people"})
        return clips

    def _scene(self) -> Iterator[U8]:
        random = np.random.default_rng(0)
        moments = {name: perform(FRAMES, RATE, seed) for name, seed in (("astronaut", 2), ("hopper", 5))}
        for number in range(FRAMES):
            names = ["astronaut", "hopper"][:: -1 if number >= CUT else 1]
            sides = [self.posed(name, moments[name][number].pose, moments[name][number].expression) for name in names]
            picture = np.hstack([side[:, 56:456] for side in sides]).astype(np.float32)
            picture += random.standard_normal(picture.shape, dtype=np.float32) * 1.6
            yield np.clip(picture + 0.5, 0, 255).astype(np.uint8)

    @cached_property
    def project(self) -> LoadedProject:
        """A project of the clips, extracted."""
        assert self.clips
        path = self.folder / "pictures.yaml"
        path.write_text(PROJECT, encoding="utf-8")
        for target in ("scene", "astronaut"):  # only what a swap uses is extracted
            project = load_project(path, self.registry, [f"swaps.0.target={target}"])
            run(project, phases=("extract",), progress=Silent())
        return project

    @cached_property
    def trained(self) -> tuple[Any, U8]:
        """The losses of the project's training, and its preview."""
        run(self.project, phases=("train",), progress=Silent())
        folder = swap_artifact(WorkFolder(self.project.work), self.project.swaps[0]).folder
        preview = decode_picture((folder / "preview-latest.png").read_bytes(), "preview")
        return read_losses(folder / HISTORY_NAME), preview

    def faceset(self, name: str) -> Path:
        """Return the folder of an extracted faceset."""
        return faceset_artifact(WorkFolder(self.project.work), self.project.facesets[name]).folder
