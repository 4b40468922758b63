"""What is known of every face of a faceset without opening its picture?"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from understudy.faceset import FaceRow, Faceset, Origin
from understudy_sdk.geometry import transform_points, umeyama
from understudy_sdk.landmarks import TEMPLATE
from understudy_sdk.types import F32

__all__ = ["FaceFacts", "read_facts"]


@dataclass(frozen=True, slots=True, eq=False)
class FaceFacts:
    """One face in figures; small, so that those of a whole faceset fit into memory.

    Attributes:
        name: File name of the picture in ``faces/``.
        clip: File name of the clip it comes from.
        fingerprint: Of that clip.
        frame: Position of its frame in the clip.
        time_s: Presentation time of that frame.
        faces_in_frame: How many faces of the set come from that frame.
        origin: How it came to be known.
        track: Number of its track, or NO_TRACK.
        person: Who its track is taken for, or empty.
        mark: Why it is set aside, or empty.
        score: The finder's certainty, 0 to 1.
        size_px: Side, in the frame, of the square that the picture was cut from.
        crop_px: Side of the picture; where it is above ``size_px`` the face was enlarged.
        pitch_deg: Above 0 the face looks up.
        yaw_deg: Above 0 it looks to the picture's left.
        roll_deg: Above 0 it leans clockwise in the frame.
        sharpness: Variance of the Laplacian under the mask.
        luma: Mean grey under the mask, 0 to 255.
        misfit: Mean distance of landmarks 17 to 67 from the mean face laid over them, in widths of that face.
        shape: float32 (68, 2), its landmarks in the mean face's place, size and tilt.
    """

    name: str
    clip: str
    fingerprint: str
    frame: int
    time_s: float
    faces_in_frame: int
    origin: Origin
    track: int
    person: str
    mark: str
    score: float
    size_px: float
    crop_px: int
    pitch_deg: float
    yaw_deg: float
    roll_deg: float
    sharpness: float
    luma: float
    misfit: float
    shape: F32


def read_facts(index: Faceset) -> list[FaceFacts]:
    """Return every face whose picture is there, in the order of clips and frames."""
    notes = index.notes(clip.fingerprint for clip in index.clips())
    shared = Counter((note.fingerprint, note.frame) for note in notes)
    return [_facts(row, shared[row.fingerprint, row.frame]) for row in index.all_rows()]


def _facts(row: FaceRow, faces_in_frame: int) -> FaceFacts:
    scale = math.sqrt(abs(float(np.linalg.det(row.frame_to_crop[:, :2]))))
    to_mean = umeyama(row.landmarks[17:].astype(np.float64), TEMPLATE)
    shape = transform_points(to_mean, row.landmarks)
    return FaceFacts(
        name=row.name,
        clip=row.clip_name,
        fingerprint=row.fingerprint,
        frame=row.frame,
        time_s=float(row.pts * row.time_base),
        faces_in_frame=faces_in_frame,
        origin=row.origin,
        track=row.track,
        person=row.person,
        mark=row.mark,
        score=row.face.score,
        size_px=row.size / scale if scale > 0 else 0.0,
        crop_px=row.size,
        pitch_deg=row.look.pitch_deg,
        yaw_deg=row.look.yaw_deg,
        roll_deg=row.look.roll_deg,
        sharpness=row.look.sharpness,
        luma=row.look.brightness,
        misfit=float(np.linalg.norm(shape[17:] - TEMPLATE, axis=1).mean()),
        shape=shape.astype(np.float32),
    )
