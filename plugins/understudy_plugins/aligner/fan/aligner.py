"""Where are the landmarks of a face, and where is it in the next frame?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch

from understudy_sdk import Face, Frame, Resources, StageError, landmarks
from understudy_sdk.weights import require_content

from . import FAN_2D, FanConfig
from .decode import (
    F32,
    F64,
    U8,
    Window,
    box_of_landmarks,
    confidences,
    cut,
    peaks,
    samples_of,
    spread_of,
    window_of_box,
    window_of_landmarks,
)
from .network import FaceAlignmentNetwork, new_network
from .weights import read_weights

__all__ = ["FanAligner"]

_BATCH: Final = 16
_BATCH_ON_CPU: Final = 1
"""A batch is hardly faster there, and rounds otherwise than one picture does: answers would hang on their company."""

# Measured in spreads of the face (see ``spread_of``; a face is about three spreads wide): how far a second look at the
# same face may move it, and how far it may go, and grow or shrink, from a frame to the next.
_MOST_MOVED: Final = 0.3
_MOST_TRAVELLED: Final = 1.0
_MOST_GROWN: Final = 1.35
_LEAST_SURE: Final = 0.8
"""What a second look may lose of the first one's confidence."""


class _Look(NamedTuple):
    """What the network says of one square: landmarks (68, 2) in the frame's px, and its confidence, 0 to 1."""

    landmarks: F64
    confidence: float


class FanAligner:
    """Places landmarks at the peaks of the heat maps that FAN draws: a FollowingAligner."""

    def __init__(self, config: FanConfig, resources: Resources) -> None:
        """Build the network on the device lent, and fill it with the weights that the settings name."""
        self._config = config
        self._device = torch.device(resources.device)
        if self._device.type == "cpu":
            torch.set_num_threads(resources.threads)
        self._dtype = _dtype(config.precision, self._device)
        network = new_network(config.stacks)
        path = _weight_path(config, resources)
        if path is not None:
            shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items() if tensor.ndim}
            weights = {name: torch.from_numpy(array) for name, array in read_weights(path, shapes).items()}
            network.load_state_dict(weights, strict=False)  # what counts the batches learnt from is not used
        self._network = _placed(network.fold(), self._device, self._dtype)

    def align(self, frames: Sequence[Frame], faces: Sequence[Sequence[Face]]) -> list[list[Face]]:
        """Return the faces with landmarks; those whose heat maps are too flat are left out."""
        given = [(index, face) for index, found in enumerate(faces) for face in found]
        looks = self._look_at([(frames[index].rgb, face) for index, face in given])
        answers: list[list[Face]] = [[] for _ in frames]
        for (index, face), look in zip(given, looks, strict=True):
            if look.confidence >= self._config.min_confidence:
                answers[index].append(replace(face, landmarks=look.landmarks.astype(np.float32)))
        return answers

    def follow(self, frame: Frame, before: Sequence[Face]) -> list[Face | None]:
        """Return the faces as they lie in this frame, looking once where the neighbouring frame has them.

        A face is lost where the confidence falls below ``min_follow_confidence``, or where the landmarks have gone or
        grown further than a face can from a frame to the next. The score is the heat maps' mean peak, 0 to 1.
        """
        windows = [None if face.landmarks is None else _window(face.landmarks) for face in before]
        looks = iter(self._look([(frame.rgb, window) for window in windows if window], self._config.samples))
        answers: list[Face | None] = []
        for face, window in zip(before, windows, strict=True):
            look = next(looks) if window else None
            if look is None or face.landmarks is None or not self._is_same(face.landmarks, look):
                answers.append(None)
                continue
            points = look.landmarks.astype(np.float32)
            answers.append(Face(box_of_landmarks(look.landmarks), look.confidence, landmarks=points))
        return answers

    def _is_same(self, before: F32, look: _Look) -> bool:
        """Say whether a look shows a face that may be the one that had these landmarks a frame earlier."""
        if look.confidence < self._config.min_follow_confidence:
            return False
        was, now = spread_of(before.astype(np.float64)), spread_of(look.landmarks)
        travelled = float(np.hypot(*(look.landmarks.mean(axis=0) - before.mean(axis=0))))
        return travelled <= _MOST_TRAVELLED * was and was / _MOST_GROWN <= now <= was * _MOST_GROWN

    def _look_at(self, faces: Sequence[tuple[U8, Face]]) -> list[_Look]:
        """Return the last pass's look at each face."""
        config, is_raised = self._config, self._config.crop == "face_alignment"
        jobs = [(rgb, window_of_box(face, is_raised, config.level_eyes)) for rgb, face in faces]
        looks = self._look(jobs, config.samples if config.passes == 1 else 1)
        if config.passes == 1:
            return looks
        windows = [_window(look.landmarks) for look in looks]
        again = [index for index, window in enumerate(windows) if window]
        jobs = [(faces[index][0], window) for index, window in enumerate(windows) if window]
        for index, second in zip(again, self._look(jobs, config.samples), strict=True):
            if _agree(looks[index], second):
                looks[index] = second
        return looks

    def _look(self, jobs: Sequence[tuple[U8, Window]], samples: int) -> list[_Look]:
        """Return what the network sees in each square, averaged over some samples of it."""
        pictures = [(rgb, sample) for rgb, window in jobs for sample in samples_of(window, samples)]
        size = _BATCH_ON_CPU if self._device.type == "cpu" else _BATCH
        looks: list[_Look] = []
        for start in range(0, len(pictures), size):
            batch = pictures[start : start + size]
            heatmaps = self._heatmaps(np.stack([cut(rgb, window) for rgb, window in batch]))
            points, sure = peaks(heatmaps, self._config.subpixel == "fitted"), confidences(heatmaps)
            looks += [_Look(window.to_frame(points[i]), float(sure[i])) for i, (_, window) in enumerate(batch)]
        return [_mean(looks[start : start + samples]) for start in range(0, len(looks), samples)]

    @torch.inference_mode()
    def _heatmaps(self, pictures: U8) -> F32:
        """Return the heat maps, float32 (B, 68, 64, 64), of pictures, uint8 (B, 256, 256, 3)."""
        inputs = torch.from_numpy(pictures).to(self._device).permute(0, 3, 1, 2)  # (B, 3, 256, 256), channels last
        inputs = inputs.to(torch.float32).div_(255).to(self._dtype)
        heatmaps = self._network(inputs).to(torch.float32)
        if self._config.flip:
            mirrored = self._network(inputs.flip(3)).to(torch.float32).flip(3)
            heatmaps = (heatmaps + mirrored[:, landmarks.MIRRORED.copy()]) / 2
        answer = np.asarray(heatmaps.contiguous().cpu().numpy(), np.float32)
        if not np.isfinite(answer).all():
            raise StageError("FAN's numbers ran out of range\n  if it counts in float16, set precision: float32")
        return answer


