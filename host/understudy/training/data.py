"""Where are the faces that a model learns from, and in which order are they dealt?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import torch

from understudy.aside import whole_folder
from understudy.errors import StoreError, TrainingError
from understudy_sdk import FaceBatch, Side
from understudy_sdk.pose import pose
from understudy_sdk.types import F32, U8, require

from .memory import free_bytes

__all__ = ["DeckData", "FaceArrays", "load_arrays", "save_arrays"]

_NAMES: Final = ("rgb", "mask", "landmarks")
_SHARE: Final = 0.5
"""Share of the free memory that faces may fill."""
_BLOCK: Final = 256
"""Faces copied at once to a device."""
_SIDE_NUMBERS: Final = {Side.SOURCE: 0, Side.TARGET: 1}
_YAW_EDGES: Final = np.linspace(-1.2, 1.2, 128)
"""Where groups of faces that look the same way begin, in radians; the outer two are open. DeepFaceLab's."""
_YAW_KEY: Final = 2  # keeps the orders of uniform draws apart from the others

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class FaceArrays:
    """One side's faces at a model's crop; the arrays may be memory-mapped.

    Attributes:
        rgb: uint8 (N, 3, S, S), RGB.
        mask: uint8 (N, 1, S, S), 0 or up to 255 where the face is.
        landmarks: float32 (N, 68, 2), x y in the crop's pixels.
    """

    rgb: U8
    mask: U8
    landmarks: F32

    def __post_init__(self) -> None:
        """Check all arrays; crops are square, and of each kind there are equally many."""
        require("FaceArrays.rgb", self.rgb, np.uint8, (None, 3, None, None))
        count, _, size, _ = self.rgb.shape
        require("FaceArrays.rgb", self.rgb, np.uint8, (count, 3, size, size))
        require("FaceArrays.mask", self.mask, np.uint8, (count, 1, size, size))
        require("FaceArrays.landmarks", self.landmarks, np.float32, (count, 68, 2))

    def __len__(self) -> int:
        return len(self.rgb)

    @property
    def size(self) -> int:
        """Side S of the crops in px."""
        return int(self.rgb.shape[2])

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self.rgb.nbytes + self.mask.nbytes + self.landmarks.nbytes


def save_arrays(folder: Path, size: int, count: int, faces: Iterable[tuple[U8, U8, F32]]) -> None:
    """Write a side's faces as ``rgb.npy``, ``mask.npy`` and ``landmarks.npy``; the folder is whole or not there.

    One face at a time is in memory, so a faceset may be larger than that.

    Args:
        folder: Where to; it takes the place of an older one.
        size: Side S of the crops in px.
        count: How many faces come.
        faces: Of each face uint8 (3, S, S), uint8 (1, S, S) and float32 (68, 2).

    Raises:
        StoreError: When the disk does not take them.
    """
    shapes = ((3, size, size), (1, size, size), (68, 2))
    with whole_folder(folder) as part:
        arrays = [
            np.lib.format.open_memmap(part / f"{name}.npy", "w+", dtype, (count, *shape))
            for name, dtype, shape in zip(_NAMES, (np.uint8, np.uint8, np.float32), shapes, strict=True)
        ]
        for number, face in enumerate(faces):
            for array, value in zip(arrays, face, strict=True):
                array[number] = value
        for array in arrays:
            array.flush()


def load_arrays(folder: Path) -> FaceArrays:
    """Return a side's faces, memory-mapped and read-only.

    Raises:
        StoreError: When they are missing or damaged.
        InvalidValueError: When the files are of another kind, or do not belong together.
    """
    try:
        return FaceArrays(*(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _NAMES))
    except (OSError, ValueError, EOFError) as error:
        raise StoreError(
            f"the faces in {folder} cannot be read: {error}\n  delete that folder and run again; they are made anew"
        ) from error


