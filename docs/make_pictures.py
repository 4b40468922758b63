"""Draws every picture of the documentation: ``python docs/make_pictures.py [NAME...]``, or ``make docs`` for all.

The pictures show the demo's two portraits, which are in the public domain and come with the dependencies, and what
Understudy makes of them. Clips and facesets are kept in ``demo-out/pictures`` and used again the next time.
"""

from __future__ import annotations

import sys
from pathlib import Path

from drawing.canvas import save
from drawing.material import Material
from drawing.plugin_pictures import PLUGIN_PICTURES

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
DRAWN = {**PLUGIN_PICTURES}


def main(names: list[str]) -> None:
    """Draw the pictures of these names, or all."""
    unknown = [name for name in names if name not in DRAWN]
    if unknown:
        sys.exit(f"no picture is called {', '.join(unknown)}; there are: {', '.join(DRAWN)}")
    folder = ROOT / "demo-out" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    material = Material(folder)
    IMAGES.mkdir(exist_ok=True)
    for name in names or DRAWN:
        size = save(DRAWN[name](material), IMAGES / f"{name}.jpg")
        print(f"{name}.jpg  {size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
