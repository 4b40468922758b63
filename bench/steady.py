"""How much does steadying calm a swap, what does it cost, and does it leave ghosts or blur?

Two tables. The first is of a model that is trained here for a few hundred steps: flicker is what changes from one of
its predictions to the next beyond what the target's face explains by moving, less what the target's own crops change
in the same way. The second knows the truth: crops of a clip stand for perfect predictions, a made flicker (light and
colour that pump, blotches, grain, trembling) is put on them, and what is left of it is measured.

``python bench/steady.py --work FOLDER`` keeps the extracted faces and the trained model there for the next time.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

FOOTAGE = Path(__file__).resolve().parents[2] / "shared" / "footage"
STRENGTHS = (0.0, 0.25, 0.5, 1.0)

PROJECT = """
understudy: 1
name: steady
consent: {{basis: synthetic, statement: A measurement}}
device: {device}
facesets: {{source: {{clips: ['{source}']}}, target: {{clips: ['{target}']}}}}
extract: {{detector: {{use: mediapipe}}, aligner: {{use: mediapipe}}, masker: {{use: hull}}}}
swaps:
  - source: source
    target: target
    model: {{use: quick96, with: {{batch_size: 4}}, iterations: {steps}}}
    merger: {{use: seamless_clone}}
"""


def load(args: argparse.Namespace, folder: Path) -> Any:
    """Write the project, do what is missing of its extraction and training, and return it."""
    from understudy.phases import run
    from understudy.plugins import discover
    from understudy.progress import Silent
    from understudy.project import load_project

    path = folder / "steady.yaml"
    path.write_text(PROJECT.format(source=args.source, target=args.target, steps=args.steps, device=args.device))
    project = load_project(path, discover())
    run(project, phases=("extract", "train"), progress=Silent())
    return project


def trained(project: Any) -> Any:
    """Return the project's model with what it has learnt."""
    from understudy.learning import swap_artifact
    from understudy.phases import resources_for
    from understudy.progress import Silent
    from understudy.store import WorkFolder
    from understudy.training.checkpoints import Checkpoints

    swap = project.swaps[0]
    model = swap.model.build(resources_for(project))
    checkpoint = Checkpoints(swap_artifact(WorkFolder(project.work), swap).folder).newest(Silent().say)
    model.load_weights(checkpoint.weights())
    return model


def crops_of(project: Any, name: str, spec: Any, frames: int) -> tuple[list[Any], Any]:
    """Return the crops of a faceset's first track, at a model's size, and the clip's facts."""
    from understudy.extraction import faceset_artifact, warp_crop
    from understudy.faceset import Faceset
    from understudy.store import WorkFolder
    from understudy.video import ClipReader, fingerprint, probe

    faceset = project.facesets[name]
    clip = faceset.clips[0]
    with Faceset(faceset_artifact(WorkFolder(project.work), faceset).folder) as index:
        found = index.rows(fingerprint(clip), 0, frames)
    rows = {row.frame: row for row in found if row.track == found[0].track}
    with ClipReader(clip) as reader:
        cut = [
            warp_crop(frame.frame(), rows[frame.index].face, spec.face_type, spec.size)
            for frame in reader.frames(0, frames)
            if frame.index in rows
        ]
    return cut, probe(clip)


def steadied(swaps: Sequence[Any], crops: Sequence[Any], info: Any, strength: float) -> tuple[list[Any], float]:
    """Return predictions steadied as in a merge, and the milliseconds of processor time each took."""
    from understudy.swapping import Neighbour, Window, steadied_swap
    from understudy.swapping.flow import FlowFinder

    window, finder, motions, done = Window(info.pts, info.time_base, strength), FlowFinder(), {}, []
    start = time.process_time()
    for here in range(len(swaps)):
        first, stop = window.around(here)
        near = [other for other in range(first, min(stop, len(swaps))) if other != here]
        for other in near:
            if (here, other) not in motions:
                motions[here, other], motions[other, here] = finder.between(crops[here].rgb, crops[other].rgb)
        found = [Neighbour(swaps[other], motions[here, other], window.weight(here, other)) for other in near]
        done.append(steadied_swap(swaps[here], found))
    return done, 1000 * (time.process_time() - start) / len(swaps)


