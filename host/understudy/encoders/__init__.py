"""What do this build's encoders store, what are they told, and which of them open on this machine?"""

from __future__ import annotations

from .catalogue import Traits, family_of, neighbours, stored_formats, traits_of
from .options import LIKE_SOURCE, encoder_options, rate_options
from .trial import opening_fault, option_fault

__all__ = [
    "LIKE_SOURCE",
    "Traits",
    "encoder_options",
    "family_of",
    "neighbours",
    "opening_fault",
    "option_fault",
    "rate_options",
    "stored_formats",
    "traits_of",
]
