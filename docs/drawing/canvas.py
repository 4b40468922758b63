"""How do panels of pictures and curves become one small file?"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

__all__ = ["ACCENT", "GOOD", "QUIET", "box", "curves", "outline", "panels", "points", "save", "show", "square", "words"]

ACCENT: Final = "#e8590c"
GOOD: Final = "#1c7ed6"
QUIET: Final = "#868e96"

LARGEST_BYTES: Final = 36_000
ENOUGH_BYTES: Final = 27_000
"""A picture that takes more is saved less finely, down to ``FINE``: many pictures have to share the documentation's."""
FINE: Final = 52
WIDTH_IN: Final = 9.2
DPI: Final = 92

mpl.use("Agg")
mpl.rcParams.update({"font.size": 9, "axes.titlesize": 9, "figure.facecolor": "white", "savefig.facecolor": "white"})


def panels(columns: int, rows: int = 1, *, aspect: float = 1.0, widths: Sequence[float] | None = None) -> list[Axes]:
    """Return axes in reading order on a new figure; ``aspect`` is a panel's height over the mean panel's width."""
    height = WIDTH_IN / columns * aspect * rows + 0.32 * rows
    figure, axes = plt.subplots(
        rows, columns, figsize=(WIDTH_IN, height), layout="constrained", squeeze=False, width_ratios=widths
    )
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.03, wspace=0.02, hspace=0.02)
    return list(axes.ravel())


def show(axes: Axes, picture: Any, title: str = "", *, grey: tuple[float, float] | None = None) -> Axes:
    """Show a picture, uint8 or 0 to 1, without ticks."""
    limits = {} if grey is None else {"cmap": "gray", "vmin": grey[0], "vmax": grey[1]}
    axes.imshow(picture, interpolation="lanczos" if picture.shape[0] > 200 else "nearest", **limits)
    axes.set_xlim(-0.5, picture.shape[1] - 0.5)
    axes.set_ylim(picture.shape[0] - 0.5, -0.5)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return axes


def box(axes: Axes, edges: Any, label: str = "", color: str = ACCENT, *, dashed: bool = False) -> None:
    """Draw a box x0 y0 x1 y1 with a label above it."""
    x0, y0, x1, y1 = (float(edge) for edge in edges)
    style = "--" if dashed else "-"
    axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=color, linewidth=1.6, linestyle=style))
    if label:
        axes.text(
            x0, y0 - 3, label, color="white", fontsize=7.5, va="bottom",
            bbox={"facecolor": color, "edgecolor": "none", "pad": 1.2}, clip_on=True,
        )  # fmt: skip


def square(axes: Axes, corners: Any, label: str = "", color: str = ACCENT, *, place: int = 0) -> None:
    """Draw a turned square by its corners (4, 2), with a label at one of them."""
    axes.add_patch(Polygon(np.asarray(corners), fill=False, edgecolor=color, linewidth=1.5))
    if label:
        x, y = corners[place]
        axes.text(
            x, y, label, color="white", fontsize=7.5, va="bottom",
            bbox={"facecolor": color, "edgecolor": "none", "pad": 1.2}, clip_on=True,
        )  # fmt: skip


def points(axes: Axes, places: Any, size: float = 4.0, color: str = ACCENT) -> None:
    """Draw points (N, 2)."""
    places = np.asarray(places)
    axes.scatter(places[:, 0], places[:, 1], s=size, c=color, linewidths=0, zorder=3)


def outline(axes: Axes, mask: Any, color: str = ACCENT) -> None:
    """Draw where a mask, 0 to 1, passes a half."""
    axes.contour(mask, levels=[0.5], colors=[color], linewidths=1.4)


def curves(axes: Axes, title: str, x_label: str, y_label: str) -> Axes:
    """Make axes ready for curves."""
    axes.set_title(title)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.grid(alpha=0.25)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return axes


def words(axes: Axes, text: str, *, size: float = 8.5, mono: bool = False) -> None:
    """Fill axes with text, from the top."""
    axes.axis("off")
    family = "monospace" if mono else "sans-serif"
    axes.text(0.0, 1.0, text, va="top", ha="left", fontsize=size, family=family, transform=axes.transAxes)


def save(figure: Figure, path: Path) -> int:
    """Write the figure as JPEG, as fine as the size allows, and return the file's bytes."""
    for quality in range(86, 34, -4):
        content = io.BytesIO()
        how = {"quality": quality, "optimize": True, "progressive": True}
        figure.savefig(content, format="jpg", dpi=DPI, pil_kwargs=how)
        if content.tell() <= (ENOUGH_BYTES if quality > FINE else LARGEST_BYTES):
            break
    plt.close(figure)
    path.write_bytes(content.getvalue())
    return content.tell()