def oval(side: int) -> Any:
    """Return where a crop surely shows the face, float32 (S, S, 1)."""
    mask = np.zeros((side, side), np.float32)
    cv2.ellipse(mask, (side // 2, int(side * 0.52)), (int(side * 0.3), int(side * 0.38)), 0, 0, 360, 1.0, -1)
    return mask[..., None]


def changes(pictures: Any, crops: Sequence[Any]) -> Any:
    """Return by how many levels of 255 each picture differs from the one before, moved as the target's face did."""
    side = len(pictures[0])
    mask, found = oval(side), []
    places = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).astype(np.float32)
    grey = [cv2.cvtColor(crop.rgb, cv2.COLOR_RGB2GRAY) for crop in crops]
    for number in range(1, len(pictures)):
        flow = cv2.calcOpticalFlowFarneback(grey[number], grey[number - 1], None, 0.5, 4, 13, 5, 5, 1.1, 0)
        before = cv2.remap(pictures[number - 1], places + flow, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        found.append(255 * float((np.abs(pictures[number] - before) * mask).sum() / mask.sum() / 3))
    return np.array(found)


def pumping(pictures: Any) -> float:
    """Return how much the face's mean colour trembles: its second difference in time, root mean square, of 255."""
    mask = oval(len(pictures[0]))
    means = np.array([(picture * mask).sum(axis=(0, 1)) / mask.sum() for picture in pictures])
    return float(255 * np.sqrt(np.square(np.diff(means, n=2, axis=0)).mean()))


def sharpness(pictures: Any) -> Any:
    """Return the energy of each face's gradient."""
    mask = oval(len(pictures[0]))[..., 0]
    grey = [cv2.cvtColor(np.asarray(picture, np.float32), cv2.COLOR_RGB2GRAY) for picture in pictures]
    return np.array([
        float(((cv2.Sobel(one, -1, 1, 0) ** 2 + cv2.Sobel(one, -1, 0, 1) ** 2) * mask).sum()) for one in grey
    ])  # fmt: skip


def made_flicker(truth: Any, seed: int) -> Any:
    """Return pictures with light and colour that pump, blotches, grain and trembling."""
    random, side, found = np.random.default_rng(seed), len(truth[0]), []
    for picture in truth:
        shift = np.array([[1, 0, random.normal(0, 0.25)], [0, 1, random.normal(0, 0.25)]])
        moved = cv2.warpAffine(picture, shift, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        blotches = cv2.resize(random.normal(0, 0.015, (6, 6, 3)), (side, side), interpolation=cv2.INTER_CUBIC)
        grain = cv2.GaussianBlur(random.normal(0, 0.02, (side, side, 3)), (0, 0), 0.8)
        found.append(np.clip(moved + random.normal(0, 0.02, 3) + blotches + grain, 0, 1).astype(np.float32))
    return found


def errors(pictures: Any, truth: Any) -> tuple[Any, Any]:
    """Return each picture's error, root mean square over the face, and the largest of any place in it."""
    mask = oval(len(pictures[0]))
    pairs = zip(pictures, truth, strict=True)
    squares = [np.square(one - true).mean(axis=-1, keepdims=True) * mask for one, true in pairs]
    whole = [np.sqrt(square.sum() / mask.sum()) for square in squares]
    local = [np.sqrt(cv2.GaussianBlur(square, (0, 0), len(mask) / 24).max()) for square in squares]
    return np.array(whole), np.array(local)


def measure_model(project: Any, frames: int, pictures: Path | None) -> None:
    """Print the table of a trained model."""
    model = trained(project)
    crops, info = crops_of(project, "target", model.crop_spec, frames)
    swaps = [swap for first in range(0, len(crops), 4) for swap in model.swap(crops[first : first + 4])]
    own = changes([crop.rgb.astype(np.float32) / 255 for crop in crops], crops).mean()
    print(f"quick96 after {project.swaps[0].iterations} steps, {len(crops)} frames; the target's own crops: {own:.2f}")
    print("| steadiness | flicker, of 255 | beyond the target's | colour pumping | sharpness | ms a face |")
    print("| --- | --- | --- | --- | --- | --- |")
    sharp = sharpness([swap.rgb for swap in swaps])
    for strength in STRENGTHS:
        found, took_ms = steadied(swaps, crops, info, strength)
        rgb = [swap.rgb for swap in found]
        change, kept = changes(rgb, crops).mean(), np.median(sharpness(rgb) / sharp)
        print(f"| {strength:g} | {change:.2f} | {change - own:.2f} | {pumping(rgb):.2f} | {kept:.3f} | {took_ms:.1f} |")
        if pictures is not None:
            write_strip(pictures / f"steady-{strength:g}.png", rgb, crops)


def write_strip(path: Path, rgb: Any, crops: Sequence[Any]) -> None:
    """Write some crops, their predictions, and what these change to the next, times 8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = []
    for number in range(0, len(rgb) - 1, max(1, len(rgb) // 10)):
        change = np.clip(0.5 + 8 * (rgb[number + 1] - rgb[number]), 0, 1)
        columns.append(np.concatenate([crops[number].rgb / 255, rgb[number], change]))
    sheet = np.rint(255 * np.clip(np.concatenate(columns, axis=1), 0, 1)).astype(np.uint8)
    cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


def measure_truth(project: Any, name: str, side: int, frames: int) -> None:
    """Print the table of made flicker."""
    from understudy_sdk import CropSpec, FaceType, Swap

    crops, info = crops_of(project, name, CropSpec(FaceType.FULL, side), frames)
    truth = [crop.rgb.astype(np.float32) / 255 for crop in crops]
    trembling = [Swap(picture) for picture in made_flicker(truth, seed=1)]
    before, before_local = errors([swap.rgb for swap in trembling], truth)
    print(f"\nmade flicker, {project.facesets[name].clips[0].name} at {side} px, {len(crops)} frames")
    print("| steadiness | PSNR, dB | worst frame's error | worst place's error | sharpness over the truth's |")
    print("| --- | --- | --- | --- | --- |")
    sharp = sharpness(truth)
    for strength in STRENGTHS:
        rgb = [swap.rgb for swap in steadied(trembling, crops, info, strength)[0]]
        after, after_local = errors(rgb, truth)
        decibels, kept = -20 * np.log10(after.mean()), np.median(sharpness(rgb) / sharp)
        frame, place = (after / before).max(), (after_local / before_local).max()
        print(f"| {strength:g} | {decibels:.1f} | {frame:.2f} × | {place:.2f} × | {kept:.3f} |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, default=FOOTAGE / "actor-a.mp4")
    parser.add_argument("--target", type=Path, default=FOOTAGE / "scene-interior.mp4")
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--work", type=Path, help="folder to keep faces and model in")
    parser.add_argument("--pictures", type=Path, help="folder for sheets of what was measured")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = args.work or Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        project = load(args, folder)
        measure_model(project, args.frames, args.pictures)
        measure_truth(project, "target", 96, args.frames)
        measure_truth(project, "source", 128, args.frames)


if __name__ == "__main__":
    main()
