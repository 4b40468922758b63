"""What does each detector, aligner, recognizer and model do, as a picture?"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
import torch
from matplotlib.figure import Figure

from understudy.demo.expression import Expression
from understudy.demo.puppet import Pose
from understudy_sdk import FaceBatch
from understudy_sdk.autoencoder.losses import blur_outside
from understudy_sdk.autoencoder.samples import Variation, prepare

from .canvas import ACCENT, GOOD, QUIET, box, curves, panels, points, show, square
from .material import Material

__all__ = ["PLUGIN_PICTURES"]


def detector_mediapipe(material: Material) -> Figure:
    """Boxes and eyes; small faces by tiles; a head upside down by rotations."""
    portrait, other = (material.portraits[name].rgb for name in ("astronaut", "hopper"))
    axes = panels(3, aspect=0.85, widths=(1.0, 1.6, 1.0))
    _detected(axes[0], material, portrait, "a face: box, score, eyes")
    wide = np.full((640, 1024, 3), 96, np.uint8)
    for picture, (row, column), side in (
        (portrait, (60, 60), 130),
        (other, (330, 420), 150),
        (portrait, (90, 790), 120),
    ):
        wide[row : row + side, column : column + side] = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    frame = material.frame(wide)
    plain = material.stage("detector", "mediapipe").detect([frame])[0]
    tiled = material.stage("detector", "mediapipe", tiles=384).detect([frame])[0]
    show(axes[1], wide, f"small faces: {len(plain)} found in the whole frame, {len(tiled)} with tiles: 384")
    for face in tiled:
        box(axes[1], face.box, f"{face.score:.2f}", GOOD)
    upside = np.ascontiguousarray(portrait[::-1, ::-1])
    _detected(axes[2], material, upside, "upside down, rotations: unsure", rotations="unsure")
    return _figure(axes)


def _detected(axes: Any, material: Material, rgb: Any, title: str, **settings: Any) -> None:
    show(axes, rgb, title)
    for face in material.stage("detector", "mediapipe", **settings).detect([material.frame(rgb)])[0]:
        box(axes, face.box, f"{face.score:.2f}")
        if face.eyes is not None:
            points(axes, face.eyes, 18, GOOD)


def detector_s3fd(material: Material) -> Figure:
    """The squares of S3FD's six levels over a portrait, and how a box is lengthened; drawn without weights."""
    portrait = material.portraits["astronaut"].rgb
    (x0, y0, x1, y1), axes = material.faces(portrait)[0].box, panels(3, aspect=1.0)
    show(axes[0], portrait, "cells of the level with stride 32 px")
    for place in range(0, 513, 32):
        axes[0].axhline(place, color="white", lw=0.5, alpha=0.7)
        axes[0].axvline(place, color="white", lw=0.5, alpha=0.7)
    row, column = int((y0 + y1) / 2) // 32, int((x0 + x1) / 2) // 32
    x, y = column * 32 + 16, row * 32 + 16
    box(axes[0], (x - 64, y - 64, x + 64, y + 64), "one cell's square: 4 strides")
    show(axes[1], portrait, "the squares of all six levels")
    for place, (stride, color) in enumerate(zip((4, 8, 16, 32, 64, 128), _shades(6), strict=True)):
        box(axes[1], (x - 2 * stride, y - 2 * stride, x + 2 * stride, y + 2 * stride), "", color)
        axes[1].text(500, 24 + 26 * place, f"stride {stride}: {4 * stride} px", color="white", fontsize=7.5, ha="right",
                     va="center", bbox={"facecolor": color, "edgecolor": "none", "pad": 1.2})  # fmt: skip
    show(axes[2], portrait, "extend_chin: 0.1 lengthens a box")
    box(axes[2], (x0, y0, x1, y1), "box", QUIET)
    box(axes[2], (x0, y0, x1, y1 + 0.1 * (y1 - y0)), "", ACCENT)
    return _figure(axes)


def _shades(count: int) -> list[str]:
    return [
        f"#{round(232 - 150 * t):02x}{round(89 + 40 * t):02x}{round(12 + 200 * t):02x}"
        for t in np.linspace(0, 1, count)
    ]


