"""What did a network learn, wherever it was kept?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch

from understudy_sdk import StageError, WrongWeightsError
from understudy_sdk.foreign import plain_pickle, read_arrays

from . import XSegConfig
from .exchange import PART, XSegExchange

__all__ = ["read_trained"]

_OURS: Final = "weights.safetensors"
_OUR_NOTES: Final = ("masker.json", "state.json")  # in a training's folder, and in a checkpoint's
_THEIRS: Final = "XSeg_256.npy"
_THEIR_DATA: Final = "XSeg_data.dat"


def read_trained(config: XSegConfig) -> dict[str, torch.Tensor]:
    """Return the weights that the settings name, by our names; their shapes are not checked.

    Raises:
        StageError: There are none in the place, or they are not those of such a network or of its face type.
        ForeignFileError: The file is damaged, or asks for code.
        OSError: It cannot be opened.
    """
    path = _file(Path(config.weights))
    arrays = read_arrays(path)
    if not any("/" in name for name in arrays):
        _refuse_other_faces(path, _face_type_beside(path), config)
        return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
    data = _data_beside(path)
    try:
        model = XSegExchange().read({PART: arrays}, data)
    except StageError as error:
        raise WrongWeightsError(f"{path}: {error}") from error
    _refuse_other_faces(path, model.settings["face_type"] if data else None, config)
    return dict(model.weights)


def _refuse_other_faces(path: Path, learnt: object, config: XSegConfig) -> None:
    """Refuse weights of another face type, which would fit and mask the wrong place; None is not known."""
    if learnt is not None and learnt != config.face_type:
        raise StageError(
            f"{path} was trained on faces of the type {learnt}, but xseg is set to {config.face_type}\n"
            f"  set face_type: {learnt}"
        )


def _face_type_beside(path: Path) -> object:
    """Return the face type that the host noted beside weights it trained; None where it noted none."""
    for notes in (path.with_name(name) for name in _OUR_NOTES):
        if notes.is_file():
            try:
                found = json.loads(notes.read_text(encoding="utf-8"))
            except ValueError as error:
                raise StageError(f"{notes} is damaged: {error}\n  name a whole checkpoint") from error
            return found.get("settings", {}).get("face_type")
    return None


def _file(path: Path) -> Path:
    """Return the file that holds the weights."""
    if not path.is_dir():
        return path
    for name in (_OURS, _THEIRS):
        if (path / name).is_file():
            return path / name
    raise StageError(
        f"there are no weights of xseg in {path}: neither {_OURS} nor {_THEIRS}\n"
        "  name a checkpoint's folder, or a model folder of DeepFaceLab"
    )


def _data_beside(path: Path) -> Mapping[str, Any]:
    """Return what DeepFaceLab notes beside its weights; nothing where it is not there."""
    notes = path.with_name(_THEIR_DATA)
    if not notes.is_file():
        return {}
    found = plain_pickle(notes.read_bytes(), where=str(notes))
    return found if isinstance(found, dict) else {}
