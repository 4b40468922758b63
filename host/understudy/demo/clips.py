"""How are the demo's clips made out of two still portraits?"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np

from understudy.errors import MediaError
from understudy.plugins import Registry, blaming
from understudy.progress import Progress
from understudy.video import probe
from understudy.video.film import film
from understudy.weights import WeightCache
from understudy_sdk import Aligner, Detector, Frame, Resources
from understudy_sdk.types import F32, U8

from .motion import SOUND_RATE, Moment, perform, voice
from .portraits import Portrait, load_portraits
from .puppet import Puppet

__all__ = ["FRAMES", "RATE", "make_clips"]


FRAMES: Final = 140
RATE: Final = 25
FINDER: Final = "mediapipe"
"""Name of the detector and of the aligner that find the portraits' faces; the aligner gives a 468-point mesh."""
NOISE: Final = 1.6
"""Standard deviation of the camera's noise, in steps of 8 bits."""
FORMAT: Final = 1
"""Version of what is made from the same portrait."""


def make_clips(folder: Path, registry: Registry, progress: Progress, frames: int = FRAMES) -> dict[str, Path]:
    """Make ``astronaut.mp4`` and ``hopper.mp4``, each with sound, and return them by name.

    A clip that is there already, whole and of this length, is kept. The same portrait gives the same clip.

    Raises:
        RequestError: Where a package that carries a portrait is missing.
        MissingWeightsError: Where the models that find faces are not on this machine and cannot be fetched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clips = {}
    for portrait in load_portraits():
        path = clips[portrait.name] = folder / f"{portrait.name}.mp4"
        tags = _tags(portrait, frames)
        if not _is_whole(path, tags, frames):
            moments = perform(frames, RATE, portrait.seed)
            puppet = Puppet(portrait.rgb, find_mesh(portrait, registry, progress))
            progress.start(f"make {path.name}", frames, "frames", device="cpu")
            pictures = _shoot(puppet, moments, portrait.seed, progress)
            film(path, pictures, RATE, (voice(moments, RATE, portrait.seed), SOUND_RATE), tags)
            progress.finish()
    return clips


def find_mesh(portrait: Portrait, registry: Registry, progress: Progress) -> F32:
    """Return the mesh (468, 3) of the portrait's face, x y z in px."""
    cache = WeightCache()
    detectors, aligners = registry.offer("detector", FINDER), registry.offer("aligner", FINDER)
    for weight in (*detectors.spec.weights, *aligners.spec.weights):
        cache.pull(weight, progress.say)
    resources = Resources(device="cpu", weights=cache.find)
    frames = [Frame(portrait.rgb, pts=0, time_base=Fraction(1, RATE))]
    with blaming(detectors, "finding the portrait's face"):
        detector: Detector = detectors.spec.build(detectors.spec.config(), resources)
        found = detector.detect(frames)
    with blaming(aligners, "placing landmarks on the portrait"):
        aligner: Aligner = aligners.spec.build(aligners.spec.config(), resources)
        faces = aligner.align(frames, [found[0][:1]])[0]
    if not faces or faces[0].mesh is None:
        raise MediaError(Path(portrait.name), "no face with a mesh was found in the demo's portrait")
    return faces[0].mesh


def _shoot(puppet: Puppet, moments: list[Moment], seed: int, progress: Progress) -> Iterator[U8]:
    """Yield each frame, with the camera's noise."""
    random = np.random.default_rng(seed)
    for moment in moments:
        picture = puppet.show(moment.pose, moment.expression)
        noise = random.standard_normal(picture.shape, dtype=np.float32) * NOISE
        yield np.clip(picture + noise + 0.5, 0, 255).astype(np.uint8)
        progress.advance()


def _tags(portrait: Portrait, frames: int) -> dict[str, str]:
    """Return the clip's metadata, which also tells a clip of this recipe from another."""
    return {
        "title": f"Understudy demo: {portrait.name}",
        "comment": (
            f"A still portrait in the public domain ({portrait.credit}), moved by its mesh; "
            f"recipe {FORMAT}, {frames} frames"
        ),
    }


def _is_whole(path: Path, tags: dict[str, str], frames: int) -> bool:
    """Say whether the clip is there, made by this recipe and of this length."""
    if not path.is_file():
        return False
    try:
        return len(probe(path).pts) == frames and _comment(path) == tags["comment"]
    except MediaError:
        return False


def _comment(path: Path) -> str:
    with av.open(path) as container:
        return container.metadata.get("comment", "")