def aligner_mediapipe(material: Material) -> Figure:
    """68 landmarks, the dense mesh, and both on a turned head with closed eyes."""
    axes = panels(4)
    crop = material.crop(material.portraits["astronaut"].rgb, "full", 320)
    points(show(axes[0], crop.rgb, "68 landmarks (iBUG)"), crop.landmarks, 7)
    _mesh(show(axes[1], crop.rgb, "dense mesh of 468 points"), crop.mesh)
    pose = Pose(yaw_deg=24, pitch_deg=6, roll_deg=12)
    turned = material.crop(material.posed("hopper", pose, Expression(mouth_open=0.8, blink=0.0)), "full", 320)
    _mesh(show(axes[2], turned.rgb, "turned, mouth open"), turned.mesh)
    blinking = material.crop(material.posed("astronaut", Pose(), Expression(blink=1.0)), "full", 320)
    points(show(axes[3], blinking.rgb, "eyes shut"), blinking.landmarks, 7)
    return _figure(axes)


def _mesh(axes: Any, mesh: Any) -> None:
    points(axes, mesh[:, :2], 1.6, "white")


def aligner_fan(material: Material) -> Figure:
    """FAN's two squares around a box, and how a landmark is read off a heat map; drawn without weights."""
    from understudy_plugins.aligner.fan.decode import (
        peaks,
        window_of_box,
        window_of_landmarks,
    )  # fmt: skip

    portrait = material.posed("astronaut", Pose(yaw_deg=-8, roll_deg=14))
    face = material.faces(portrait)[0]
    assert face.landmarks is not None
    axes = panels(3)
    show(axes[0], portrait, "first look")
    box(axes[0], face.box, "detector's box", QUIET, dashed=True)
    for is_raised, color, label in ((False, ACCENT, "dfl"), (True, GOOD, "face_alignment")):
        window = window_of_box(face, is_raised, is_level=True)
        corners = window.to_frame(np.array([[0, 0], [64, 0], [64, 64], [0, 64]], float))
        square(axes[0], corners, f"crop: {label}", color, place=3 if is_raised else 2)
    second = window_of_landmarks(face.landmarks.astype(float))
    assert second is not None
    show(axes[1], portrait, "second look (passes: 2): turned as the face is")
    square(axes[1], second.to_frame(np.array([[0, 0], [64, 0], [64, 64], [0, 64]], float)), "", GOOD)
    points(axes[1], face.landmarks, 4)
    truth = np.array([30.82, 30.31])
    rows, columns = np.mgrid[0:64, 0:64]
    drawn = np.exp(-((columns + 0.5 - truth[0]) ** 2 + (rows + 0.5 - truth[1]) ** 2) / (2 * 1.2**2)).astype(np.float32)
    maps = np.repeat(drawn[None, None], 68, axis=1)
    axes[2].imshow(drawn, cmap="magma", extent=(0, 64, 64, 0), interpolation="nearest")
    axes[2].set_xlim(26.5, 35.0)
    axes[2].set_ylim(34.5, 26.0)
    axes[2].set_xticks([])
    axes[2].set_yticks([])
    axes[2].set_title("reading a heat map (one drawn by formula)")
    marks = (("true place", truth, "white", "o"), ("quarter", peaks(maps, False)[0, 0], ACCENT, "s"),
             ("fitted", peaks(maps, True)[0, 0], GOOD, "x"))  # fmt: skip
    for label, place, color, sign in marks:
        axes[2].plot(*place, sign, color=color, ms=11, mew=2, mfc="none", label=label)
    axes[2].legend(loc="lower right", fontsize=8)
    return _figure(axes)


def _people_crops(material: Material) -> list[Any]:
    poses = (Pose(yaw_deg=-18), Pose(), Pose(yaw_deg=18, pitch_deg=6))
    return [
        material.crop(material.posed(name, pose), "full", 192) for name in ("astronaut", "hopper") for pose in poses
    ]


def _recognized(material: Material, name: str) -> Figure:
    crops, recognizer = _people_crops(material), material.stage("recognizer", name)
    vectors = recognizer.embed(crops)
    alike = vectors @ vectors.T
    axes = panels(2, aspect=0.62, widths=(1.0, 1.1))
    strip = np.vstack([np.hstack([crop.rgb for crop in crops[:3]]), np.hstack([crop.rgb for crop in crops[3:]])])
    show(axes[0], strip, "six faces: a, b, c above; d, e, f below")
    image = axes[1].imshow(alike, cmap="viridis", vmin=float(alike.min()) - 0.01, vmax=1)
    for row in range(6):
        for column in range(6):
            is_same = alike[row, column] >= recognizer.same_person
            axes[1].text(column, row, f"{alike[row, column]:.2f}", ha="center", va="center", fontsize=8,
                         color="black" if alike[row, column] > (1 + alike.min()) / 2 else "white",
                         weight="bold" if is_same else "normal")  # fmt: skip
    axes[1].set_xticks(range(6), list("abcdef"))
    axes[1].set_yticks(range(6), list("abcdef"))
    axes[1].set_title(f"how alike; bold: at least same_person = {recognizer.same_person:g}")
    axes[1].figure.colorbar(image, ax=axes[1], fraction=0.045)
    return _figure(axes)


