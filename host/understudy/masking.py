"""How do several maskers make one mask?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from understudy_sdk import Crop, Mask, Masker, Resources
from understudy_sdk.types import F32
from understudy_sdk.warp import resize_square

from .answers import check_masks
from .plugins import blaming
from .project import Chosen

__all__ = ["JoinedMasker"]


@dataclass(frozen=True, slots=True)
class JoinedMasker:
    """One or several maskers, whose masks are multiplied or of which the smallest value counts.

    Attributes:
        parts: What the project chose, and the masker built from it.
        join: ``minimum`` keeps soft edges as they are where masks agree; ``product`` makes them steeper.
    """

    parts: tuple[tuple[Chosen, Masker], ...]
    join: Literal["minimum", "product"]

    @classmethod
    def build(cls, chosen: Sequence[Chosen], join: Literal["minimum", "product"], resources: Resources) -> JoinedMasker:
        """Build the chosen plugins."""
        return cls(tuple((one, one.build(resources)) for one in chosen), join)

    def mask(self, crops: Sequence[Crop], where: str = "") -> list[Mask]:
        """Return one mask per crop, in the order given; of the crop's size or, where a part's is larger, of that.

        ``where`` says in a message which frames they are from, such as ``" of frame 3"``.
        """
        joined = self._answers(0, crops, where)
        for number in range(1, len(self.parts)):
            joined = [
                self._joined(one, other) for one, other in zip(joined, self._answers(number, crops, where), strict=True)
            ]
        return [Mask(values) for values in joined]

    def _answers(self, number: int, crops: Sequence[Crop], where: str) -> list[F32]:
        chosen, masker = self.parts[number]
        with blaming(chosen.offer, f"masking faces{where}"):
            return [mask.values for mask in check_masks(masker.mask(crops), crops)]

    def _joined(self, one: F32, other: F32) -> F32:
        size = max(len(one), len(other))
        first, second = (np.clip(resize_square(values, size), 0.0, 1.0) for values in (one, other))
        return np.minimum(first, second) if self.join == "minimum" else first * second
