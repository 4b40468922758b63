"""What do the pages look like that Understudy writes, in a browser?

These need Chromium; where it is not installed, the pictures that are there are left as they are.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

import cv2

from understudy.faceset import Faceset
from understudy.facesets.groups import Grouping
from understudy.facesets.viewing import View, write_sheet
from understudy.progress import Silent
from understudy.report import write_report

from .canvas import LARGEST_BYTES
from .material import Material

__all__ = ["PAGE_PICTURES", "browser"]


def browser() -> str | None:
    """Return Chromium's path, if it is here."""
    return next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )


def faceset_view(material: Material, path: Path) -> int:
    """Photograph the page that ``faceset view`` writes, and return the file's bytes."""
    page = material.folder / "view.html"
    with Faceset(material.faceset("scene"), writable=True) as index:
        write_sheet(index, page, View(order="yaw", group=Grouping.parse("person"), limit=48), Silent())
    return _photographed(page.resolve().as_uri(), (1000, 640), path)


def report(material: Material, path: Path) -> int:
    """Photograph a track's part of a report, and return the file's bytes."""
    page, part = material.folder / "report.html", material.folder / "report-part.html"
    write_report(material.project, Silent(), page)
    text = page.read_text(encoding="utf-8")
    start = text.index('<section class="track" id="faceset-scene-track-1">')
    track = text[start : text.index("</section>", start)]
    head = text[: text.index("<body")]
    part.write_text(f"{head}<body style='display:block;padding:12px'>{track}</section></body></html>", encoding="utf-8")
    return _photographed(part.resolve().as_uri(), (1000, 1150), path)


def _photographed(address: str, size: tuple[int, int], path: Path) -> int:
    program, shot = browser(), path.with_suffix(".png")
    assert program is not None
    subprocess.run(
        [program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--screenshot={shot}",
         f"--window-size={size[0]},{size[1]}", address],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    picture = cv2.imread(str(shot))
    shot.unlink()
    picture = cv2.resize(picture, None, fx=0.85, fy=0.85, interpolation=cv2.INTER_AREA)
    for quality in range(84, 30, -4):
        content = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1])[1]
        if content.size <= LARGEST_BYTES:
            break
    path.write_bytes(content.tobytes())
    return int(content.size)


PAGE_PICTURES: Final = {"tool-faceset-view": faceset_view, "tool-report": report}
