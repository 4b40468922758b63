"""How well were the faces of a clip found?"""

from __future__ import annotations

import numpy as np

from understudy.extraction import faceset_artifact
from understudy.faceset import Faceset
from understudy.learning import chosen_faces
from understudy.merging import ClipJob
from understudy.project import ChosenSwap
from understudy.selection import wanted_faces
from understudy.steadiness.figures import clip_figures
from understudy.store import WorkFolder
from understudy.video import fingerprint

__all__ = ["found_figures"]


def found_figures(work: WorkFolder, job: ClipJob) -> dict[str, float]:
    """Return the share of frames with a chosen face, and how much the tracks of those tremble as they are stored."""
    each = [_of_swap(work, job, swap) for swap in job.swaps]
    names = {name for figures in each for name in figures}
    return {name: float(np.mean([figures[name] for figures in each if name in figures])) for name in sorted(names)}


def _of_swap(work: WorkFolder, job: ClipJob, swap: ChosenSwap) -> dict[str, float]:
    key, found = fingerprint(job.clip), dict[str, float]()
    with Faceset(faceset_artifact(work, swap.target).folder) as index:
        notes = chosen_faces(index.notes([key]), wanted_faces(index, swap.target, swap.face))
        frames = index.progress(key)[0] - len(index.undecodable(key))
        if frames > 0:
            found["detected"] = 100.0 * len({note.frame for note in notes}) / frames
        tracks = {note.track for note in notes}
        clip = next((row for row in index.clips() if row.fingerprint == key), None)
        figures = clip_figures(index.rows(key), clip) if clip else []
    known = [(one.faces, one.steadied.within_256_px) for one in figures if one.track in tracks and one.steadied]
    if known:
        found["jitter"] = float(np.average([jitter for _, jitter in known], weights=[faces for faces, _ in known]))
    return found
