"""What do fades, skips and keyframes do, as a strip of frames over the curves that they follow?"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from understudy.clock import Clock
from understudy.project import load_project
from understudy.swapping import SettingsOverTime, settings_over_time
from understudy.video import ClipReader, probe
from understudy_sdk import Region, Swap

from .canvas import ACCENT, GOOD, WIDTH_IN, curves, show
from .material import FRAMES, PROJECT, Material

__all__ = ["TIME_PICTURES"]

TIMES: Final = """{use: overlay, with: {color_transfer: mkl}}
    fade_in: 12
    keyframes:
      - {at: 42, merger: {mask_blur_px: 2}, then: smooth}
      - {at: 66, merger: {mask_blur_px: 60}}
    ranges:
      - {from: 22, to: 30, skip: true, fade_out: 6, fade_in: 6}
"""
SHOWN: Final = (2, 6, 9, 14, 19, 25, 33, 42, 54, 66)
SIDE: Final = 192


def time(material: Material) -> Figure:
    """Frames of a clip, merged as a project says, and how opacity and softness go on from frame to frame."""
    clip = material.clips["astronaut"]
    path = material.folder / "time.yaml"
    path.write_text(PROJECT.replace("{use: overlay}\n", TIMES), encoding="utf-8")
    (swap,) = load_project(path, material.registry).swaps
    settings = settings_over_time(swap, Clock(probe(clip)), lambda _: frozenset())
    figure = plt.figure(figsize=(WIDTH_IN, 5.4), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=(2.4, 1.0))
    source = Swap(material.crop(material.portraits["hopper"].rgb, "full", SIDE).rgb.astype(np.float32) / 255)
    with ClipReader(clip) as reader:
        pictures = {frame.index: frame.frame().rgb for frame in reader.frames(0, FRAMES) if frame.index in SHOWN}
    for axes, frame in zip(top.subplots(2, len(SHOWN) // 2).flat, SHOWN, strict=True):
        show(axes, _merged(material, settings, pictures[frame], frame, source), f"frame {frame}")
    _draw_curves(bottom.subplots(), settings)
    return figure


def _merged(material: Material, settings: SettingsOverTime, rgb: Any, frame: int, source: Swap) -> Any:
    picture, held = rgb.astype(np.float32) / 255, settings.at(0, frame)
    crop = material.crop(rgb, "full", SIDE)
    if held is not None:
        mask = material.stage("masker", "hull").mask([crop])[0]
        merger = material.stage("merger", held.merger.name, **held.merger.config.model_dump())
        layer = merger.merge(Region(picture, 0, 0), source, crop, mask).shown(held.opacity)
        picture = picture * (1 - layer.mask[..., None]) + layer.rgb * layer.mask[..., None]
    return np.clip(picture[90:370, 116:396], 0, 1)


def _draw_curves(axes: Any, settings: SettingsOverTime) -> None:
    held = [settings.at(0, frame) for frame in range(FRAMES)]
    curves(axes, "how much of the swap shows, and how soft its edge is", "frame", "opacity")
    axes.plot(range(FRAMES), [one.opacity if one else 0.0 for one in held], color=ACCENT, lw=1.6)
    axes.set_xlim(0, FRAMES - 1)
    axes.vlines(SHOWN, 0, 1, color="#cccccc", lw=0.6)
    other = axes.twinx()
    blurs = [getattr(one.merger.config, "mask_blur_px") if one else np.nan for one in held]  # noqa: B009
    other.plot(range(FRAMES), blurs, color=GOOD, lw=1.6)
    other.set_ylabel("mask_blur_px", color=GOOD, fontsize=8)
    other.tick_params(labelsize=7)


TIME_PICTURES: Final = {"tool-time": time}
