"""May what a project chose be used in paid work?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from understudy.errors import RequestError
from understudy.plugins import Offer, blaming
from understudy_sdk import StageConfig, WeightFile

__all__ = ["PAID", "only_for_paid_work", "paid_work_faults"]

PAID: Final = "commercial"
"""The value of ``licence`` that asks."""


def paid_work_faults(offer: Offer, config: StageConfig) -> Iterator[str]:
    """Yield why a plugin with these settings may not be used in paid work; files of the user's own are not judged.

    Raises:
        PluginFailedError: The plugin cannot say which weights it needs.
    """
    spec, origin = offer.spec, offer.origin
    called = f"the {offer.stage} {spec.name!r}"
    advice = "choose another, or licence: any where nobody pays"
    if not spec.commercial:
        licence = f"; its licence: {origin.licence}" if origin.licence else ""
        yield f"{called} of {origin.distribution} does not allow paid work{licence}; {advice}"
    with blaming(offer, "naming the weights it needs"):
        needed = spec.weights_needed(config)
    for weight in needed:
        if not weight.commercial:
            terms = f"the weight file {weight.name!r}, which does not allow paid work ({weight.weights_licence})"
            yield f"{called} needs {terms}; {advice}"


def only_for_paid_work(find: Callable[[WeightFile], Path]) -> Callable[[WeightFile], Path]:
    """Return what finds weight files, but refuses those that a plugin did not say it needs and that nobody may sell."""

    def find_allowed(weight: WeightFile) -> Path:
        if not weight.commercial:
            raise RequestError(
                f"the weight file {weight.name!r} does not allow paid work ({weight.weights_licence}), "
                f"and the project says licence: {PAID}"
            )
        return find(weight)

    return find_allowed