def recognizer_appearance(material: Material) -> Figure:
    """How alike six faces of two people look to ``appearance``."""
    return _recognized(material, "appearance")


def recognizer_dlib(material: Material) -> Figure:
    """How alike six faces of two people look to ``dlib``."""
    return _recognized(material, "dlib")


def recognizer_sface(material: Material) -> Figure:
    """The picture that SFace is given, and by which points it is cut; drawn without weights."""
    from understudy_plugins.recognizer.sface.recognizer import align
    from understudy_sdk.five_points import five_points

    axes = panels(4)
    for place, (name, pose) in enumerate(
        (("astronaut", Pose(roll_deg=-14)), ("hopper", Pose(yaw_deg=20, roll_deg=10)))
    ):
        crop = material.crop(material.posed(name, pose), "full_no_align", 256)
        points(show(axes[2 * place], crop.rgb, "five points of a crop"), five_points(crop.landmarks), 28)
        show(axes[2 * place + 1], align(crop), "what the network sees: 112 px")
    return _figure(axes)


def model_quick96(material: Material) -> Figure:
    """Loss curves and the preview of a narrow quick96 after a few hundred steps: a glimpse of learning."""
    history, preview = material.trained
    axes = panels(2, aspect=0.72, widths=(1.0, 1.5))
    curves(axes[0], f"losses over {len(history)} steps, narrow network", "step", "loss (mean of 8 steps)")
    for name, color in (("source", ACCENT), ("target", GOOD)):
        losses = history.losses(name)
        axes[0].plot(
            history.steps[7:], np.convolve(losses, np.full(8, 1 / 8), "valid"), color=color, lw=1.2, label=name
        )
    axes[0].legend()
    show(axes[1], preview, "the preview that training writes")
    return _figure(axes)


def model_saehd(material: Material) -> Figure:
    """A face as stored, and what its options make of it: bent, tinted, recoloured, features, surroundings."""
    faces = {name: _as_batch(material, name) for name in ("astronaut", "hopper")}
    source, target = faces["astronaut"], faces["hopper"]
    still = prepare(source, Variation(is_bent=False, has_features=True))
    bent = prepare(source, Variation(hsv_power=0.3))
    recolored = prepare(source, Variation(is_bent=False), target, "lct")
    assert still.features is not None
    pictures = {
        "to be drawn": still.true.rgb,
        "seen: warp and tint": bent.seen,
        "color_transfer: lct": recolored.true.rgb,
        "colours of whom": target.rgb / 255.0,
        "blur_out_mask": blur_outside(still.true),
        "eyes_mouth_priority": still.true.rgb * (0.35 + 0.65 * still.features),
    }
    axes = panels(len(pictures), aspect=1.0)
    for place, (title, picture) in zip(axes, pictures.items(), strict=True):
        show(place, picture[0].permute(1, 2, 0).clamp(0, 1).numpy(), title)
    return _figure(axes)


def model_dfm(material: Material) -> Figure:
    """What a DFM is shown of one face, for four face types: the file does not say which of them it knows."""
    types = ("half", "full", "whole_face", "head")
    axes = panels(len(types))
    for place, name in zip(axes, types, strict=True):
        show(place, material.crop(material.portraits["astronaut"].rgb, name, 224).rgb, f"face_type: {name}")
    return _figure(axes)


def _as_batch(material: Material, name: str) -> FaceBatch:
    """Return one face as training draws it."""
    crop = material.crop(material.portraits[name].rgb, "whole_face", 256)
    mask = np.rint(255 * material.stage("masker", "hull").mask([crop])[0].values).astype(np.uint8)
    rgb = torch.from_numpy(np.ascontiguousarray(crop.rgb.transpose(2, 0, 1)))
    return FaceBatch(rgb[None], torch.from_numpy(mask)[None, None], torch.from_numpy(crop.landmarks)[None], seed=4)


def _figure(axes: list[Any]) -> Figure:
    return axes[0].figure  # type: ignore[no-any-return]


PLUGIN_PICTURES: Final = {
    "detector-mediapipe": detector_mediapipe,
    "detector-s3fd": detector_s3fd,
    "aligner-mediapipe": aligner_mediapipe,
    "aligner-fan": aligner_fan,
    "recognizer-appearance": recognizer_appearance,
    "recognizer-dlib": recognizer_dlib,
    "recognizer-sface": recognizer_sface,
    "model-quick96": model_quick96,
    "model-saehd": model_saehd,
    "model-dfm": model_dfm,
}
