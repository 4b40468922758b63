"""How do two facesets become what a model learns from, and where does its training lie?"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import numpy as np

from understudy_sdk import Crop, CropSpec, FaceType
from understudy_sdk.geometry import compose, frame_to_crop, invert, transform_points
from understudy_sdk.types import F32, F64, U8
from understudy_sdk.warp import warp_mask, warp_picture

from . import training
from .errors import RequestError
from .extraction import faceset_artifact
from .faceset import FaceNote, FaceRow, Faceset
from .pictures import decode_mask
from .project import ChosenFaceset, ChosenSwap, FaceChoice
from .quality.held_out import HeldFace, held_folder, held_out, write_held
from .selection import Wanted, face_recipe, wanted_faces
from .store import Artifact, WorkFolder, digest, read_json, write_json
from .video import fingerprint

__all__ = [
    "REACH",
    "chosen_faces",
    "faces_stamp",
    "learn_arrays",
    "measured_folder",
    "sample_arrays",
    "shown_crops",
    "swap_artifact",
    "whose",
]

_FORMAT: Final = 2

REACH: Final = {
    FaceType.HALF: 0, FaceType.MID_FULL: 1, FaceType.FULL: 2, FaceType.FULL_NO_ALIGN: 3,
    FaceType.MESH: 4, FaceType.WHOLE_FACE: 5, FaceType.HEAD: 6, FaceType.HEAD_NO_ALIGN: 7,
}  # fmt: skip
"""Face types in the order in which each holds the ones before it."""


def swap_artifact(work: WorkFolder, swap: ChosenSwap) -> Artifact:
    """Return the place of a swap's training."""
    recipe = {
        "model": swap.model.recipe(),
        "seed": swap.seed,
        "face": face_recipe(swap.target, swap.face),
        "source_face": face_recipe(swap.source, swap.source.face),
        "source": _side_recipe(work, swap.source),
        "target": _side_recipe(work, swap.target),
        **swap.training_recipe(),
    }
    return work.artifact("train", f"{swap.source.name}-to-{swap.target.name}{whose(swap.face)}", recipe)


def whose(face: FaceChoice) -> str:
    """Return an ending of names that tells swaps of several people of one target apart; mostly empty."""
    if face.kind in {"largest", "all"}:
        return ""
    return "-" + (face.person or (face.like.stem if face.like else "-".join(["track", *map(str, face.tracks[:4])])))


class _Placed(Protocol):
    @property
    def fingerprint(self) -> str: ...
    @property
    def frame(self) -> int: ...
    @property
    def area(self) -> float: ...
    @property
    def track(self) -> int: ...


PlacedT = TypeVar("PlacedT", bound=_Placed)


def chosen_faces(faces: Iterable[PlacedT], wanted: Wanted) -> list[PlacedT]:
    """Return all faces, those of some tracks, or of each frame the one with the largest box, in the order given."""
    if wanted == "all":
        return list(faces)
    if isinstance(wanted, frozenset):
        return [one for one in faces if one.track in wanted]
    largest: dict[tuple[str, int], PlacedT] = {}
    for one in faces:
        place = one.fingerprint, one.frame
        if place not in largest or one.area > largest[place].area:
            largest[place] = one
    return list(largest.values())


def learn_arrays(
    work: WorkFolder, faceset: ChosenFaceset, face: FaceChoice, spec: CropSpec, folder: Path, *, hold_out: float = 0.0
) -> Path:
    """Return a folder with a faceset's chosen faces at a model's crops, made once and kept beside the training.

    Faces that are marked are left out. A share of the others is held out: it lies in a folder of its own, by the name
    that ``held_folder`` gives. Both are made anew when faces came, went or moved since, or the share is another.

    Raises:
        RequestError: When the faceset's crops do not reach as far as the model's, or there are no faces.
    """
    with Faceset(faceset_artifact(work, faceset).folder) as index:
        keys, notes = _unmarked(index, faceset, face)
        _check_reach(faceset, spec, len(notes), index.face_types())
        held = set(held_out(len(notes), hold_out).tolist())
        names = digest([index.stamp(keys), sorted(held), *(note.name for note in notes)])
        recipe = {"format": _FORMAT, "spec": str(spec), "faces": names}
        apart = held_folder(folder)
        is_whole = folder.is_dir() and apart.is_dir() == bool(held)
        if read_json(folder.with_suffix(".json")) == recipe and is_whole:
            return folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.with_suffix(".json").unlink(missing_ok=True)
        learnt = [note for number, note in enumerate(notes) if number not in held]
        training.save_arrays(folder, spec.size, len(learnt), _loaded(index, learnt, spec))
        _save_held(index, [notes[number] for number in sorted(held)], spec, apart)
    write_json(folder.with_suffix(".json"), recipe)
    return folder


def faces_stamp(work: WorkFolder, faceset: ChosenFaceset, face: FaceChoice) -> str:
    """Return what is another text when a faceset's chosen faces came, went or moved."""
    with Faceset(faceset_artifact(work, faceset).folder) as index:
        keys, notes = _unmarked(index, faceset, face)
        return digest([index.stamp(keys), *(note.name for note in notes)])


