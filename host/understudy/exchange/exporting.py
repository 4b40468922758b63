"""How does a faceset become a folder that DeepFaceLab trains on and merges with?

DeepFaceLab knows a face by its file ``<frame>_<number>.jpg`` and what that says of itself. It takes a clip apart into
frames ``00001.png``, ``00002.png`` and so on, counted from 1, and its merger looks for each frame's faces by that name.
Where the faces come from several clips, each frame's name has the clip's name in front.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from understudy.aside import whole_folder
from understudy.errors import RequestError
from understudy.faceset import FaceRow, Faceset
from understudy.pictures import decode_mask
from understudy.progress import Progress
from understudy_sdk import FaceType
from understudy_sdk.geometry import compose, frame_to_crop, invert, transform_points
from understudy_sdk.polygons import Polygon
from understudy_sdk.types import F32, F64
from understudy_sdk.warp import warp_mask, warp_picture

from .dfl_jpeg import aligned_jpeg, is_readable_by_dfl, with_metadata
from .dfl_values import DFL_FACE_TYPES, AlignedFace
from .names import safe_name

__all__ = ["DEFAULT_QUALITY", "export_dfl"]

DEFAULT_QUALITY: Final = 98
"""Of JPEGs that are coded anew; DeepFaceLab's own default is 90."""


def export_dfl(  # noqa: PLR0913 # six ways to choose what goes out, each by its name
    index: Faceset,
    destination: Path,
    progress: Progress,
    *,
    quality: int = DEFAULT_QUALITY,
    with_masks: bool = False,
    include_marked: bool = False,
    names: Collection[str] | None = None,
    face_type: FaceType | None = None,
) -> int:
    """Write faces as DeepFaceLab keeps them, and return how many.

    A picture that is a JPEG already goes out as it is, and polygons that people drew go along. Crops by a dense mesh,
    which DeepFaceLab does not know, are cut anew as whole faces out of the stored ones.

    Args:
        index: The faceset.
        destination: The folder to make; it appears whole or not at all.
        progress: Hears how far it is, and what was cut anew.
        quality: Of JPEGs that are coded anew, 1 to 100.
        with_masks: Whether the masks go along, as DeepFaceLab's XSeg masks of at most 256 px.
        include_marked: Whether faces that are set aside go out, too.
        names: Names of the pictures that go out; all by default.
        face_type: How much of the head they are to show; as they are stored by default.

    Raises:
        RequestError: No face is left to go out, the face type is none of DeepFaceLab's, or the destination is taken.
        StoreError: A picture is damaged, or the disk does not take the files.
    """
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise RequestError(f"{destination} is there already\n  name another place, or delete it first")
    if face_type is not None and face_type not in DFL_FACE_TYPES.values():
        known = ", ".join(DFL_FACE_TYPES.values())
        raise RequestError(f"DeepFaceLab does not know the face type {str(face_type)!r}\n  it knows {known}")
    prefixes = _prefixes([clip.name for clip in index.clips()])
    numbers, cut_anew = Counter[str](), Counter[FaceType]()
    total = sum(1 for _ in _chosen(index, include_marked, names))
    if not total:
        raise RequestError(f"no face of {index.folder} is left to write\n  all are set aside, or none was chosen")
    progress.start("export", total, "faces")
    with whole_folder(destination) as folder:
        for row in _chosen(index, include_marked, names):
            frame = f"{prefixes[row.clip_name]}{row.frame + 1:05d}"
            wanted = face_type or (FaceType.WHOLE_FACE if row.face_type is FaceType.MESH else row.face_type)
            cut_anew[row.face_type] += wanted is not row.face_type
            content = _aligned(index, row, wanted, f"{frame}.png", (quality, with_masks))
            (folder / f"{frame}_{numbers[frame]}.jpg").write_bytes(content)
            numbers[frame] += 1
            progress.advance()
    progress.finish()
    for stored, count in sorted((+cut_anew).items()):
        progress.say(f"{count} faces stored as {stored} were cut anew out of their crops; nothing lies beyond those")
    return total


def _chosen(index: Faceset, include_marked: bool, names: Collection[str] | None) -> Iterator[FaceRow]:
    wanted = None if names is None else frozenset(names)
    for row in index.all_rows():
        if (include_marked or not row.mark) and (wanted is None or row.name in wanted):
            yield row


def _prefixes(clips: Collection[str]) -> dict[str, str]:
    """Return what stands before each clip's frame numbers: nothing where there is one clip, else a name of its own."""
    if len(set(clips)) < 2:
        return dict.fromkeys(clips, "")
    stems = {clip: safe_name(Path(clip).stem, "clip") for clip in clips}
    shared = Counter(stem.lower() for stem in stems.values())  # some file systems do not tell A from a
    return {
        clip: f"{stem}_" if shared[stem.lower()] == 1 else f"{stem}-{number}_"
        for number, (clip, stem) in enumerate(stems.items())
    }


def _aligned(index: Faceset, row: FaceRow, wanted: FaceType, source: str, how: tuple[int, bool]) -> bytes:
    """Return one face as an aligned JPEG; ``how`` is the quality, and whether its mask goes along."""
    quality, has_mask = how
    is_kept = wanted is row.face_type
    affine = row.frame_to_crop if is_kept else frame_to_crop(row.landmarks, wanted, row.size)
    stored_to_crop = compose(invert(row.frame_to_crop), affine)
    face = AlignedFace(
        face_type=wanted,
        size=row.size,
        landmarks=transform_points(affine, row.landmarks),
        source_filename=source,
        source_rect=row.face.box.astype(np.float64),
        source_landmarks=row.landmarks.astype(np.float64),
        frame_to_crop=affine,
        mask=_mask(index, row, None if is_kept else stored_to_crop) if has_mask else None,
        polygons=_polygons(index, row, affine),
    )
    if is_kept and Path(row.name).suffix.lower() in {".jpg", ".jpeg"}:
        content = (index.pictures / row.name).read_bytes()
        if is_readable_by_dfl(content, row.name):
            return with_metadata(content, face, row.name)
    rgb = index.picture(row)
    return aligned_jpeg(rgb if is_kept else warp_picture(rgb, stored_to_crop, row.size), face, quality)


def _polygons(index: Faceset, row: FaceRow, affine: F64) -> tuple[Polygon, ...]:
    label = index.label(row.name)
    return () if label is None else label.polygons_on(affine)


def _mask(index: Faceset, row: FaceRow, stored_to_crop: F64 | None) -> F32:
    """Return a face's mask as stored, or, where the crop is another, over that one."""
    mask = decode_mask(index.mask_png(row.name), f"mask of {row.name}")
    if stored_to_crop is None:
        return mask
    factor = row.size / mask.shape[0]
    to_stored = np.array([[factor, 0.0, 0.0], [0.0, factor, 0.0]])
    return warp_mask(mask, compose(to_stored, stored_to_crop), row.size)
