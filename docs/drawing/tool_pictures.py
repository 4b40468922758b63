"""What do extraction, facesets and corrections do, as pictures?"""

from __future__ import annotations

import shutil
from typing import Any, Final

import cv2
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from understudy.demo.expression import Expression
from understudy.demo.puppet import Pose
from understudy.exchange import export_dfl
from understudy.exchange.dfl_jpeg import read_aligned
from understudy.exchange.dfl_values import DFL_FACE_TYPES
from understudy.extraction import warp_crop
from understudy.faceset import FaceRow, Faceset
from understudy.facesets.balance import choose_best
from understudy.facesets.facts import read_facts
from understudy.progress import Silent
from understudy.steadiness import eye_opening, jitter_of, noise_of, steady
from understudy.video import ClipReader
from understudy_sdk import Face, FaceType
from understudy_sdk.geometry import crop_corners, frame_to_crop

from .canvas import ACCENT, GOOD, QUIET, WIDTH_IN, box, curves, panels, points, show, square, words
from .material import CUT, FRAMES, Material

__all__ = ["TOOL_PICTURES"]

COLORS: Final = {"found": ACCENT, "followed": GOOD, "filled": QUIET}


def extraction(material: Material) -> Figure:
    """Frames of the scene with the faces found and followed, and every frame of every track below."""
    with Faceset(material.faceset("scene")) as index:
        rows = list(index.all_rows())
    figure = plt.figure(figsize=(WIDTH_IN, 3.5), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=(1.15, 1.0))
    frames = (0, 2, CUT - 1, CUT)
    for axes, frame in zip(top.subplots(1, len(frames)), frames, strict=True):
        show(axes, _frame(material, frame), f"frame {frame}")
        for row in (row for row in rows if row.frame == frame):
            box(axes, row.face.box, f"track {row.track}", COLORS[str(row.origin)])
    axes = curves(bottom.subplots(), "every frame of every track; between looks of the detector, faces are followed",
                  "frame", "track")  # fmt: skip
    for origin, color in (("found", ACCENT), ("followed", GOOD)):
        own = [row for row in rows if str(row.origin) == origin]
        axes.scatter([row.frame for row in own], [row.track for row in own], s=13, marker="s", c=color, label=origin)
    axes.axvline(CUT - 0.5, color=QUIET, ls="--", lw=1)
    axes.text(CUT + 0.2, 0.5, "cut", color=QUIET, fontsize=8)
    axes.set_yticks(sorted({row.track for row in rows}))
    axes.set_ylim(-0.6, 3.6)
    axes.set_xlim(-1, FRAMES)
    axes.legend(loc="center left", fontsize=8, bbox_to_anchor=(1.0, 0.5))
    return figure


def _frame(material: Material, position: int) -> Any:
    with ClipReader(material.clips["scene"]) as reader:
        return next(iter(reader.frames(position, position + 1))).frame().rgb


def tracks(material: Material) -> Figure:
    """Faces of each track, and who they are taken for."""
    with Faceset(material.faceset("scene")) as index:
        rows = list(index.all_rows())
        numbers = sorted({row.track for row in rows})
        axes = panels(1, len(numbers), aspect=0.125)
        for axis, number in zip(axes, numbers, strict=True):
            own = [row for row in rows if row.track == number]
            picked = [own[place] for place in np.linspace(0, len(own) - 1, 8).astype(int)]
            strip = np.hstack(
                [cv2.resize(index.picture(row), (84, 84), interpolation=cv2.INTER_AREA) for row in picked]
            )
            show(axis, strip, f"track {number}: {own[0].person}, frames {own[0].frame} to {own[-1].frame}")
    return axes[0].figure


