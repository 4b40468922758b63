"""Where are the faces in a frame, as S3FD sees them?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import numpy.typing as npt
import torch

from understudy_sdk import Face, Frame, Resources, StageError

from .decode import Array, decode, extend_down, suppress, turn, turn_back
from .network import SMALLEST_PX, STRIDES_PX, S3FDNetwork

if TYPE_CHECKING:
    from . import S3FDConfig
    from .weights import Weights

__all__ = ["S3FDDetector", "choose_precision", "search_side"]

U8 = npt.NDArray[np.uint8]

_BGR_MEANS: Final = (104.0, 117.0, 123.0)
_BATCH_PX: Final = 8 * 640 * 360  # pixels in one pass on a GPU; about 2 GB of memory in float32


class S3FDDetector:
    """Searches frames scaled to ``search_size``; frames of one size go through a GPU together.

    On a CPU each frame goes alone: it keeps all threads busy by itself, and the answer cannot depend on its company.
    """

    def __init__(self, config: S3FDConfig, weights: Weights, resources: Resources) -> None:
        self._config = config
        self._device = torch.device(resources.device)
        if self._device.type == "cpu":
            torch.set_num_threads(resources.threads)
        with torch.device("meta"):
            self._network = S3FDNetwork()
        tensors = {name: torch.from_numpy(array) for name, array in weights.items()}
        self._network.load_state_dict(tensors, assign=True)
        self._network.to(self._device).requires_grad_(False)
        self._network.set_precision(choose_precision(config.precision, self._device))
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs leave it out

    def detect(self, frames: Sequence[Frame]) -> list[list[Face]]:
        """Return each frame's faces, best score first."""
        found: list[list[Face]] = [[] for _ in frames]
        left = [index for index, frame in enumerate(frames) if _short_side(frame.rgb) >= self._shortest]
        for degrees in self._config.rotations:
            pictures = [turn(_even(frames[index].rgb), degrees) for index in left]
            for index, boxes in zip(left, self._search_all(pictures), strict=True):
                height, width = _even(frames[index].rgb).shape[:2]
                found[index] = _faces(turn_back(boxes, degrees, width, height))
            left = [index for index in left if not found[index]]
        return found

    @property
    def _shortest(self) -> int:
        return max(2, self._config.min_frame_px)  # a row of pixels has no even part

    def _search_all(self, pictures: Sequence[U8]) -> list[Array]:
        """Return each picture's boxes in its own pixels, (N, 5)."""
        found: dict[int, Array] = {}
        for batch in self._batches(pictures):
            inputs = np.stack([self._to_network(pictures[index]) for index in batch])
            for index, boxes in zip(batch, self._search(inputs), strict=True):
                found[index] = self._to_picture(boxes, pictures[index])
        return [found[index] for index in range(len(pictures))]

    def _batches(self, pictures: Sequence[U8]) -> Iterator[list[int]]:
        """Give the numbers of the pictures that go through the network together."""
        by_size: dict[tuple[int, ...], list[int]] = {}
        for index, picture in enumerate(pictures):
            by_size.setdefault(picture.shape, []).append(index)
        for (height, width, _), numbers in by_size.items():
            at_once = 1
            if self._device.type != "cpu":
                inner_width, inner_height = self._scaled_size(width, height)
                at_once = max(1, _BATCH_PX // (inner_width * inner_height))
            for start in range(0, len(numbers), at_once):
                yield numbers[start : start + at_once]

    def _scaled_size(self, width: int, height: int) -> tuple[int, int]:
        scale = self._scale(width, height)
        return max(1, int(width / scale)), max(1, int(height / scale))

    def _scale(self, width: int, height: int) -> float:
        """Return how many of the frame's pixels one of the search's pixels is."""
        return max(width, height) / search_side(self._config.search_size, width, height)

    def _to_network(self, rgb: U8) -> npt.NDArray[np.float32]:
        """Return a picture scaled, as float32 (3, H, W), BGR unless the settings say otherwise, less the means."""
        size = self._scaled_size(rgb.shape[1], rgb.shape[0])
        small = cv2.resize(np.ascontiguousarray(rgb), size, interpolation=cv2.INTER_LINEAR)
        channels = small if self._config.channel_order == "rgb" else small[..., ::-1]
        inputs = np.zeros((3, max(SMALLEST_PX, size[1]), max(SMALLEST_PX, size[0])), np.float32)
        inputs[:, : size[1], : size[0]] = (channels - np.array(_BGR_MEANS, np.float32)).transpose(2, 0, 1)
        return inputs

    def _search(self, inputs: npt.NDArray[np.float32]) -> list[Array]:
        """Return the boxes in each of the scaled pictures, best score first."""
        with torch.inference_mode():
            batch = torch.from_numpy(inputs).to(self._device).contiguous(memory_format=torch.channels_last)
            levels = [(scores[:, 1].cpu().numpy(), offsets.cpu().numpy()) for scores, offsets in self._network(batch)]
        if not all(np.isfinite(scores).all() and np.isfinite(offsets).all() for scores, offsets in levels):
            raise StageError("S3FD's numbers ran out of range\n  if it counts with float16, set precision: float32")
        found = []
        for number in range(len(inputs)):
            picture = [(s[number], o[number], stride) for (s, o), stride in zip(levels, STRIDES_PX, strict=True)]
            found.append(suppress(decode(picture, self._config.min_score), self._config.iou))
        return found

    def _to_picture(self, found: Array, picture: U8) -> Array:
        """Return boxes of the scaled picture in the picture's own pixels: large ones, lengthened at the chin."""
        boxes = found.copy()
        boxes[:, :4] = self._whole(boxes[:, :4]) * self._scale(picture.shape[1], picture.shape[0])
        boxes = boxes[(boxes[:, 2:4] - boxes[:, :2]).min(axis=1) >= self._config.min_size_px]
        boxes = extend_down(boxes, self._config.extend_chin)
        boxes[:, :4] = self._whole(boxes[:, :4])
        return boxes

    def _whole(self, values: Array) -> Array:
        return np.trunc(values) if self._config.whole_pixels else values


def search_side(setting: str | int, width: int, height: int) -> float:
    """Return the long side, in px, at which a frame is searched."""
    if not isinstance(setting, str):
        return setting
    longest = max(width, height)
    return max(64, 640 if longest >= 1280 else longest / 2)


def choose_precision(setting: str, device: torch.device) -> torch.dtype:
    """Return the type of the trunk's numbers; ``auto`` takes 16 bits where the device multiplies them in hardware.

    On a GPU that is float16, which moves boxes by hundredths of a pixel; processors are fast with bfloat16 alone, and
    its steps are eight times as wide.
    """
    if setting != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[setting]
    if device.type == "cuda":
        return torch.float16
    if device.type == "cpu" and (torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()):
        return torch.bfloat16
    return torch.float32


def _even(rgb: U8) -> U8:
    """Return the frame without its last row and column where their number is odd."""
    height, width = rgb.shape[:2]
    return rgb[: height - height % 2, : width - width % 2]


def _short_side(rgb: U8) -> int:
    return int(min(rgb.shape[:2]))


def _faces(found: Array) -> list[Face]:
    """Return the boxes that have an extent as faces."""
    boxes = found[:, :4].astype(np.float32)
    return [
        Face(box=box.copy(), score=min(1.0, float(score)))
        for box, score in zip(boxes, found[:, 4], strict=True)
        if (box[:2] < box[2:]).all()
    ]
