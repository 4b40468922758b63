"""Which shape has an autoencoder?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, cast

__all__ = ["Architecture", "Widths"]

_LETTERS: Final = "udtc"


@dataclass(frozen=True, slots=True)
class Widths:
    """How wide the parts are: DeepFaceLab's ae_dims, e_dims, d_dims and d_mask_dims.

    Attributes:
        code: Length of the code between the two dense layers, and channels of the inter's answer (twice in liae).
        encoder: Channels after the encoder's first layer; they double with each further one.
        decoder: Unit of the picture trunk: 8, 4 and 2 times it.
        mask: Unit of the mask trunk: 8, 4, 2 and 1 times it.
    """

    code: int = 128
    encoder: int = 64
    decoder: int = 64
    mask: int = 16


@dataclass(frozen=True, slots=True)
class Architecture:
    """DeepFaceLab's "archi".

    Attributes:
        layout: ``df``: one inter, a decoder for each person. ``liae``: two inters, one decoder.
        is_level: ``u``: the encoder's features are brought to unit mean square.
        is_doubled: ``d``: everything inside runs at half size, and the decoder draws four interleaved pictures.
        is_deep: ``t``: one more step down and up, with residual blocks in the encoder too.
        is_cosine: ``c``: ``x * cos(x)`` in place of leaky ReLU.
    """

    layout: Literal["df", "liae"] = "df"
    is_level: bool = True
    is_doubled: bool = True
    is_deep: bool = False
    is_cosine: bool = False

    @classmethod
    def parse(cls, text: str) -> Architecture:
        """Read ``df``, ``liae-ud`` and the like.

        Raises:
            ValueError: The layout is another, or a letter is unknown or there twice.
        """
        layout, dash, letters = text.partition("-")
        is_sound = layout in ("df", "liae") and bool(letters) == bool(dash)
        if not is_sound or set(letters) - set(_LETTERS) or len(set(letters)) != len(letters):
            raise ValueError(
                f"must be df or liae, then maybe a dash and some of the letters u, d, t and c, each once, but is {text}"
            )
        return cls(cast(Literal["df", "liae"], layout), *(letter in letters for letter in _LETTERS))

    @property
    def unit_px(self) -> int:
        """What a picture's side must be a multiple of."""
        return 32 if self.is_doubled or self.is_deep else 16

    @property
    def code_scale(self) -> int:
        """How many times smaller than the picture the map is that decoders draw from."""
        return (32 if self.is_doubled else 16) // (1 if self.is_deep else 2)

    @property
    def smallest_scale(self) -> int:
        """How many times smaller than the picture the second dense layer's map is."""
        return 32 if self.is_doubled else 16

    @property
    def feature_scale(self) -> int:
        """How many times smaller than the picture the encoder's map is."""
        return 32 if self.is_deep else 16
