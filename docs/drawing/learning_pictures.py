"""What do models and maskers that learn give, and the tools around their training, as pictures?"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

import cv2
import numpy as np
from matplotlib.figure import Figure

from understudy.faceset import Faceset
from understudy.mask_training.drawing import over_face
from understudy.pictures import decode_picture
from understudy.quality.records import read_quality
from understudy.swapping import Neighbour, Window, steadied_swap
from understudy.swapping.flow import FlowFinder
from understudy.training import read_losses
from understudy.training.history import HISTORY_NAME
from understudy.video import ClipReader
from understudy_sdk import Swap
from understudy_sdk.types import F32

from .canvas import ACCENT, GOOD, QUIET, curves, panels, show
from .lessons import CHANGED_AFTER, EACH, LABELLED, MASKER_STEPS, Lessons, crop_of
from .material import FRAMES, RATE, Material

__all__ = ["LEARNING_PICTURES"]

MORPHS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)


def model_amp(material: Material) -> Figure:
    """One face of the target, and what a narrow amp makes of it at five values of ``morph``."""
    lessons, axes = Lessons(material), panels(len(MORPHS) + 1)
    model = lessons.model()
    crop = material.crop(material.portraits["astronaut"].rgb, "full", model.crop_spec.size)
    show(axes[0], crop.rgb, "a face of the target")
    for axis, morph in zip(axes[1:], MORPHS, strict=True):
        swap = lessons.model(morph=morph).swap([crop])[0]
        show(axis, np.clip(swap.rgb, 0, 1), f"morph: {morph:g}")
    return _figure(axes)


def masker_xseg(material: Material) -> Figure:
    """A labelled face with its polygons and its learnt mask, and two faces that nobody labelled."""
    lessons, axes = Lessons(material), panels(4)
    masker = lessons.masker
    with Faceset(lessons.labelled) as index:
        rows, labels = {row.frame: row for row in index.all_rows()}, index.labels()
        row = rows[EACH + 8]
        label = labels[row.name]
        drawn = label.drawn_on(row.frame_to_crop, row.size).astype(np.float32) / 255
        polygons = label.polygons_on(row.frame_to_crop)
        show(axes[0], over_face(index.picture(row), drawn, polygons), "polygons: take in, leave out")
        unseen = [rows[place] for place in (EACH + LABELLED + 12, LABELLED + 4)]
        titles = (f"its mask after {MASKER_STEPS} steps", "never labelled", "never labelled")
        for axis, shown, title in zip(axes[1:], (row, *unseen), titles, strict=True):
            crop = crop_of(index, shown)
            show(axis, over_face(crop.rgb, masker.mask([crop])[0].values), title)
    return _figure(axes)


def masks(material: Material) -> Figure:
    """Labelled faces as ``masker show --labelled`` draws them."""
    axes = panels(1, aspect=0.168)
    with Faceset(Lessons(material).labelled) as index:
        labels = index.labels()
        rows = [row for row in index.all_rows() if row.name in labels]
        picked = [rows[place] for place in np.linspace(0, len(rows) - 1, 6).astype(int)]
        tiles = [
            over_face(
                index.picture(row),
                labels[row.name].drawn_on(row.frame_to_crop, row.size).astype(np.float32) / 255,
                labels[row.name].polygons_on(row.frame_to_crop),
            )
            for row in picked
        ]
    title = f"{len(tiles)} of {len(rows)} labelled faces: green takes in, red leaves out, dark is outside the mask"
    show(axes[0], np.hstack(tiles), title)
    return _figure(axes)


def training(material: Material) -> Figure:
    """Losses of a training whose settings change on the way, and the preview it writes."""
    folder, axes = Lessons(material).training, panels(2, aspect=0.66, widths=(1.0, 1.35))
    history = read_losses(folder / HISTORY_NAME)
    curves(axes[0], f"losses over {len(history)} steps", "step", "loss (mean of 8 steps)")
    for name, color in (("source", ACCENT), ("target", GOOD)):
        smooth = np.convolve(history.losses(name), np.full(8, 1 / 8), "valid")
        axes[0].plot(history.steps[7:], smooth, color=color, lw=1.2, label=name)
    axes[0].axvline(CHANGED_AFTER + 0.5, color=QUIET, ls="--", lw=1)
    top = axes[0].get_ylim()[1]
    axes[0].text(
        CHANGED_AFTER - 8, top, "random_warp: false", color=QUIET, rotation=90, ha="right", va="top", fontsize=8
    )
    axes[0].legend(loc="upper center", fontsize=8)
    preview = decode_picture((folder / "preview-latest.png").read_bytes(), "preview")
    show(axes[1], preview, "the newest preview, of faces held out")
    return _figure(axes)


def quality(material: Material) -> Figure:
    """Measures on held-out faces over the steps of a training."""
    table, axes = read_quality(Lessons(material).training), panels(3, aspect=0.7)
    wanted = (
        ("likeness of rebuilt faces (HaarPSI)", {"haarpsi_source": ACCENT, "haarpsi_target": GOOD}),
        ("colour difference of the same (ΔE00)", {"color_source": ACCENT, "color_target": GOOD}),
        ("swap's expression off the target's, %", {"expression_eyes": ACCENT, "expression_mouth": GOOD}),
    )
    for axis, (title, names) in zip(axes, wanted, strict=True):
        curves(axis, title, "step", "")
        for name, color in names.items():
            axis.plot(table.steps, table.losses(name), color=color, lw=1.4, marker="o", ms=3, label=name)
        axis.axvline(CHANGED_AFTER + 0.5, color=QUIET, ls="--", lw=1)
        axis.legend(fontsize=7.5)
    return _figure(axes)


SIDE_PX: Final = 96
COLUMN_PX: Final = 50
"""The column of a crop that is followed through the clip: down forehead, nose and mouth."""


def steady_swaps(material: Material) -> Figure:
    """One column of pixels of every frame, side by side: a clip's own crops, with made flicker, and steadied."""
    crops, axes = _crops(material), panels(3, aspect=0.75)
    truth = [crop.rgb.astype(np.float32) / 255 for crop in crops]
    trembling = [Swap(picture) for picture in _flickering(truth)]
    calm = _steadied(trembling, crops, 0.5)
    columns = {
        "a perfect answer": truth,
        "with a model's flicker, drawn": [swap.rgb for swap in trembling],
        "the same with steadiness: 0.5": [swap.rgb for swap in calm],
    }
    for axis, (title, pictures) in zip(axes, columns.items(), strict=True):
        strip = np.stack([picture[:, COLUMN_PX - 1 : COLUMN_PX + 2].mean(axis=1) for picture in pictures], axis=1)
        show(axis, cv2.resize(np.clip(strip, 0, 1), None, fx=4, fy=3, interpolation=cv2.INTER_NEAREST), title)
        axis.set_xlabel("frames, from left to right")
    axes[0].set_ylabel("one column of pixels, forehead to chin")
    return _figure(axes)


