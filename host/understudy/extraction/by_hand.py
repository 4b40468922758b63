"""How do faces that a person put in get the landmarks and the mesh that they lack?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from understudy.corrections import HandFace
from understudy.progress import Progress
from understudy.video import ClipInfo, ClipReader
from understudy_sdk import Face, Frame
from understudy_sdk.geometry import mesh_to_crop, umeyama

from .finding import Finder
from .findings import Findings

__all__ = ["faces_by_hand"]

Hand = Mapping[int, Sequence[HandFace]]


def faces_by_hand(
    findings: Findings, clip: Path, info: ClipInfo, number: int, corrected: Hand, finder: Callable[[], Finder],
    progress: Progress,
) -> dict[int, list[tuple[HandFace, Face]]]:  # fmt: skip
    """Return every corrected frame's faces with landmarks; what the aligner makes of a box is kept for the next time.

    A face that is just as the machine found it keeps its mesh. Of one with landmarks by hand, the aligner's mesh is
    moved as its landmarks have to be moved to come to lie on those. A box on which the aligner sees no face, and that
    comes without landmarks, is left out, and said so.

    Args:
        findings: What was found, and what was made of boxes before.
        clip: The clip.
        info: What it is.
        number: The clip's number in the findings.
        corrected: The corrected frames.
        finder: Builds detector and aligner, where they are needed.
        progress: Who is told.
    """
    positions = {frame for frame in corrected if 0 <= frame < len(info.pts)}
    if outside := sorted(set(corrected) - positions):
        progress.say(
            f"{clip.name} has {len(info.pts)} frames; the corrections of frame {outside[0]} and on do not count"
        )
    answers: dict[int, list[tuple[HandFace, Face]]] = {}
    missing: dict[int, list[HandFace]] = {}
    for frame in sorted(positions):
        found = [seen.face for _, _, seen in findings.faces(number, frame, frame + 1)]
        for hand in corrected[frame]:
            same = next((face for face in found if hand.same_as(face)), None)
            if same is None and findings.made(number, frame, hand.key()) is None:
                missing.setdefault(frame, []).append(hand)
    if missing:
        _make(findings, clip, info, number, missing, finder())
    for frame in sorted(positions):
        found = [seen.face for _, _, seen in findings.faces(number, frame, frame + 1)]
        answers[frame] = []
        for hand in corrected[frame]:
            face = next((face for face in found if hand.same_as(face)), None) or findings.made(
                number, frame, hand.key()
            )
            if face is None or face.landmarks is None:
                progress.say(f"{clip.name}: the aligner sees no face in a box of frame {frame}; give its landmarks too")
            else:
                answers[frame].append((hand, replace(face, score=hand.score)))
    return answers


def _make(
    findings: Findings,
    clip: Path,
    info: ClipInfo,
    number: int,
    missing: Mapping[int, Sequence[HandFace]],
    finder: Finder,
) -> None:
    with ClipReader(clip, info) as reader:
        for position, faces in missing.items():
            for decoded in reader.frames(position, position + 1):
                for hand in faces:
                    findings.keep_made(number, position, hand.key(), _made(decoded.frame(), hand, finder))


def _made(frame: Frame, hand: HandFace, finder: Finder) -> Face:
    """Return a face with the landmarks of the hand or else of the aligner; without any where it sees none."""
    bare = Face(hand.box, hand.score)
    aligned = next(iter(finder.align(frame, [bare])), bare)
    if hand.landmarks is None:
        return replace(aligned, box=hand.box)
    mesh = aligned.mesh
    if mesh is not None and aligned.landmarks is not None:
        mesh = mesh_to_crop(umeyama(aligned.landmarks, hand.landmarks), mesh)
    return Face(hand.box, hand.score, landmarks=np.array(hand.landmarks), mesh=mesh)
