"""How much does a swap's colour pump when faces and masks show different things from frame to frame, steadied or not?

Crops of a clip stand for the target, and the same crops in other colours for perfect swaps, so that the right result is
known: the crops themselves. Then things are put on them: a hand before the target's face in some frames, a mouth that
is brighter or darker in the swap than in the target, masks that tremble, light that changes, predictions that pump.
Measured on the skin that all frames show: the change of the error from frame to frame.

``python bench/looks.py --work FOLDER`` keeps the extracted faces there for the next time.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from steady import FOOTAGE, PROJECT, crops_of, oval

SIDE, FRAMES, REACH = 128, 90, 3
CASES: dict[str, dict[str, float]] = {
    "nothing": {},
    "a hand before the target's face": {"hand": 0.5},
    "a mouth that differs": {"mouth": 0.3},
    "a mask that trembles": {"mask_px": 2.0},
    "a target whose light pumps": {"target": 0.03},
    "a swap whose light and colour pump": {"swap": 0.03},
    "a hand, and a lamp that goes on": {"hand": 0.5, "lamp": 0.35},
    "all of these": {"hand": 0.5, "mouth": 0.3, "mask_px": 2.0, "target": 0.01, "swap": 0.02, "lamp": 0.35},
}


def extracted(clip: Path, folder: Path) -> Any:
    """Return a project whose target is a clip, with its faces extracted."""
    from understudy.phases import run
    from understudy.plugins import discover
    from understudy.progress import Silent
    from understudy.project import load_project

    path = folder / "looks.yaml"
    path.write_text(PROJECT.format(source=clip, target=clip, steps=1, device="cpu"))
    project = load_project(path, discover())
    run(project, phases=("extract",), progress=Silent())
    return project


def scene(crops: list[Any], case: dict[str, float]) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
    """Return targets as crops, swaps, masks, and the right results."""
    from dataclasses import replace

    from understudy_sdk import ColorMove, Mask, Swap
    from understudy_sdk.color_transfer import move_colors

    random = np.random.default_rng(0)
    colors = ColorMove(np.array([0.8, 0.9, 1.1], np.float32), np.array([12, 3, -4], np.float32))
    shape, targets, swaps, masks, right = oval(SIDE)[..., 0], [], [], [], []
    for number, crop in enumerate(crops):
        lamp = 1 + case.get("lamp", 0.0) * (number >= len(crops) // 2)
        light = lamp * (1 + case.get("target", 0.0) * random.standard_normal())
        truth = np.clip(crop.rgb.astype(np.float32) / 255 * light, 0, 1).astype(np.float32)
        swap = move_colors(truth, colors)
        box = mouth_of(crop)
        swap[box] *= 1 + case.get("mouth", 0.0) * np.sin(1.3 * number)
        swap *= (1 + case.get("swap", 0.0) * random.standard_normal(3)).astype(np.float32)
        target = truth.copy()
        if random.random() < case.get("hand", 0.0):
            cv2.ellipse(target, hand(), (14, 10), 0, 0, 360, (0.1, 0.1, 0.15), -1)
        shift = np.array([[1, 0, random.normal()], [0, 1, random.normal()]])
        shift[:, 2] *= case.get("mask_px", 0.0)
        targets.append(replace(crop, rgb=np.rint(target * 255).astype(np.uint8)))
        swaps.append(Swap(np.clip(swap, 0, 1)))
        masks.append(Mask(np.clip(cv2.warpAffine(shape, shift, (SIDE, SIDE)), 0, 1)))
        right.append(truth)
    return targets, swaps, masks, right


def hand() -> tuple[int, int]:
    """Return where the hand lies."""
    return int(SIDE * 0.65), int(SIDE * 0.72)


def mouth_of(crop: Any) -> tuple[slice, slice]:
    """Return the box around the mouth."""
    (x0, y0), (x1, y1) = (crop.landmarks[48:].min(axis=0).astype(int), crop.landmarks[48:].max(axis=0).astype(int))
    return slice(max(0, y0 - 1), y1 + 2), slice(max(0, x0 - 1), x1 + 2)


def skin_of(crop: Any) -> Any:
    """Return where the face shows skin that nothing hides, float32 (S, S, 1)."""
    shown = oval(SIDE).copy()
    shown[mouth_of(crop)] = 0
    cv2.ellipse(shown, hand(), (17, 13), 0, 0, 360, 0.0, -1)
    return shown


def measured(crops: list[Any], case: dict[str, float], strength: float) -> tuple[float, float]:
    """Return by how much of 255 the error changes from frame to frame, and a face's milliseconds of processor time."""
    from fractions import Fraction

    from understudy.swapping import Window
    from understudy.swapping.looks import glance, steady_look
    from understudy_sdk.color_transfer import recolored
    from understudy_sdk.texture_config import TextureConfig

    targets, swaps, masks, right = scene(crops, case)
    window, errors, spent = Window(range(len(crops)), Fraction(1, 25), 0.0, strength), [], 0.0
    start = time.process_time()
    seen = [glance(*some) for some in zip(targets, swaps, masks, strict=True)]
    spent += time.process_time() - start
    for here, target in enumerate(targets):
        first, stop = window.around(here)
        near = [other for other in range(first, stop) if other != here]
        start = time.process_time()
        look = steady_look(seen[here], [(seen[other], window.color_weight(here, other)) for other in near])
        spent += time.process_time() - start
        face = target.rgb.astype(np.float32) / 255
        done = recolored(TextureConfig(), swaps[here].rgb, face, masks[here].values, look=look)
        skin = skin_of(crops[here])
        errors.append(255 * ((done - right[here]) * skin).sum(axis=(0, 1)) / skin.sum())
    return float(np.sqrt(np.square(np.diff(errors, axis=0)).mean())), 1000 * spent / len(crops)


def main() -> None:
    """Print the table."""
    from understudy_sdk import CropSpec, FaceType

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", type=Path, default=FOOTAGE / "actor-a.mp4")
    parser.add_argument("--work", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = args.work or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        crops, _ = crops_of(extracted(args.clip, folder), "target", CropSpec(FaceType.WHOLE_FACE, SIDE), FRAMES)
    print(f"change of the error from frame to frame, of 255 ({args.clip.name}, {len(crops)} frames)")
    for name, case in CASES.items():
        row = [measured(crops, case, strength) for strength in (0.0, 0.5, 1.0)]
        print(f"| {name} | " + " | ".join(f"{pump:.2f}" for pump, _ in row) + f" |  {row[-1][1]:.1f} ms")


if __name__ == "__main__":
    main()
