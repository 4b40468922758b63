"""How does a face restorer give a swap more detail?

It was trained on upright faces of the FFHQ set, so the swap is turned and scaled to how these lie, by five points of
the target's landmarks, restored, and brought back. Beyond the square that the restorer sees the swap stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from understudy_sdk import Crop, Resources, StageError, Swap
from understudy_sdk.five_points import FFHQ, upright
from understudy_sdk.geometry import compose, invert
from understudy_sdk.onnx_files.graph import node, value, written
from understudy_sdk.onnx_files.reading import read_file
from understudy_sdk.onnx_files.session import RUNTIME_ERRORS, first_line, start_session
from understudy_sdk.types import F32, F64
from understudy_sdk.warp import resize_square, warp_mask, warp_picture

from . import GFPGAN, OnnxRestorerConfig
from .signature import read_signature

__all__ = ["OnnxRestorer"]

_KIND: Final = "face restorer"
_USUAL_FIDELITY: Final = 0.7
_EDGE: Final = 0.06
"""Share of the restorer's square over which its answer fades into the swap, on each side."""


class OnnxRestorer:
    """Plays a face restorer."""

    def __init__(self, config: OnnxRestorerConfig, resources: Resources) -> None:
        """Read the file and make it ready.

        Raises:
            MissingWeightsError: The published file is not on this machine.
            WrongWeightsError: The file has another checksum than the settings say.
            StageError: The file is no restorer, does not fit the settings, or cannot be run on the device.
        """
        self._config = config
        self._where, content = _content(config, resources)
        device = "cpu" if config.runs_on == "cpu" else resources.device
        self._session = start_session(_KIND, self._where, content, device, resources.threads)
        self._network = read_signature(self._where, self._session.get_inputs(), self._session.get_outputs())
        self._fixed = {}
        if self._network.fidelity is not None:
            level = _USUAL_FIDELITY if config.fidelity is None else config.fidelity
            shape, kind = self._network.fidelity_shape, self._network.fidelity_type
            self._fixed[self._network.fidelity] = np.full(shape, level, kind)
        elif config.fidelity is not None:
            raise StageError(
                f"fidelity is {config.fidelity:g}, but the face restorer {self._where} has no input weight; only "
                f"CodeFormer has one\n  drop fidelity, or name another file"
            )

    @property
    def size(self) -> int:
        """Side of the crops it looks at and of the swaps it answers, as the settings have it."""
        return self._config.size

    def enhance(self, swaps: Sequence[Swap], crops: Sequence[Crop]) -> list[Swap]:
        """Return each swap at its size, restored as far as the settings say.

        Raises:
            StageError: The file fails on a face, or answers with what is no picture.
        """
        return [self._enhanced(swap, crop) for swap, crop in zip(swaps, crops, strict=True)]

    def _enhanced(self, swap: Swap, crop: Crop) -> Swap:
        large, side = resize_square(swap.rgb, self.size, interpolation="cubic"), self._network.size
        crop_to_face = upright(crop.landmarks * np.float32(self.size / crop.size), FFHQ * side)
        restored = self._restored(np.clip(warp_picture(large, crop_to_face, side), 0.0, 1.0))
        face_to_crop = invert(crop_to_face)
        back = warp_picture(restored, compose(_drawn_to_given(side / len(restored)), face_to_crop), self.size)
        shown = warp_mask(_inside(side), face_to_crop, self.size) * np.float32(self._config.amount)
        return replace(swap, rgb=np.clip(large + (back - large) * shown[..., None], 0.0, 1.0))

    def _restored(self, face: F32) -> F32:
        """Return what the network makes of a face: float32 (T, T, 3), 0 to 1."""
        given = np.ascontiguousarray(face.transpose(2, 0, 1)[None] * 2.0 - 1.0, np.float32)  # (1, 3, S, S)
        try:
            (answer,) = self._session.run([self._network.output], {self._network.face: given, **self._fixed})
        except RUNTIME_ERRORS as error:
            raise StageError(
                f"the face restorer {self._where} failed on a face: {first_line(error)}\n"
                f"  set runs_on: cpu where memory is short; else the file itself is at fault"
            ) from error
        shape = answer.shape
        if len(shape) != 4 or shape[:2] != (1, 3) or shape[2] != shape[3] or shape[2] < self._network.size:
            found = f"has the shape {list(shape)} in place of [1, 3, T, T], T from {self._network.size} px on"
        elif not np.isfinite(answer).all():
            found = "holds numbers that are not finite"
        else:
            return np.ascontiguousarray(np.clip(answer[0].transpose(1, 2, 0) * 0.5 + 0.5, 0.0, 1.0), np.float32)
        raise StageError(
            f"the face restorer {self._where} gives no face: its output {self._network.output} {found}\n"
            "  name another file"
        )


def _content(config: OnnxRestorerConfig, resources: Resources) -> tuple[str, bytes]:
    """Return what a restorer is called, and its file's content."""
    if config.weights == "untrained":
        return "built in", _untrained_file()
    if config.weights == "gfpgan":
        return GFPGAN.name, read_file(resources.weights(GFPGAN), GFPGAN.sha256, _KIND)
    return config.file, read_file(Path(config.file), config.sha256, _KIND)


def _drawn_to_given(factor: float) -> F64:
    """Return the affine from a face drawn in more pixels to that given: networks keep the outer edges in place."""
    return np.array([[factor, 0.0, (factor - 1) / 2], [0.0, factor, (factor - 1) / 2]])


@lru_cache(maxsize=4)
def _inside(side: int) -> F32:
    """Return where a restorer's answer counts: 1, falling to 0 at the edges of its square, float32 (S, S)."""
    place = (np.arange(side, dtype=np.float32) + 0.5) / side
    rise = np.clip(np.minimum(place, 1.0 - place) / _EDGE, 0.0, 1.0)
    soft = rise * rise * (3.0 - 2.0 * rise)
    return np.asarray(soft[:, None] * soft[None, :], np.float32)


def _untrained_file() -> bytes:
    """Return a restorer that gives faces back as they are."""
    shape = (1, 3, 64, 64)
    return written([node("Identity", ("input",), "output")], {}, [value("input", shape)], [value("output", shape)])
