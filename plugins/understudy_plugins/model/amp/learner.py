"""How does one step of AMP's training go?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

import torch
from torch import Tensor

from understudy_sdk.autoencoder.adversary import Adversary
from understudy_sdk.autoencoder.architecture import Widths
from understudy_sdk.autoencoder.discriminators import PatchDiscriminator, new_discriminator
from understudy_sdk.autoencoder.engine import Engine
from understudy_sdk.autoencoder.losses import Faces
from understudy_sdk.autoencoder.optimizer import AdaBelief, Optimizer, cosine_factor
from understudy_sdk.autoencoder.samples import Samples

from . import AMPConfig
from .losses import Aim, aim_at, bright_dot_losses, side_losses, surroundings_losses
from .network import new_morpher

__all__ = ["Learner", "Lesson"]

_MOVING_SHARE: Final = 0.3
_PERIOD: Final = 500
_CLIP_NORM: Final = 1.0
_SHARE: Final = 1.0 / 8.0  # of eight terms: true and drawn, of both sides, by patches and by pixels


class Lesson(NamedTuple):
    """What is learnt from at a time: a whole batch, or a part of one.

    Attributes:
        source: The source's faces.
        target: The target's, equally many.
        of_source: bool (B, C, 1, 1), which channels each of the source's faces takes from its own inter.
    """

    source: Samples
    target: Samples
    of_source: Tensor


class Learner:
    """The networks and all that moves them.

    Attributes:
        network: Encoder, inters and decoder.
        optimizer: Of the parts that learn.
        adversaries: The GAN's discriminator as ``gan``, where the settings want one.
    """

    def __init__(self, config: AMPConfig, engine: Engine) -> None:
        """Build everything with first weights on the engine's device."""
        self._config, self._engine = config, engine
        widths = Widths(config.code_width, config.encoder_width, config.decoder_width, config.mask_width)
        self.network = engine.place(new_morpher(config.resolution, widths, config.inter_width, config.seed))
        for inter in (self.network.inter_src, self.network.inter_dst):
            inter.requires_grad_(config.learn_inters)
        moving = {name: value for name, value in self.network.named_parameters() if value.requires_grad}
        self.optimizer = self._new_optimizer(moving, config.seed)
        self.adversaries = {"gan": self._new_adversary()} if config.gan_power else {}
        self._encode = engine.compiled(self.network.encoder)
        self._picture = engine.compiled(self.network.decoder.picture)
        self._outline = engine.compiled(self.network.decoder.outline)

    def _new_adversary(self) -> Adversary:
        config, engine, seed = self._config, self._engine, self._config.seed + 2
        size = config.gan_patch_size or config.resolution // 8, config.gan_width
        return Adversary(
            lambda: engine.place(new_discriminator(PatchDiscriminator, *size, seed)),
            partial(self._new_optimizer, seed=seed),
            engine,
            share=_SHARE,
        )

    def _new_optimizer(self, parameters: Mapping[str, Tensor], seed: int) -> Optimizer:
        config = self._config
        return AdaBelief(
            parameters,
            1.0 if config.lr_dropout == "n" else _MOVING_SHARE,
            seed,
            clip_norm=_CLIP_NORM if config.clip_gradients else None,
            draws_on_cpu=config.lr_dropout == "cpu",
            slots_on_cpu=config.optimizer_on == "cpu",
        )

    def learn(self, lessons: Sequence[Lesson], step: int, rate_factor: float) -> Mapping[str, Tensor]:
        """Learn once and return each face's losses, as they were before, by side: ``source`` and ``target``, (B,).

        Args:
            lessons: The batch, or its parts; their gradients are added up.
            step: Counts from 1.
            rate_factor: Multiplies the learning rate.
        """
        found: dict[str, list[Tensor]] = {"source": [], "target": []}
        for lesson in lessons:
            source_losses, target_losses, others = self.losses(lesson)
            summed = torch.stack([loss.sum() for loss in (source_losses, target_losses, *others)]).sum()
            summed.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
            found["source"].append(source_losses.detach())
            found["target"].append(target_losses.detach())
        rate = self._config.learning_rate * rate_factor
        if self._config.lr_dropout != "n":
            rate *= cosine_factor(step, _PERIOD)
        self._engine.gather(self.network.parameters())
        self.optimizer.step(step, rate)
        for adversary in self.adversaries.values():
            self._teach(adversary, lessons, step, rate)
        return {side: torch.cat(losses) for side, losses in found.items()}

    def losses(self, lesson: Lesson) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Return each face's losses, (B,): the source's, the target's, and those of the GAN.

        DeepFaceLab differentiates their sum, not their mean.
        """
        aims = [aim_at(samples, self._config.blur_out_mask) for samples in (lesson.source, lesson.target)]
        with self._engine.autocast():
            source, target = self._drawn(lesson)
        target_losses = side_losses(target, aims[1]) + surroundings_losses(target.rgb, aims[1])
        return side_losses(source, aims[0]), target_losses, self._fooling(source.rgb, target.rgb, aims)

    def _drawn(self, lesson: Lesson) -> tuple[Faces, Faces]:
        """Return the faces as they are drawn now, of either side."""
        mixed = self._mixed(lesson)
        drawn = self._engine.recomputed(self._picture, mixed), self._engine.recomputed(self._outline, mixed)
        source, target = zip(*(one.chunk(2) for one in drawn), strict=True)
        return Faces(*source), Faces(*target)

    def _mixed(self, lesson: Lesson) -> Tensor:
        """Return what the faces are drawn from: the source's, then the target's."""
        source, target = self._encode(torch.cat([lesson.source.seen, lesson.target.seen])).chunk(2)
        return torch.cat([self.network.mixed(source, lesson.of_source), self.network.inter_dst(target)])

    def _fooling(self, source_rgb: Tensor, target_rgb: Tensor, aims: Sequence[Aim]) -> list[Tensor]:
        adversary = self.adversaries.get("gan")
        if adversary is None:
            return []
        power, rows = self._config.gan_power, zip((source_rgb, target_rgb), aims, strict=True)
        with self._engine.autocast():
            losses = [power * adversary.fooling_losses(rgb * aim.weight) for rgb, aim in rows]
        return [*losses, bright_dot_losses(source_rgb, aims[0])]

    def _teach(self, adversary: Adversary, lessons: Sequence[Lesson], step: int, rate: float) -> None:
        """Let the adversary learn from what the autoencoder, which has just learnt, makes of the same faces."""
        for lesson in lessons:
            with self._engine.autocast():
                with torch.no_grad():
                    drawn = self._picture(self._mixed(lesson))
                for rgb, samples in zip(drawn.chunk(2), (lesson.source, lesson.target), strict=True):
                    aim = aim_at(samples, self._config.blur_out_mask)
                    adversary.learn(aim.true.rgb * aim.weight, rgb * aim.weight)
        adversary.step(step, rate)
