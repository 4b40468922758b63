"""At which frames does a clip begin anew, so that no face goes on from the frame before?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from understudy.tracking import find_cuts, is_cut_between
from understudy.video import ClipInfo

from .findings import Findings

__all__ = ["shot_starts"]


def shot_starts(findings: Findings, clip: int, info: ClipInfo, times_s: Sequence[float]) -> list[int]:
    """Return the places, ascending, among a clip's decoded frames that begin a new shot; the first is not one of them.

    Besides at cuts, one begins where frames change their size or format. In a folder of pictures one also begins
    wherever names do not count on by one, and, where no rate is stated for it, where a picture is damaged or two look
    no more alike than a fast pan.

    Args:
        findings: What was seen.
        clip: The clip's number there.
        info: The clip.
        times_s: When each of its decoded frames is shown.
    """
    marks = list(findings.signatures(clip))
    if not marks:
        return []
    unlike = findings.unlike(clip)
    starts = set(find_cuts(np.stack([mark for _, mark in marks]), times_s))
    for place, ((before, old), (frame, new)) in enumerate(pairwise(marks), start=1):
        if unlike.get(frame) != unlike.get(before) or (
            info.breaks is not None
            and (frame in info.breaks or (info.is_loose and (frame != before + 1 or is_cut_between(old, new))))
        ):
            starts.add(place)
    return sorted(starts)