def steadiness(material: Material) -> Figure:
    """A still face that blinks, filmed with noise: a landmark's place and an eye's opening, before and after."""
    random, count = np.random.default_rng(3), 60
    pictures = {blink: material.posed("astronaut", Pose(), Expression(blink=blink)) for blink in (0.0, 0.5, 1.0)}
    blinks = np.zeros(count)
    blinks[28:33] = (0.5, 1.0, 1.0, 1.0, 0.5)
    found = []
    for blink in blinks:
        noisy = pictures[float(blink)] + random.standard_normal((512, 512, 3), dtype=np.float32) * 8
        landmarks = material.faces(np.clip(noisy, 0, 255).astype(np.uint8))[0].landmarks
        assert landmarks is not None
        found.append(landmarks)
    before, times = np.stack(found), np.arange(count) / 25
    after = steady(times, before, noise_of(times, before), 0.5)
    axes = panels(2, aspect=0.52)
    shaking = [jitter_of(times, some) for some in (before, after)]
    assert shaking[0] is not None
    assert shaking[1] is not None
    curves(axes[0], f"nose tip; jitter {shaking[0].whole_px:.2f} px found, {shaking[1].whole_px:.2f} px steadied",
           "time in s", "px from its mean")  # fmt: skip
    curves(axes[1], "right eye's opening: a blink stays a blink", "time in s", "lids' distance over eye's width")
    for some, color, label in ((before, QUIET, "as found"), (after, ACCENT, "steadiness: 0.5")):
        axes[0].plot(times, some[:, 30, 0] - before[:, 30, 0].mean(), color=color, lw=1.4, label=label)
        axes[1].plot(times, eye_opening(some)[:, 0], color=color, lw=1.4, label=label)
    axes[0].legend(fontsize=8)
    axes[1].legend(fontsize=8, loc="lower left")
    return axes[0].figure


TYPES: Final = ("half", "mid_full", "full", "mesh", "whole_face", "head")


def face_types(material: Material) -> Figure:
    """The square of each face type in a frame, and the crops."""
    rgb = material.posed("astronaut", Pose(yaw_deg=8, roll_deg=9))
    face, frame = material.faces(rgb)[0], material.frame(rgb)
    assert face.landmarks is not None
    figure = plt.figure(figsize=(WIDTH_IN, 3.45), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.0, 1.62))
    axes = show(left.subplots(), rgb, "their squares in the frame")
    cells = right.subplots(2, 3).ravel()
    shades = ("#e03131", "#f08c00", "#2f9e44", "#12b886", "#1971c2", "#9c36b5")
    for axis, name, color in zip(cells, TYPES, shades, strict=True):
        square(axes, crop_corners(frame_to_crop(face.landmarks, FaceType(name), 256, mesh=face.mesh), 256), "", color)
        crop = warp_crop(frame, face, FaceType(name), 256)
        show(axis, crop.rgb, name)
        for spine in axis.spines.values():
            spine.set(visible=True, edgecolor=color, linewidth=2.5)
    return figure


def crop_filter(material: Material) -> Figure:
    """A frame with fine drawn stripes, cut small by both filters, and the crops' formats."""
    small = material.posed("hopper", Pose(roll_deg=4))
    rgb = cv2.resize(small, (2048, 2048), interpolation=cv2.INTER_CUBIC)
    rows, columns = np.mgrid[0:2048, 0:2048]
    stripes = np.sign(np.sin((columns + 0.35 * rows) * 2 * np.pi / 11)) * (rows > 1270)
    rgb = np.clip(rgb + 42 * stripes[..., None], 0, 255).astype(np.uint8)
    axes = panels(3)
    show(axes[0], rgb[900:1900, 500:1500], "a large frame with fine stripes drawn on it")
    face = material.faces(rgb)[0]
    for axis, name in zip(axes[1:], ("smooth", "bilinear"), strict=True):
        crop = warp_crop(material.frame(rgb), face, FaceType.WHOLE_FACE, 128, is_exact=name == "bilinear")
        show(axis, cv2.resize(crop.rgb, (512, 512), interpolation=cv2.INTER_NEAREST), f"crop of 128 px, {name}")
    return axes[0].figure


