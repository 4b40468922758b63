"""In which order are labelled faces dealt to a masker that learns?"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch

from understudy.training import FaceArrays
from understudy_sdk import MaskBatch

__all__ = ["LabelDeck"]

I64 = npt.NDArray[np.int64]


class LabelDeck:
    """Labelled faces, dealt from shuffled decks that each hold every face once.

    Draw number n of size B takes the cards from n * B on; the order depends on the seed and the deck's number alone.
    There are few labelled faces, so they stay in mapped files and are moved draw by draw. Implements
    ``MaskTrainingData``.
    """

    def __init__(self, faces: FaceArrays, *, seed: int, device: str) -> None:
        """Take the faces in; ``seed`` is 0 or more, batches come out on the device."""
        self._faces, self._seed, self._device = faces, seed, torch.device(device)
        self._deck = lru_cache(maxsize=8)(self._shuffle)

    def draw(self, number: int, size: int) -> MaskBatch:
        """Return the ``number``-th draw (0 or more) of ``size`` faces."""
        cards = self._cards(number * size, size)
        taken = (self._faces.rgb[cards], self._faces.mask[cards], self._faces.landmarks[cards])
        rgb, mask, landmarks = (torch.from_numpy(values).to(self._device) for values in taken)
        return MaskBatch(rgb=rgb, mask=mask, landmarks=landmarks, seed=self._draw_seed(number))

    def _cards(self, first: int, count: int) -> I64:
        faces = len(self._faces)
        decks = range(first // faces, (first + count - 1) // faces + 1)
        row = np.concatenate([self._deck(deck) for deck in decks])
        begin = first - decks[0] * faces
        return row[begin : begin + count]

    def _shuffle(self, deck: int) -> I64:
        return np.random.Generator(np.random.PCG64([self._seed, deck])).permutation(len(self._faces))

    def _draw_seed(self, number: int) -> int:
        mixed = np.random.SeedSequence([self._seed, number], spawn_key=(1,))
        return int(mixed.generate_state(1, np.uint64)[0] >> np.uint64(1))  # 63 bits: what every generator takes
