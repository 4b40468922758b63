"""How are an autoencoder's networks run while it learns?"""

from __future__ import annotations

from torch import Tensor

from .autoencoder import Autoencoder
from .engine import Engine
from .losses import Faces
from .network import Decoder

__all__ = ["Drawing"]


class Drawing:
    """An autoencoder's networks, compiled and recomputed as the engine's settings want it.

    Attributes:
        codes: The autoencoder's method of that name.
    """

    def __init__(self, network: Autoencoder, engine: Engine) -> None:
        """Take an autoencoder that lies on the engine's device."""
        self._engine = engine
        self.codes = engine.compiled(network.codes)
        decoders = {network.source_decoder, network.target_decoder}  # one and the same in liae
        self._pictures = {decoder: engine.compiled(decoder.picture) for decoder in decoders}
        self._outlines = {decoder: engine.compiled(decoder.outline) for decoder in decoders}

    def picture(self, decoder: Decoder, code: Tensor) -> Tensor:
        """Return what one of the decoders draws, (B, 3, S, S), float32, 0 to 1."""
        return self._engine.recomputed(self._pictures[decoder], code)

    def faces(self, decoder: Decoder, code: Tensor) -> Faces:
        """Return what one of the decoders draws, with its mask."""
        return Faces(self.picture(decoder, code), self._engine.recomputed(self._outlines[decoder], code))