def faceset_best(material: Material) -> Figure:
    """Poses of a faceset's faces, the twelve that ``best -n 12`` chooses, and the sharpest twelve beside them."""
    with Faceset(material.faceset("hopper")) as index:
        facts = read_facts(index)
        figure_of = {face.name: face.sharpness for face in facts}
        chosen = choose_best(index, facts, figure_of, 12, Silent())
        sharpest = sorted(facts, key=lambda face: -face.sharpness)[:12]
        rows = {row.name: row for row in index.all_rows()}
        of_name = {face.name: face for face in facts}
        strips = [_grid(index, [rows[name] for name in names])
                  for names in (sorted(chosen, key=lambda name: of_name[name].yaw_deg),
                                [face.name for face in sharpest])]  # fmt: skip
    axes = panels(3, aspect=0.78)
    curves(axes[0], "every face's pose; chosen ones ringed", "yaw in degrees", "pitch in degrees")
    axes[0].scatter([face.yaw_deg for face in facts], [face.pitch_deg for face in facts], s=9, c=QUIET)
    axes[0].scatter([of_name[name].yaw_deg for name in chosen], [of_name[name].pitch_deg for name in chosen], s=60,
                    facecolors="none", edgecolors=ACCENT, linewidths=1.6)  # fmt: skip
    show(axes[1], strips[0], "best -n 12: even over poses")
    show(axes[2], strips[1], "the 12 sharpest")
    return axes[0].figure


def _grid(index: Faceset, rows: list[FaceRow]) -> Any:
    tiles = [cv2.resize(index.picture(row), (96, 96), interpolation=cv2.INTER_AREA) for row in rows]
    return np.vstack([np.hstack(tiles[first : first + 4]) for first in range(0, len(tiles), 4)])


def corrections(material: Material) -> Figure:
    """A face as found, a box put in by hand with the aligner's landmarks, and landmarks moved by hand."""
    rgb = material.posed("hopper", Pose(yaw_deg=10))
    face, axes = material.faces(rgb)[0], panels(3, aspect=0.9)
    assert face.landmarks is not None
    points(show(axes[0], rgb, "as the machine found it"), face.landmarks, 5)
    box(axes[0], face.box, "found", QUIET)
    by_hand = Face(np.array([165, 75, 355, 300], np.float32), 1.0)
    (aligned,) = material.aligner.align([material.frame(rgb)], [[by_hand]])[0]
    points(show(axes[1], rgb, "a box by hand: the aligner places landmarks"), aligned.landmarks, 5)
    box(axes[1], by_hand.box, "by hand", GOOD)
    moved = face.landmarks.copy()
    moved[:17] += np.array([0, 6], np.float32)
    points(show(axes[2], rgb, "landmarks by hand: they stay"), moved, 5, GOOD)
    return axes[0].figure


_DFL_NAMES: Final = {face_type: name for name, face_type in DFL_FACE_TYPES.items()}


def exchange(material: Material) -> Figure:
    """A face exported for DeepFaceLab, with the landmarks that its JPEG states, and what else it states."""
    folder = material.folder / "exported"
    shutil.rmtree(folder, ignore_errors=True)
    with Faceset(material.faceset("astronaut")) as index:
        export_dfl(index, folder, Silent(), names={next(iter(index.all_rows())).name}, with_masks=True)
    path = next(folder.glob("*.jpg"))
    face = read_aligned(path.read_bytes(), path.name)
    rgb = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    axes = panels(2, aspect=0.55, widths=(0.8, 1.4))
    points(show(axes[0], rgb, path.name), face.landmarks, 6)
    rect = ", ".join(f"{value:.0f}" for value in (face.source_rect if face.source_rect is not None else ()))
    first, last = face.frame_to_crop if face.frame_to_crop is not None else ((), ())
    matrix = "\n".join("                    " + " ".join(f"{value:9.3f}" for value in line) for line in (first, last))
    words(axes[1], (
        f"in the APP15 segment of the file:\n\nface_type           {_DFL_NAMES[face.face_type]}\n"
        "landmarks           68 points of the picture\n"
        f"source_filename     {face.source_filename}\nsource_rect         {rect}\n"
        "source_landmarks    68 points of the frame\n"
        f"image_to_face_mat\n{matrix}\nxseg_mask           {'yes' if face.mask is not None else 'no'}"
    ), mono=True)  # fmt: skip
    return axes[0].figure


TOOL_PICTURES: Final = {
    "tool-extraction": extraction,
    "tool-tracks": tracks,
    "tool-steadiness": steadiness,
    "tool-face-types": face_types,
    "tool-crop-filter": crop_filter,
    "tool-faceset-best": faceset_best,
    "tool-corrections": corrections,
    "tool-exchange": exchange,
}