def _window(points: F32 | F64) -> Window | None:
    return window_of_landmarks(points.astype(np.float64))


def _agree(first: _Look, second: _Look) -> bool:
    """Say whether a second look at a face may replace the first."""
    moved = float(np.hypot(*(second.landmarks - first.landmarks).T).mean())
    return moved <= _MOST_MOVED * spread_of(first.landmarks) and second.confidence >= _LEAST_SURE * first.confidence


def _mean(looks: Sequence[_Look]) -> _Look:
    if len(looks) == 1:
        return looks[0]
    return _Look(
        np.mean([look.landmarks for look in looks], axis=0), float(np.mean([look.confidence for look in looks]))
    )


def _weight_path(config: FanConfig, resources: Resources) -> Path | None:
    if config.weights == "released":
        return resources.weights(FAN_2D)
    if config.weights == "untrained":
        return None
    path = Path(config.weights_file)
    require_content(path, config.weights_sha256)
    return path


def _dtype(precision: str, device: torch.device) -> torch.dtype:
    """Return the numbers to count in; ``auto`` takes bfloat16 where the device multiplies it in hardware."""
    named = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    if precision != "auto":
        return named[precision]
    if device.type == "cuda":
        has_bfloat16 = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        has_bfloat16 = device.type == "cpu" and (
            torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        )
    return torch.bfloat16 if has_bfloat16 else torch.float32


def _placed(network: FaceAlignmentNetwork, device: torch.device, dtype: torch.dtype) -> FaceAlignmentNetwork:
    """Move the network to its device, its convolutions to their numbers; batch norms and heat maps stay float32."""
    for part in network.modules():
        if isinstance(part, torch.nn.Conv2d) and part.out_channels != landmarks.COUNT:
            part.to(dtype)
    return network.to(device)