def _crops(material: Material) -> list[Any]:
    with ClipReader(material.clips["astronaut"]) as reader:
        return [material.crop(frame.frame().rgb, "full", SIDE_PX) for frame in reader.frames(0, FRAMES)]


def _flickering(truth: list[F32]) -> list[F32]:
    """Return pictures whose light and colour pump, with blotches, and trembling by a fraction of a pixel."""
    random, found = np.random.default_rng(1), []
    for picture in truth:
        shift = np.array([[1, 0, random.normal(0, 0.3)], [0, 1, random.normal(0, 0.3)]])
        moved = cv2.warpAffine(
            picture, shift, (SIDE_PX, SIDE_PX), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        blotches = cv2.resize(random.normal(0, 0.02, (6, 6, 3)), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC)
        found.append(np.clip(moved + random.normal(0, 0.025, 3) + blotches, 0, 1).astype(np.float32))
    return found


def _steadied(swaps: list[Swap], crops: list[Any], strength: float) -> list[Swap]:
    window, finder = Window(tuple(range(len(crops))), Fraction(1, RATE), strength), FlowFinder()
    motions: dict[tuple[int, int], Any] = {}
    found = []
    for here in range(len(swaps)):
        first, stop = window.around(here)
        near = [other for other in range(first, min(stop, len(swaps))) if other != here]
        for other in near:
            if (here, other) not in motions:
                motions[here, other], motions[other, here] = finder.between(crops[here].rgb, crops[other].rgb)
        neighbours = [Neighbour(swaps[other], motions[here, other], window.weight(here, other)) for other in near]
        found.append(steadied_swap(swaps[here], neighbours))
    return found


def _figure(axes: list[Any]) -> Figure:
    return axes[0].figure  # type: ignore[no-any-return]


LEARNING_PICTURES: Final = {
    "model-amp": model_amp,
    "masker-xseg": masker_xseg,
    "tool-masks": masks,
    "tool-training": training,
    "tool-quality": quality,
    "tool-steady-swaps": steady_swaps,
}