def sample_arrays(
    work: WorkFolder, faceset: ChosenFaceset, face: FaceChoice, spec: CropSpec, folder: Path, count: int
) -> None:
    """Write about ``count`` of a faceset's chosen faces at the crops of a model that learns nothing here.

    They are spread like faces that are held out and lie where those would: in ``held_folder(folder)``.

    Raises:
        RequestError: When the faceset's crops do not reach as far as the model's, or there are no faces.
    """
    with Faceset(faceset_artifact(work, faceset).folder) as index:
        _, notes = _unmarked(index, faceset, face)
        _check_reach(faceset, spec, len(notes), index.face_types())
        picked = held_out(len(notes), min(count / len(notes), 0.5)).tolist() or range(min(count, len(notes)))
        folder.parent.mkdir(parents=True, exist_ok=True)
        _save_held(index, [notes[number] for number in picked], spec, held_folder(folder))


def measured_folder(folder: Path) -> Path:
    """Return where the faces lie that a side is shown and measured with: those held out, or all if there are none."""
    apart = held_folder(folder)
    return apart if apart.is_dir() else folder


def shown_crops(arrays: Any, spec: CropSpec, count: int) -> list[Crop]:
    """Return ``count`` crops spread evenly over a side's faces: what previews show."""
    total = len(arrays.rgb)
    picked = sorted({round(position) for position in np.linspace(0, total - 1, count)})
    identity = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    return [
        Crop(
            np.ascontiguousarray(arrays.rgb[number].transpose(1, 2, 0)),  # (3, S, S) -> (S, S, 3)
            identity,
            spec.face_type,
            np.array(arrays.landmarks[number], np.float32),
        )
        for number in picked
    ]


def _unmarked(index: Faceset, faceset: ChosenFaceset, face: FaceChoice) -> tuple[list[str], list[FaceNote]]:
    """Return the fingerprints of a faceset's clips, and its chosen faces that are not marked."""
    keys = [clip.fingerprint for clip in index.clips()] if faceset.faces else _fingerprints(faceset.clips)
    chosen = chosen_faces(index.notes(keys), wanted_faces(index, faceset, face))
    return keys, [note for note in chosen if not note.is_marked]  # a marked face does not make the next one the largest


def _side_recipe(work: WorkFolder, faceset: ChosenFaceset) -> dict[str, Any]:
    artifact = faceset_artifact(work, faceset)
    return {"extract": artifact.recipe, "clips": _fingerprints(faceset.clips)}


def _fingerprints(clips: Iterable[Path]) -> list[str]:
    return [fingerprint(clip) for clip in clips]


def _check_reach(faceset: ChosenFaceset, spec: CropSpec, faces: int, face_types: set[FaceType]) -> None:
    if not faces:
        raise RequestError(
            f"the faceset {faceset.name!r} has no faces to learn from\n"
            "  run the extract phase first, or look which are chosen and which are marked: understudy faceset info"
        )
    least = min(face_types, key=REACH.__getitem__)
    if REACH[least] < REACH[spec.face_type]:
        raise RequestError(
            f"the model takes {spec.face_type} crops, but {faceset.name!r} holds {least} "
            f"crops, which show less of the head\n  set extract.face_type to {spec.face_type} or larger"
        )


def _loaded(index: Faceset, notes: Sequence[FaceNote], spec: CropSpec) -> Iterator[tuple[U8, U8, F32]]:
    """Yield each face at the model's crop; some threads decode, and few faces are in memory at a time."""
    with ThreadPoolExecutor(2) as pool:
        for first in range(0, len(notes), 64):
            some = [(index.row(note.name), index.mask_png(note.name)) for note in notes[first : first + 64]]
            yield from pool.map(lambda face: _load(index, face[0], face[1], spec), some)


def _save_held(index: Faceset, notes: Sequence[FaceNote], spec: CropSpec, folder: Path) -> None:
    """Write the faces that are held out, and where they were cut; none leave nothing."""
    if not notes:
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_suffix(".json").unlink(missing_ok=True)
        return
    rows = [index.row(note.name) for note in notes]
    training.save_arrays(folder, spec.size, len(notes), _loaded(index, notes, spec))
    write_held(
        folder,
        [HeldFace(row.name, row.fingerprint, row.frame, row.track, _frame_to_crop(row, spec).tolist()) for row in rows],
    )


def _frame_to_crop(row: FaceRow, spec: CropSpec) -> F64:
    return frame_to_crop(row.landmarks, spec.face_type, spec.size, mesh=row.face.mesh)


def _load(index: Faceset, row: FaceRow, mask_png: bytes, spec: CropSpec) -> tuple[U8, U8, F32]:
    """Return one face at the model's crop: uint8 (3, S, S), uint8 (1, S, S), float32 (68, 2)."""
    wanted = _frame_to_crop(row, spec)
    stored_to_wanted = compose(invert(row.frame_to_crop), wanted)
    rgb = warp_picture(index.picture(row), stored_to_wanted, spec.size)
    mask = warp_mask(decode_mask(mask_png, f"mask of {row.name}"), stored_to_wanted, spec.size)
    landmarks = transform_points(wanted, row.landmarks).astype(np.float32)
    return rgb.transpose(2, 0, 1), np.rint(mask * 255).astype(np.uint8)[None], landmarks
