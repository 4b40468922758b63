"""How are settled faces cut from their frames, masked, and kept?

Frames are decoded in one thread, faces cut and masked in the caller's, and pictures encoded in two more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from understudy.faceset import Faceset, FoundFace
from understudy.masking import JoinedMasker
from understudy.pictures import encode_picture, encode_png
from understudy.progress import Progress
from understudy.project import ChosenExtract
from understudy.steadiness import look_of
from understudy.video import ClipInfo
from understudy_sdk import ClipPosition, Crop, Face, FaceType, Frame
from understudy_sdk.geometry import frame_to_crop, mesh_to_crop, transform_points
from understudy_sdk.types import U8
from understudy_sdk.warp import warp_bilinear, warp_picture

from .finding import SpanEnd, decoded_spans
from .settling import SettledClip, SettledFace

__all__ = ["SUFFIXES", "Cutter", "cut_clip", "digest_of", "placed_crop", "warp_crop"]

SUFFIXES: Final = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}

_WAITING: Final = 16
"""Faces that may wait to be encoded."""


@dataclass(frozen=True, slots=True)
class Cutter:
    """How a clip's faces are cut."""

    choice: ChosenExtract
    masker: JoinedMasker
    clip: Path
    info: ClipInfo

    def cut(self, frame: Frame, position: int, faces: Sequence[SettledFace]) -> list[tuple[Crop, U8]]:
        """Return the crop and 8-bit mask of every face of a frame."""
        start = self.info.pts[0] if self.info.pts else 0
        height, width = frame.rgb.shape[:2]
        name = self.clip.stem if self.info.breaks is None else self.clip.name
        at = ClipPosition(name, Fraction(frame.pts - start) * frame.time_base, position, width, height)
        crops = [self._crop(frame, one.face, at) for one in faces]
        masks = self.masker.mask(crops, f" of frame {position}") if crops else []
        return [(crop, np.rint(mask.values * 255).astype(np.uint8)) for crop, mask in zip(crops, masks, strict=True)]

    def _crop(self, frame: Frame, face: Face, at: ClipPosition) -> Crop:
        choice = self.choice
        is_exact = choice.crop_filter == "bilinear"
        return warp_crop(frame, face, choice.face_type, choice.crop_size, at=at, is_exact=is_exact)

    def finish(self, face: SettledFace, crop: Crop, mask: U8) -> FoundFace:
        """Return a face with its pictures encoded."""
        look = look_of(crop.rgb, mask, crop.landmarks, crop.frame_to_crop)
        picture = encode_picture(crop.rgb, self.choice.crop_format, self.choice.crop_quality)
        return FoundFace(
            frame=face.frame,
            pts=face.pts,
            number=face.number,
            face=face.face,
            frame_to_crop=crop.frame_to_crop,
            picture=picture,
            mask=encode_png(mask),
            found_landmarks=face.found_landmarks,
            origin=face.origin,
            track=face.track,
            look=look,
        )


def warp_crop(
    frame: Frame,
    face: Face,
    face_type: FaceType,
    size: int,
    *,
    at: ClipPosition | None = None,
    is_exact: bool = False,
) -> Crop:
    """Return a face cut from its frame, with landmarks and mesh in the crop's pixels.

    Args:
        frame: The frame.
        face: Its landmarks, and mesh where the face type needs one, in the frame's pixels.
        face_type: How much of the head to show.
        size: Side in px.
        at: Where the frame lies in its clip.
        is_exact: Whether single samples are taken, as DeepFaceLab does, instead of smoothing where the crop shrinks.
    """
    assert face.landmarks is not None
    affine = frame_to_crop(face.landmarks, face_type, size, mesh=face.mesh)
    rgb = (warp_bilinear if is_exact else warp_picture)(frame.rgb, affine, size)
    return placed_crop(rgb, face, face_type, at=at)


def placed_crop(rgb: U8, face: Face, face_type: FaceType, *, at: ClipPosition | None = None) -> Crop:
    """Return a picture that ``warp_crop`` has cut as the crop that it was, with its place in the frame."""
    assert face.landmarks is not None
    affine = frame_to_crop(face.landmarks, face_type, rgb.shape[0], mesh=face.mesh)
    landmarks = transform_points(affine, face.landmarks).astype(np.float32)
    mesh = None if face.mesh is None else mesh_to_crop(affine, face.mesh)
    return Crop(rgb, affine, face_type, landmarks, mesh, at)


def cut_clip(
    index: Faceset,
    number: int,
    cutter: Cutter,
    settled: SettledClip,
    wanted: Sequence[tuple[int, int]],
    lost_before: Sequence[int],
    progress: Progress,
) -> None:
    """Cut chunks of a clip.

    Args:
        index: The faceset.
        number: The clip's number in it.
        cutter: How.
        settled: The clip's faces.
        wanted: The chunks: first frame and the frame after the last.
        lost_before: Positions of frames that could not be decoded when faces were searched.
        progress: Who is told.
    """
    choice = cutter.choice
    shape = (choice.face_type, choice.crop_size, SUFFIXES[choice.crop_format])
    shown = [span for span in wanted if settled.may_have_faces(*span)]
    with (
        closing(decoded_spans(cutter.clip, cutter.info, shown)) as decoded,
        ThreadPoolExecutor(2, thread_name_prefix="encode") as encoder,
    ):
        for span in wanted:
            found, faces = list[Future[FoundFace]](), settled.faces(*span)
            if settled.may_have_faces(*span):
                by_frame: dict[int, list[SettledFace]] = {}
                for one in faces:
                    by_frame.setdefault(one.frame, []).append(one)
                for item in next(decoded)[1]:
                    if isinstance(item, SpanEnd):
                        continue
                    position, frame = item
                    here = by_frame.get(position, [])
                    for one, (crop, mask) in zip(here, cutter.cut(frame, position, here), strict=True):
                        found.append(encoder.submit(cutter.finish, one, crop, mask))
                    if len(found) > _WAITING:
                        found[-1 - _WAITING].result()
                    progress.advance()
            else:
                progress.advance(span[1] - span[0])
            lost = [position for position in lost_before if span[0] <= position < span[1]]
            index.add_chunk(
                number, span, [one.result() for one in found], shape, undecodable=lost, made_from=digest_of(faces)
            )
            if settled.may_have_faces(*span):
                progress.advance(len(lost))


def digest_of(faces: Sequence[SettledFace]) -> str:
    """Return a name for the faces that a chunk is cut from; their tracks do not matter to it."""
    digest = hashlib.sha256()
    for one in faces:
        assert one.face.landmarks is not None
        digest.update(f"{one.frame} {one.number} {one.origin} {one.face.score!r}".encode())
        for points in (one.face.box, one.face.landmarks, one.face.mesh, one.found_landmarks):
            digest.update(b"" if points is None else points.tobytes())
    return digest.hexdigest()