class DeckData:
    """Both sides' faces, dealt from shuffled decks.

    A side's cards are an endless row of decks, each holding every face once in its own order. Draw number n of size B
    takes the cards from n * B on. The order depends on the seed, the side and the deck's number, and on nothing else.
    Implements ``TrainingData``.

    For a uniform yaw, faces are grouped by where they look. Then each card names a group, with each group once in every
    deck, and every group has a deck of its own faces.
    """

    def __init__(self, source: FaceArrays, target: FaceArrays, *, seed: int, device: str) -> None:
        """Take both sides in; they are kept on the device, else in memory, where half of what is free holds them.

        Args:
            source: The identity that is put on.
            target: The person in the footage.
            seed: 0 or more; decides all orders.
            device: The model's device; batches come out there.

        Raises:
            TrainingError: When the sides' crops differ in size.
        """
        if source.size != target.size:
            raise TrainingError(
                f"the source's crops have {source.size} px and the target's {target.size} px\n"
                f"  make both at the model's crop size"
            )
        self._seed = seed
        self._faces: dict[Side, _Faces] = {}
        self._landmarks = {Side.SOURCE: source.landmarks, Side.TARGET: target.landmarks}
        self._size_px = source.size
        budget = int(free_bytes(device) * _SHARE)
        for side, arrays in ((Side.SOURCE, source), (Side.TARGET, target)):
            fits = arrays.nbytes <= budget
            budget -= arrays.nbytes if fits else 0
            self._faces[side] = _place(arrays, device, fits)
        self._deck = lru_cache(maxsize=8)(self._shuffle)
        self._groups = lru_cache(maxsize=2)(self._group_by_yaw)

    def draw(self, side: Side, number: int, size: int, *, uniform_yaw: bool = False) -> FaceBatch:
        """Return the ``number``-th draw (0 or more) of ``size`` faces."""
        cards = self._uniform_cards if uniform_yaw else self._cards
        rgb, mask, landmarks = self._faces[side].take(cards(side, number * size, size))
        return FaceBatch(rgb=rgb, mask=mask, landmarks=landmarks, seed=self._draw_seed(side, number))

    def _cards(self, side: Side, first: int, count: int) -> I64:
        """Return the face numbers on ``count`` cards from the ``first`` on."""
        faces = len(self._faces[side])
        decks = range(first // faces, (first + count - 1) // faces + 1)
        row = np.concatenate([self._deck(side, deck) for deck in decks])
        begin = first - decks[0] * faces
        return row[begin : begin + count]

    def _shuffle(self, side: Side, deck: int) -> I64:
        entropy = [self._seed, _SIDE_NUMBERS[side], deck]
        return np.random.Generator(np.random.PCG64(entropy)).permutation(len(self._faces[side]))

    def _uniform_cards(self, side: Side, first: int, count: int) -> I64:
        """Return the same where each card names a group: in the n-th deck of groups it is a group's n-th turn."""
        groups = self._groups(side)
        numbers = np.empty(count, np.int64)
        for place in range(count):
            turn, card = divmod(first + place, len(groups))
            group = int(self._order([_YAW_KEY, turn], side, len(groups))[card])
            deck, card = divmod(turn, len(groups[group]))
            numbers[place] = groups[group][self._order([_YAW_KEY, deck, group], side, len(groups[group]))[card]]
        return numbers

    def _order(self, key: list[int], side: Side, count: int) -> I64:
        entropy = [self._seed, _SIDE_NUMBERS[side], *key]
        return np.random.Generator(np.random.PCG64(entropy)).permutation(count)

    def _group_by_yaw(self, side: Side) -> list[I64]:
        """Return the numbers of a side's faces, a row for each group that has any."""
        yaws = np.array([pose(landmarks, self._size_px)[1] for landmarks in self._landmarks[side]])
        groups = np.clip(np.searchsorted(_YAW_EDGES, -yaws, side="right") - 1, 0, len(_YAW_EDGES) - 1)
        return [np.flatnonzero(groups == group) for group in np.unique(groups)]

    def _draw_seed(self, side: Side, number: int) -> int:
        mixed = np.random.SeedSequence([self._seed, _SIDE_NUMBERS[side], number], spawn_key=(1,))
        return int(mixed.generate_state(1, np.uint64)[0] >> np.uint64(1))  # 63 bits: what every generator takes


_Tensors = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


class _Faces(Protocol):
    """One side's faces, wherever they are kept."""

    def __len__(self) -> int: ...

    def take(self, numbers: I64) -> _Tensors:
        """Return rgb, mask and landmarks of the faces of these numbers, on the model's device."""
        ...


def _place(arrays: FaceArrays, device: str, fits: bool) -> _Faces:
    if not fits:
        return _HostFaces(arrays, device)
    if torch.device(device).type == "cpu":
        return _HostFaces(FaceArrays(*(np.array(getattr(arrays, name)) for name in _NAMES)), device)
    return _DeviceFaces(arrays, device)


class _HostFaces:
    """Faces in memory or in mapped files, moved draw by draw."""

    def __init__(self, arrays: FaceArrays, device: str) -> None:
        self._arrays, self._device = arrays, torch.device(device)

    def __len__(self) -> int:
        return len(self._arrays)

    def take(self, numbers: I64) -> _Tensors:
        rgb, mask, landmarks = (torch.from_numpy(getattr(self._arrays, name)[numbers]) for name in _NAMES)
        return self._move(rgb), self._move(mask), self._move(landmarks)

    def _move(self, tensor: torch.Tensor) -> torch.Tensor:
        if self._device.type == "cpu":
            return tensor
        if self._device.type == "cuda":
            return tensor.pin_memory().to(self._device, non_blocking=True)
        return tensor.to(self._device)


class _DeviceFaces:
    """Faces on the model's device; a draw moves only their numbers."""

    def __init__(self, arrays: FaceArrays, device: str) -> None:
        self._rgb, self._mask, self._landmarks = (_upload(getattr(arrays, name), device) for name in _NAMES)

    def __len__(self) -> int:
        return len(self._rgb)

    def take(self, numbers: I64) -> _Tensors:
        where = torch.from_numpy(numbers).to(self._rgb.device)
        return self._rgb[where], self._mask[where], self._landmarks[where]


def _upload(array: U8 | F32, device: str) -> torch.Tensor:
    """Copy an array to a device block by block, so that a large one need not lie in memory as a whole."""
    dtype = torch.uint8 if array.dtype == np.uint8 else torch.float32
    tensor = torch.empty(array.shape, dtype=dtype, device=device)
    for first in range(0, len(array), _BLOCK):
        tensor[first : first + _BLOCK] = torch.from_numpy(np.array(array[first : first + _BLOCK])).to(device)
    return tensor
