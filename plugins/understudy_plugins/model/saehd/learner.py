"""How does one step of SAEHD's training go?"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final

import torch
from torch import Tensor

from understudy_sdk.autoencoder.adversary import Adversary
from understudy_sdk.autoencoder.architecture import Architecture, Widths
from understudy_sdk.autoencoder.autoencoder import Autoencoder, Codes, new_autoencoder
from understudy_sdk.autoencoder.discriminators import CodeDiscriminator, PatchDiscriminator, new_discriminator
from understudy_sdk.autoencoder.drawing import Drawing
from understudy_sdk.autoencoder.engine import Engine
from understudy_sdk.autoencoder.losses import Faces
from understudy_sdk.autoencoder.network import draw_weights
from understudy_sdk.autoencoder.optimizer import AdaBelief, Optimizer, RMSprop, cosine_factor
from understudy_sdk.autoencoder.samples import Samples

from . import SAEHDConfig
from .losses import (
    Aim,
    aim_at,
    background_style_losses,
    bright_dot_losses,
    face_style_losses,
    side_losses,
    summed,
)

__all__ = ["Learner", "in_effect"]

_MOVING_SHARE: Final = 0.3
_PERIOD: Final = 500
_CLIP_NORM: Final = 1.0


def in_effect(config: SAEHDConfig) -> SAEHDConfig:
    """Return the settings as they are in effect: pretraining overrides some."""
    if not config.pretrain:
        return config
    return config.model_copy(
        update={
            "random_warp": False,
            "random_source_flip": True,
            "random_target_flip": True,
            "random_hsv_power": 0.0,
            "color_transfer": "none",
            "lr_dropout": "n",
            "uniform_yaw": True,
            "gan_power": 0.0,
            "true_face_power": 0.0,
            "face_style_power": 0.0,
            "background_style_power": 0.0,
        }
    )


class Learner:
    """The networks and all that moves them.

    Attributes:
        network: The autoencoder.
        optimizer: The autoencoder's.
        adversaries: Discriminators by name: ``gan`` and ``code``, as far as the settings want them.
    """

    def __init__(self, config: SAEHDConfig, engine: Engine) -> None:
        """Build everything with first weights on the engine's device."""
        self._config = config = in_effect(config)
        self._engine = engine
        architecture = Architecture.parse(config.archi)
        widths = Widths(config.code_width, config.encoder_width, config.decoder_width, config.mask_width)
        self.network: Autoencoder = engine.place(new_autoencoder(config.resolution, widths, config.seed, architecture))
        self._drawing = Drawing(self.network, engine)
        if architecture.layout == "liae" and not (config.random_warp or config.pretrain):
            self.network.get_submodule("inter_AB").requires_grad_(False)
        self.optimizer = self._new_optimizer(dict(self.network.named_parameters()), config.seed)
        self.adversaries = self._new_adversaries(architecture)

    def _new_adversaries(self, architecture: Architecture) -> dict[str, Adversary]:
        config, found = self._config, {}
        if config.true_face_power:
            side = config.resolution // architecture.code_scale
            found["code"] = self._new_adversary(CodeDiscriminator, config.code_width, side, config.seed + 1)
        if config.gan_power:
            patch_px = config.gan_patch_size or config.resolution // 8
            found["gan"] = self._new_adversary(PatchDiscriminator, patch_px, config.gan_width, config.seed + 2)
        return found

    def _new_adversary(
        self, kind: type[CodeDiscriminator] | type[PatchDiscriminator], first: int, second: int, seed: int
    ) -> Adversary:
        engine = self._engine
        return Adversary(
            lambda: engine.place(new_discriminator(kind, first, second, seed)),
            partial(self._new_optimizer, seed=seed),
            engine,
        )

    def _new_optimizer(self, parameters: dict[str, Tensor], seed: int) -> Optimizer:
        config = self._config
        kind = AdaBelief if config.optimizer == "adabelief" else RMSprop
        return kind(
            parameters,
            1.0 if config.lr_dropout == "n" else _MOVING_SHARE,
            seed,
            clip_norm=_CLIP_NORM if config.clip_gradients else None,
            draws_on_cpu=config.lr_dropout == "cpu",
            slots_on_cpu=config.optimizer_on == "cpu",
        )

    def learn(self, parts: Iterable[tuple[Samples, Samples]], step: int, rate_factor: float) -> tuple[Tensor, Tensor]:
        """Learn once and return each face's loss, as it was before, (B,) for either side.

        Args:
            parts: What source and target learn from, equally many, in the parts that are learnt one after the other.
            step: Counts from 1.
            rate_factor: Multiplies the learning rate.
        """
        learnt, source_losses, target_losses = [], [], []
        for source, target in parts:
            aims = aim_at(source, self._config), aim_at(target, self._config)
            losses = self.losses(source, target, *aims)
            summed([*losses[:2], *losses[2]]).backward()  # type: ignore[no-untyped-call] # untyped in torch
            source_losses.append(losses[0].detach())
            target_losses.append(losses[1].detach())
            if self.adversaries:
                learnt.append((source, target, aims[0]))
        rate = self._config.learning_rate * rate_factor
        if self._config.lr_dropout != "n":
            rate *= cosine_factor(step, _PERIOD)
        self._engine.gather(self.network.parameters())
        self.optimizer.step(step, rate)
        for part in learnt:
            self._teach_adversaries(*part)
        for adversary in self.adversaries.values():
            adversary.step(step, rate)
        return torch.cat(source_losses), torch.cat(target_losses)

    def losses(
        self, source: Samples, target: Samples, source_aim: Aim, target_aim: Aim
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Return each face's losses, (B,): the source's, the target's, and those of the adversaries."""
        config, drawing = self._config, self._drawing
        source_decoder, target_decoder = self.network.source_decoder, self.network.target_decoder
        swap: Faces | None = None
        surroundings: Tensor | None = None
        with self._engine.autocast():
            codes = drawing.codes(source.seen, target.seen)
            source_drawn = drawing.faces(source_decoder, codes.source)
            target_drawn = drawing.faces(target_decoder, codes.target)
            if config.face_style_power:
                swap = drawing.faces(source_decoder, codes.swap.detach())  # only the decoder learns style
            if config.background_style_power:
                surroundings = drawing.picture(source_decoder, codes.swap)
        source_losses = side_losses(source_drawn, source_aim)
        if swap is not None:
            source_losses = source_losses + face_style_losses(swap, target_drawn, config.face_style_power)
        if surroundings is not None:
            power = config.background_style_power
            source_losses = source_losses + background_style_losses(surroundings, target_aim, source_aim, power)
        others = self._adversarial_losses(codes, source_drawn.rgb, source_aim)
        return source_losses, side_losses(target_drawn, target_aim), others

    def _adversarial_losses(self, codes: Codes, drawn_rgb: Tensor, aim: Aim) -> list[Tensor]:
        config, losses = self._config, []
        with self._engine.autocast():
            if "code" in self.adversaries:
                losses.append(config.true_face_power * self.adversaries["code"].fooling_losses(codes.source))
            if "gan" in self.adversaries:
                losses.append(config.gan_power * self.adversaries["gan"].fooling_losses(aim.masked(drawn_rgb)))
        if "gan" in self.adversaries and aim.is_masked:
            losses.append(bright_dot_losses(drawn_rgb, aim))
        return losses

    def _teach_adversaries(self, source: Samples, target: Samples, aim: Aim) -> None:
        """Let adversaries learn from what the autoencoder, which has just learnt, makes of the same faces."""
        network = self.network
        with self._engine.autocast():
            with torch.no_grad():
                source_code = network.source_code(source.seen)
            if "code" in self.adversaries:
                with torch.no_grad():
                    target_code = network.source_code(target.seen)
                self.adversaries["code"].learn(target_code, source_code)
            if "gan" in self.adversaries:
                with torch.no_grad():
                    drawn = self._drawing.picture(network.source_decoder, source_code)
                self.adversaries["gan"].learn(aim.masked(aim.true.rgb), aim.masked(drawn))

    def forget_people(self) -> None:
        """Begin the parts anew that lie between encoder and decoders; done after a pretraining."""
        generator = torch.Generator().manual_seed(self._config.seed)
        for name in self.network.inters:
            draw_weights(self.network.get_submodule(name), generator)
