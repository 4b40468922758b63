"""How does one step of SAEHD's training go?"""

from __future__ import annotations

from functools import partial
from typing import Final

import torch
from torch import Tensor

from understudy_sdk.autoencoder.architecture import Architecture, Widths
from understudy_sdk.autoencoder.autoencoder import Autoencoder, Codes, new_autoencoder
from understudy_sdk.autoencoder.discriminators import CodeDiscriminator, PatchDiscriminator, new_discriminator
from understudy_sdk.autoencoder.losses import Faces
from understudy_sdk.autoencoder.network import draw_weights
from understudy_sdk.autoencoder.optimizer import AdaBelief, Optimizer, RMSprop, cosine_factor
from understudy_sdk.autoencoder.samples import Samples
from understudy_sdk.autoencoder.state import choose_bfloat16

from . import SAEHDConfig
from .adversary import Adversary
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

    def __init__(self, config: SAEHDConfig, device: torch.device) -> None:
        """Build everything with first weights on the device."""
        self._config = config = in_effect(config)
        self._device = device
        self._is_bfloat16 = choose_bfloat16(config.precision, device)
        architecture = Architecture.parse(config.archi)
        widths = Widths(config.code_width, config.encoder_width, config.decoder_width, config.mask_width)
        self.network: Autoencoder = new_autoencoder(config.resolution, widths, config.seed, architecture).to(device)
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
        device = self._device
        return Adversary(
            lambda: new_discriminator(kind, first, second, seed).to(device), partial(self._new_optimizer, seed=seed)
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
        )

    def learn(self, source: Samples, target: Samples, step: int, rate_factor: float) -> tuple[Tensor, Tensor]:
        """Learn once and return each face's loss, as it was before, (B,) for either side.

        Args:
            source: What the source's side learns from.
            target: What the target's side learns from, equally many.
            step: Counts from 1.
            rate_factor: Multiplies the learning rate.
        """
        aims = aim_at(source, self._config), aim_at(target, self._config)
        source_losses, target_losses, others = self.losses(source, target, *aims)
        summed([source_losses, target_losses, *others]).backward()  # type: ignore[no-untyped-call] # untyped in torch
        rate = self._config.learning_rate * rate_factor
        if self._config.lr_dropout != "n":
            rate *= cosine_factor(step, _PERIOD)
        self.optimizer.step(step, rate)
        self._teach_adversaries(source, target, aims[0], step, rate)
        return source_losses.detach(), target_losses.detach()

    def losses(
        self, source: Samples, target: Samples, source_aim: Aim, target_aim: Aim
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Return each face's losses, (B,): the source's, the target's, and those of the adversaries."""
        network, config = self.network, self._config
        swap = None
        with self._autocast():
            codes = network.codes(source.seen, target.seen)
            source_drawn = Faces(*network.source_decoder(codes.source))
            target_drawn = Faces(*network.target_decoder(codes.target))
            if config.face_style_power:
                swap = Faces(*network.source_decoder(codes.swap.detach()))  # only the decoder learns style
            surroundings = network.source_decoder.picture(codes.swap) if config.background_style_power else None
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
        with self._autocast():
            if "code" in self.adversaries:
                losses.append(config.true_face_power * self.adversaries["code"].fooling_losses(codes.source))
            if "gan" in self.adversaries:
                losses.append(config.gan_power * self.adversaries["gan"].fooling_losses(aim.masked(drawn_rgb)))
        if "gan" in self.adversaries and aim.is_masked:
            losses.append(bright_dot_losses(drawn_rgb, aim))
        return losses

    def _teach_adversaries(self, source: Samples, target: Samples, aim: Aim, step: int, rate: float) -> None:
        """Let adversaries learn from what the autoencoder, which has just learnt, makes of the same faces."""
        if not self.adversaries:
            return
        network = self.network
        with self._autocast():
            with torch.no_grad():
                source_code = network.source_code(source.seen)
            if "code" in self.adversaries:
                with torch.no_grad():
                    target_code = network.source_code(target.seen)
                self.adversaries["code"].learn(target_code, source_code, step, rate)
            if "gan" in self.adversaries:
                with torch.no_grad():
                    drawn = network.source_decoder.picture(source_code)
                self.adversaries["gan"].learn(aim.masked(aim.true.rgb), aim.masked(drawn), step, rate)

    def forget_people(self) -> None:
        """Begin the parts anew that lie between encoder and decoders; done after a pretraining."""
        generator = torch.Generator().manual_seed(self._config.seed)
        for name in self.network.inters:
            draw_weights(self.network.get_submodule(name), generator)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self._device.type, torch.bfloat16, enabled=self._is_bfloat16)
