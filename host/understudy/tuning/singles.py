"""How are chosen frames handed over one by one, as full pictures that say what they are?"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from understudy.merging import payload_of
from understudy.pictures import write_picture
from understudy.project import LoadedProject
from understudy.provenance.attesting import attest_file

from .rendering import RenderedFrame, job_for

__all__ = ["sign_picture", "write_frames"]


def write_frames(
    folder: Path,
    project: LoadedProject,
    frames: Sequence[RenderedFrame],
    say: Callable[[str], None],
    *,
    clip: Path | None = None,
    words: str = "",
) -> list[Path]:
    """Write frames as signed PNG files of full size, and return their paths.

    Args:
        folder: Where to; it is made.
        project: What they were rendered by.
        frames: What to write.
        say: Hears a line if one cannot be signed.
        clip: The clip they are of; the project's first unless given.
        words: The variant, which goes into the names.

    Raises:
        StoreError: The disk does not take them.
    """
    stem = job_for(project, clip).clip.stem
    plain = re.sub(r"[^A-Za-z0-9._=+-]+", "_", words)
    paths = []
    for frame in frames:
        path = folder / f"{stem}-{frame.index:07d}{'-' if plain else ''}{plain}.png"
        folder.mkdir(parents=True, exist_ok=True)
        write_picture(path, frame.after)
        sign_picture(path, project, say, clip=clip)
        paths.append(path)
    return paths


def sign_picture(path: Path, project: LoadedProject, say: Callable[[str], None], *, clip: Path | None = None) -> None:
    """Sign a picture of merged faces: that it is synthetic, from what, by whose consent."""
    job = job_for(project, clip)
    attest_file(path, project, job, payload_of(job), say, kind="still")
