"""How much does each track of a clip tremble, and to which part of the face belongs each point of its mesh?

Measured from a track's first faces as the machine found them, also where a person corrected them: so a correction
changes the faces around it and not the whole track.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from understudy.steadiness import Noise, noise_of, parts_of_mesh
from understudy_sdk import Face

from .findings import Findings

__all__ = ["Nature", "measured_natures", "nature_of"]

_FACES: Final = 256
"""Faces of a track that are measured."""

_MESHES: Final = 32
"""Of these, some that say to which part each point of the mesh belongs."""

_APART: Final = 32
"""Frames that are not wanted are read over where they are fewer."""


@dataclass(frozen=True, slots=True, eq=False)
class Nature:
    """What holds for a whole track.

    Attributes:
        noise: How much its landmarks tremble.
        mesh_parts: intp (M,), to which part of the face each mesh point belongs; None where it has no mesh.
    """

    noise: Noise
    mesh_parts: npt.NDArray[np.intp] | None


def measured_natures(
    findings: Findings, clip: int, track_of: Mapping[tuple[int, int], int], time_of: Mapping[int, float]
) -> dict[int, Nature]:
    """Return what holds for each track; reads a clip's faces once and keeps few of them at a time.

    Args:
        findings: What was found.
        clip: The clip's number there.
        track_of: The track of each face by frame and number, in the order of frames; negative for none.
        time_of: When each frame is shown, in seconds.
    """
    wanted: dict[int, list[int]] = {}
    for (frame, _), track in track_of.items():
        if track >= 0 and len(own := wanted.setdefault(track, [])) < _FACES:
            own.append(frame)
    natures, open_tracks = dict[int, Nature](), dict[int, tuple[list[int], list[Face]]]()
    for first, stop in _stretches(sorted({frame for own in wanted.values() for frame in own})):
        for frame, number, seen in findings.faces(clip, first, stop):
            track = track_of.get((frame, number), -1)
            if track < 0 or track in natures:
                continue
            frames, faces = open_tracks.setdefault(track, ([], []))
            frames.append(frame)
            faces.append(seen.face)
            if len(frames) == len(wanted[track]):
                natures[track] = nature_of([time_of[at] for at in frames], faces)
                del open_tracks[track]
    return natures


def nature_of(times_s: Sequence[float], faces: Sequence[Face]) -> Nature:
    """Return what holds for a track of these faces; times ascend."""
    landmarks = [face.landmarks for face in faces if face.landmarks is not None]
    meshed = [(face.landmarks, face.mesh) for face in faces if face.landmarks is not None and face.mesh is not None]
    meshed, parts = meshed[:: 1 + len(meshed) // _MESHES], None
    if meshed:
        parts = parts_of_mesh(np.stack([points for points, _ in meshed]), np.stack([mesh for _, mesh in meshed]))
    return Nature(noise_of(np.array(times_s), np.stack(landmarks)), parts)


def _stretches(frames: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield spans that hold ascending frames, and few others."""
    first = last = None
    for frame in frames:
        if first is None or last is None:
            first = frame
        elif frame - last > _APART:
            yield first, last + 1
            first = frame
        last = frame
    if first is not None and last is not None:
        yield first, last + 1
