"""Which labelled faces does a contract test let a masker learn from? A few drawn ones, the same on every machine."""

from __future__ import annotations

from understudy_sdk.types import CropSpec, MaskBatch, Side

from .training_data import DrawnFaces

__all__ = ["DrawnMasks"]


class DrawnMasks:
    """Four drawn faces with their masks, in turn: ``MaskTrainingData`` that fits in a test.

    Attributes:
        draws: Every draw asked for, as number and size.
    """

    def __init__(self, spec: CropSpec, seed: int = 0, device: str = "cpu") -> None:
        """Draw the faces at a masker's crops; the seed decides how they are augmented, not how they look."""
        self.draws: list[tuple[int, int]] = []
        self._faces = DrawnFaces(spec, seed, device)

    def draw(self, number: int, size: int) -> MaskBatch:
        """Return the ``number``-th draw of ``size`` faces."""
        self.draws.append((number, size))
        batch = self._faces.draw(Side.TARGET, number, size)
        return MaskBatch(batch.rgb, batch.mask, batch.landmarks, batch.seed)
