"""How do encoder, inters and decoders work together, for two people?

``df``: one inter for both, a decoder for each; a swap decodes the target's code as the source. ``liae``: one decoder
for both, two inters; the source's code is twice that of ``inter_AB``, the target's that of ``inter_B`` and of
``inter_AB``; a swap is drawn from twice the target's code of ``inter_AB``.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .architecture import Architecture, Widths
from .network import Decoder, Encoder, Inter, draw_weights

__all__ = ["Autoencoder", "Codes", "new_autoencoder"]


class Codes(NamedTuple):
    """What decoders draw from, (B, channels, s, s) each.

    Attributes:
        source: Of the source's pictures.
        target: Of the target's pictures.
        swap: Of the target's pictures, to be drawn as the source.
    """

    source: Tensor
    target: Tensor
    swap: Tensor


class Autoencoder(nn.Module):
    """Networks of either layout, with DeepFaceLab's names."""

    def __init__(self, size: int, widths: Widths, architecture: Architecture | None = None) -> None:
        """Build for pictures of side ``size``, a multiple of the architecture's ``unit_px``."""
        super().__init__()
        self.architecture = architecture or Architecture()
        shape = self.architecture
        self._is_df = shape.layout == "df"
        features = 8 * widths.encoder * (size // shape.feature_scale) ** 2
        side = size // shape.smallest_scale
        self.encoder = Encoder(widths.encoder, shape)
        for name in self.inters:
            out = widths.code if self._is_df else 2 * widths.code
            self.add_module(name, Inter(features, widths.code, out, side, shape))
        channels = widths.code if self._is_df else 4 * widths.code
        for name in ("decoder_src", "decoder_dst") if self._is_df else ("decoder",):
            self.add_module(name, Decoder(channels, widths.decoder, widths.mask, shape))

    @property
    def inters(self) -> tuple[str, ...]:
        """Names of the parts between encoder and decoder, which forget people after a pretraining."""
        return ("inter",) if self.architecture.layout == "df" else ("inter_AB", "inter_B")

    @property
    def source_decoder(self) -> Decoder:
        """Draws the source, and swaps."""
        return self._decoder("decoder_src")

    @property
    def target_decoder(self) -> Decoder:
        """Draws the target."""
        return self._decoder("decoder_dst")

    def _decoder(self, name: str) -> Decoder:
        decoder = self.get_submodule(name if self._is_df else "decoder")
        assert isinstance(decoder, Decoder)
        return decoder

    def encode(self, pictures: Tensor) -> Tensor:
        """Return the features of float32 (B, 3, S, S), 0 to 1, RGB."""
        features: Tensor = self.encoder(pictures)
        return features

    def codes(self, source: Tensor, target: Tensor) -> Codes:
        """Return all codes for pictures of both sides, equally many."""
        features = self.encode(torch.cat([source, target]))
        if self._is_df:
            source_code, target_code = self.get_submodule("inter")(features).chunk(2)
            return Codes(source_code, target_code, target_code)
        source_half, shared = self.get_submodule("inter_AB")(features).chunk(2)
        own = self.get_submodule("inter_B")(features.chunk(2)[1])
        return Codes(_twice(source_half), torch.cat([own, shared], dim=1), _twice(shared))

    def source_code(self, pictures: Tensor) -> Tensor:
        """Return what pictures of either side are drawn from as the source."""
        features = self.encode(pictures)
        if self._is_df:
            code: Tensor = self.get_submodule("inter")(features)
            return code
        return _twice(self.get_submodule("inter_AB")(features))

    def target_code(self, pictures: Tensor) -> Tensor:
        """Return what the target's pictures are drawn from as they are."""
        return self.swap_codes(pictures)[1]

    def swap_codes(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the target's pictures are swapped from, and what their own masks are drawn from."""
        features = self.encode(pictures)
        if self._is_df:
            code: Tensor = self.get_submodule("inter")(features)
            return code, code
        shared = self.get_submodule("inter_AB")(features)
        return _twice(shared), torch.cat([self.get_submodule("inter_B")(features), shared], dim=1)


def _twice(half: Tensor) -> Tensor:
    return torch.cat([half, half], dim=1)


def new_autoencoder(size: int, widths: Widths, seed: int, architecture: Architecture | None = None) -> Autoencoder:
    """Build an autoencoder with its first weights, the same for the same seed, and leave common chance alone."""
    with torch.device("meta"):  # torch would draw weights of its own, from the generator all share
        network = Autoencoder(size, widths, architecture)
    network.to_empty(device="cpu")
    draw_weights(network, torch.Generator().manual_seed(seed))
    return network
