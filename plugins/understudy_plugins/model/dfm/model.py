"""How does a DFM swap faces?

DeepFaceLab's form: faces go in and come out as float32 (B, S, S, 3), 0 to 1, BGR.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from understudy_sdk import Crop, CropSpec, Resources, StageError, Swap
from understudy_sdk.onnx_files.reading import read_file
from understudy_sdk.onnx_files.session import RUNTIME_ERRORS, first_line, start_session
from understudy_sdk.types import F32

from . import DFMConfig
from .signature import read_signature
from .untrained import untrained_file

__all__ = ["DFMModel"]


class DFMModel:
    """Plays a DFM."""

    def __init__(self, config: DFMConfig, resources: Resources) -> None:
        """Read the file and make it ready.

        Raises:
            WrongWeightsError: The file has another checksum than the settings say.
            StageError: The file is no DFM, does not fit the settings, or cannot be run on the device.
        """
        self._where = config.file or "built in"
        content = read_file(Path(config.file), config.sha256, "DFM") if config.file else untrained_file()
        device = "cpu" if config.runs_on == "cpu" else resources.device
        self._session = start_session("DFM", self._where, content, device, resources.threads)
        self._signature = read_signature(self._where, self._session.get_inputs(), self._session.get_outputs())
        self._fixed: dict[str, F32] = {}
        self.adjust(config)
        self._batch_size = 1 if self._signature.is_single else config.batch_size
        self._crop_spec = CropSpec(config.face_type, self._signature.size)

    @property
    def crop_spec(self) -> CropSpec:
        """The crops it reads and answers: the settings' face type, the file's size."""
        return self._crop_spec

    def adjust(self, config: DFMConfig) -> None:
        """Turn into the source as far as these settings say; all others are those it was built with.

        Raises:
            StageError: They ask for it of a file that cannot.
        """
        if self._signature.morph is not None:
            self._fixed[self._signature.morph] = np.array([1.0 if config.morph is None else config.morph], np.float32)
        elif config.morph is not None:
            raise StageError(
                f"morph is {config.morph:g}, but the DFM {self._where} has no input morph_value; only AMP's files have "
                f"one\n  drop morph, or name a file exported from AMP"
            )

    def swap(self, crops: Sequence[Crop]) -> list[Swap]:
        """Return the source's face and both learnt masks, one swap per crop, in order.

        Raises:
            StageError: The file fails on these faces, or answers with what are no pictures.
        """
        step = self._batch_size
        return [swap for start in range(0, len(crops), step) for swap in self._swap(crops[start : start + step])]

    def _swap(self, crops: Sequence[Crop]) -> list[Swap]:
        names = self._signature.outputs
        try:
            answers = self._session.run(names, {self._signature.face: _to_network(crops), **self._fixed})
        except RUNTIME_ERRORS as error:
            raise StageError(
                f"the DFM {self._where} failed on {len(crops)} faces: {first_line(error)}\n"
                f"  set batch_size: 1 where memory is short; else the file itself is at fault"
            ) from error
        for name, channels, answer in zip(names, (1, 3, 1), answers, strict=True):
            self._check(name, answer, (len(crops), self._signature.size, self._signature.size, channels))
        target_masks, faces, source_masks = (np.clip(answer, 0.0, 1.0) for answer in answers)
        rows = zip(faces, source_masks, target_masks, strict=True)
        return [
            Swap(_from_network(face), source_mask=source[..., 0].copy(), target_mask=target[..., 0].copy())
            for face, source, target in rows
        ]

    def _check(self, name: str, answer: F32, shape: tuple[int, ...]) -> None:
        if answer.shape != shape:
            found = f"has the shape {list(answer.shape)} in place of {list(shape)}"
        elif not np.isfinite(answer).all():
            found = "holds numbers that are not finite"
        else:
            return
        raise StageError(f"the DFM {self._where} gives no face: its output {name} {found}\n  export it again")


def _to_network(crops: Sequence[Crop]) -> F32:
    bgr = np.stack([crop.rgb for crop in crops])[..., ::-1]
    return np.ascontiguousarray(bgr, np.float32) / np.float32(255.0)  # (B, S, S, 3)


def _from_network(face_bgr: F32) -> F32:
    return np.ascontiguousarray(face_bgr[..., ::-1])
