"""Draws every picture of the documentation: ``python docs/make_pictures.py [NAME...]``, or ``make docs`` for all.

The pictures show the demo's two portraits, which are in the public domain and come with the dependencies, and what
Understudy makes of them. Clips and facesets are kept in ``demo-out/pictures`` and used again the next time. The first
time takes some minutes, most of them to train a small model.
"""

from __future__ import annotations

import sys
from pathlib import Path

from drawing.canvas import save
from drawing.enhancer_pictures import ENHANCER_PICTURES
from drawing.layer_pictures import LAYER_PICTURES
from drawing.learning_pictures import LEARNING_PICTURES
from drawing.mask_pictures import MASK_PICTURES
from drawing.material import Material
from drawing.page_pictures import PAGE_PICTURES, browser
from drawing.plugin_pictures import PLUGIN_PICTURES
from drawing.time_pictures import TIME_PICTURES
from drawing.tool_pictures import TOOL_PICTURES

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
DRAWN = {
    **PLUGIN_PICTURES,
    **ENHANCER_PICTURES,
    **MASK_PICTURES,
    **LEARNING_PICTURES,
    **TIME_PICTURES,
    **TOOL_PICTURES,
    **LAYER_PICTURES,
}


def main(names: list[str]) -> None:
    """Draw the pictures of these names, or all."""
    every = [*DRAWN, *PAGE_PICTURES]
    unknown = [name for name in names if name not in every]
    if unknown:
        sys.exit(f"no picture is called {', '.join(unknown)}; there are: {', '.join(every)}")
    folder = ROOT / "demo-out" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    IMAGES.mkdir(exist_ok=True)
    material = Material(folder)
    for name in names or every:
        path = IMAGES / f"{name}.jpg"
        if name in DRAWN:
            size = save(DRAWN[name](material), path)
        elif browser():
            size = PAGE_PICTURES[name](material, path)
        else:
            print(f"{name}.jpg  left as it is: Chromium is not installed")
            continue
        print(f"{name}.jpg  {size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
