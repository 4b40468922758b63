"""How does XSeg mask crops, and learn to?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 -- torch's own custom
from torch import Tensor

from understudy_sdk import Crop, CropSpec, FaceType, Mask, MaskTrainingData, Resources, StageError
from understudy_sdk.autoencoder.engine import Engine
from understudy_sdk.autoencoder.losses import picture_losses
from understudy_sdk.autoencoder.optimizer import RMSprop
from understudy_sdk.autoencoder.state import take
from understudy_sdk.geometry import F64, frame_to_crop, invert
from understudy_sdk.types import FaceBatch, MaskBatch
from understudy_sdk.warp import warp_mask, warp_picture

from . import XSegConfig
from .network import new_network
from .samples import Samples, prepare, prepare_grey
from .trained import read_trained

__all__ = ["XSegMasker"]

_NAME: Final = "xseg"
_MOVING_SHARE: Final = 0.3
_LEAST: Final = 0.1  # what the network is less sure of than this counts as no face
_FACTOR_NAME: Final = "learning_rate_factor"
_SLOT: Final = "squares"


class XSegMasker:
    """A network that learns where the face is from masks that people drew: a TrainableMasker."""

    def __init__(self, config: XSegConfig, resources: Resources) -> None:
        """Build the network on the device lent, with what it learnt before, or first weights.

        Raises:
            StageError: The weights that the settings name are not there, or do not fit.
        """
        self._config = config
        self._engine = Engine(config, resources)
        self._network = self._engine.place(new_network(config.width, config.resolution, config.seed))
        self._answers = self._engine.compiled(self._network)
        self._optimizer = RMSprop(
            dict(self._network.named_parameters()),
            1.0 if config.lr_dropout == "n" else _MOVING_SHARE,
            config.seed,
            draws_on_cpu=config.lr_dropout == "cpu",
        )
        self._learning_rate_factor = 1.0
        self._has_learnt = config.is_untrained_allowed
        if config.weights:
            self.load_weights(read_trained(config))

    @property
    def crop_spec(self) -> CropSpec:
        """The crops it looks at."""
        return CropSpec(FaceType(self._config.face_type), self._config.resolution)

    @property
    def batch_size(self) -> int:
        """Labelled faces per step; 0 for as many as fit."""
        return self._config.faces_per_step

    def remarks(self) -> Sequence[str]:
        """Return what the user should read, a sentence each, and forget it."""
        return self._engine.remarks()

    # -- masking --

    @torch.no_grad()
    def mask(self, crops: Sequence[Crop]) -> list[Mask]:
        """Return one mask per crop, of the crop's size, in the order given.

        Each crop's own face type and size are brought to the network's; what that does not show is no face.

        Raises:
            StageError: The network has learnt nothing yet.
        """
        if not self._has_learnt:
            raise StageError(
                "the masker xseg has learnt nothing yet, and no weights are named\n"
                "  draw polygons on some faces and train it: understudy masker train\n"
                "  or take over what DeepFaceLab learnt: understudy model import-dfl, then name it under weights:"
            )
        masks: list[Mask] = []
        for first in range(0, len(crops), self._config.mask_batch):
            masks += self._mask_some(crops[first : first + self._config.mask_batch])
        return masks

    def _mask_some(self, crops: Sequence[Crop]) -> Iterator[Mask]:
        size = self._config.resolution
        ways = [self._to_own(crop) for crop in crops]
        seen = np.stack(
            [warp_picture(crop.rgb, way, size, border="black") for crop, way in zip(crops, ways, strict=True)]
        )
        pictures = torch.from_numpy(seen).to(self._engine.device).permute(0, 3, 1, 2).float() / 255.0
        found = torch.sigmoid(self._network(pictures))[:, 0].cpu().numpy()
        for crop, way, values in zip(crops, ways, found, strict=True):
            sure = np.where(values < _LEAST, np.float32(0), values)
            is_same = crop.face_type == self._config.face_type  # then nothing lies beyond its edge
            yield Mask(warp_mask(sure, invert(way), crop.size, border="edge" if is_same else "black"))

    def _to_own(self, crop: Crop) -> F64:
        """Return the affine from a crop's pixels to those of the square that the network looks at."""
        size = self._config.resolution
        if crop.face_type == self._config.face_type:
            return np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]) * (size / crop.size)
        return frame_to_crop(crop.landmarks, FaceType(self._config.face_type), size)

    # -- learning --

    def train_step(self, data: MaskTrainingData, step: int, batch_size: int) -> Mapping[str, float]:
        """Learn once and return the mean loss ``mask``, as it was before.

        Every other draw gives the surroundings that faces are put before.
        """
        config, engine = self._config, self._engine
        faces, others = (_as_faces(data.draw(2 * (step - 1) + place, batch_size)) for place in range(2))
        losses = []
        for part in engine.parts(engine.share(faces)):
            samples = prepare_grey(part) if config.pretrain else prepare(part, others.part(part.first, len(part.rgb)))
            loss = self._losses(Samples(*(tensor.to(engine.device) for tensor in samples)))
            loss.sum().backward()  # type: ignore[no-untyped-call] # untyped in torch
            losses.append(loss.detach())
        engine.gather(self._network.parameters())
        self._optimizer.step(step, config.learning_rate * self._learning_rate_factor)
        self._has_learnt = True
        return engine.mean_losses({"mask": torch.cat(losses)}, batch_size)

    def _losses(self, samples: Samples) -> Tensor:
        """Return each face's loss, (B,)."""
        with self._engine.autocast():
            call = self._engine.recomputed if self._config.recompute else None
            logits = self._answers(samples.seen, has_skips=not self._config.pretrain, call=call)
        logits = logits.float()
        if self._config.pretrain:
            return picture_losses(torch.sigmoid(logits), samples.true)
        each = F.binary_cross_entropy_with_logits(logits, samples.true, reduction="none")
        return each.mean(dim=(1, 2, 3))

    def lower_learning_rate(self, factor: float) -> None:
        """Multiply the learning rate by a factor below 1; kept with the optimizer's state."""
        self._learning_rate_factor *= factor

    # -- state --

    def weights(self) -> dict[str, Tensor]:
        """Return the live weights by name."""
        return {name: parameter.detach() for name, parameter in self._network.named_parameters()}

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Take weights back.

        Raises:
            StageError: Where a name is missing, unknown or has another shape.
        """
        take("weights", self.weights(), weights, _NAME)
        self._has_learnt = True

    def optimizer_state(self) -> dict[str, Tensor]:
        """Return the optimizer's means by weight name, and the factor of the learning rate."""
        factor = torch.tensor(self._learning_rate_factor, dtype=torch.float64)
        return {_FACTOR_NAME: factor} | {f"{_SLOT}.{name}": kept for name, kept in self._optimizer.squares.items()}

    def load_optimizer_state(self, state: Mapping[str, Tensor]) -> None:
        """Take the optimizer's state back.

        Raises:
            StageError: Where a name is missing, unknown or has another shape.
        """
        mine = self.optimizer_state()
        take("optimizer state", mine, state, _NAME)
        self._learning_rate_factor = mine[_FACTOR_NAME].item()


def _as_faces(batch: MaskBatch) -> FaceBatch:
    return FaceBatch(batch.rgb, batch.mask, batch.landmarks, batch.seed)
