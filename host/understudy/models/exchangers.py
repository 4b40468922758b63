"""Which installed stages take models over from DeepFaceLab, and which of them is meant?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from understudy.errors import RequestError
from understudy.plugins import Offer, Registry, blaming
from understudy_sdk import ModelExchange

__all__ = ["Exchanger", "exchanger_of", "exchangers"]

_STAGES: Final = ("model", "masker")


@dataclass(frozen=True, slots=True)
class Exchanger:
    """A stage that takes models over, and what does it.

    Attributes:
        offer: The stage.
        exchange: Its part that knows DeepFaceLab's files.
        class_name: Their word for such models.
    """

    offer: Offer
    exchange: ModelExchange
    class_name: str

    @property
    def is_named(self) -> bool:
        """Whether models of this kind have names; there is one of maskers in a folder, and it has none."""
        return self.offer.stage == "model"


def exchangers(registry: Registry) -> Mapping[str, Exchanger]:
    """Return the installed ones by DeepFaceLab's word for the kind of model."""
    found = {}
    for stage in _STAGES:
        for offer in registry.offers(stage).values():
            if offer.spec.exchange is not None:
                one = _exchanger(offer)
                found[one.class_name] = one
    return found


def exchanger_of(offer: Offer) -> Exchanger:
    """Return what takes models of a stage over.

    Raises:
        RequestError: There are no such models in DeepFaceLab.
    """
    if offer.spec.exchange is None:
        raise RequestError(
            f"DeepFaceLab has no models of the {offer.stage} {offer.spec.name!r}\n"
            f"  understudy model import-dfl --help says which kinds are exchanged"
        )
    return _exchanger(offer)


def _exchanger(offer: Offer) -> Exchanger:
    assert offer.spec.exchange is not None
    with blaming(offer, "preparing to exchange models"):
        exchange = offer.spec.exchange()
        return Exchanger(offer, exchange, exchange.class_name)
