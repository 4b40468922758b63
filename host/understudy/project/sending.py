"""How does a chosen plugin come to another process, which finds its plugins itself?"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from understudy.errors import RequestError
from understudy.plugins import BLOCK_VARIABLE, Offer, Registry, discover

if TYPE_CHECKING:
    from .chosen import Chosen

__all__ = ["chosen_again", "words_for"]

Words = tuple[str, str, str, int, str]


def words_for(chosen: Chosen) -> Words:
    """Return in plain words what is chosen: stage, name, distribution, revision, and settings as JSON."""
    offer = chosen.offer
    return (
        chosen.stage,
        chosen.name,
        offer.origin.distribution,
        offer.spec.revision,
        chosen.config.model_dump_json(),
    )


def chosen_again(*words: Any) -> Chosen:
    """Return what words were made for, from the plugins that this process finds.

    Raises:
        RequestError: It finds no such plugin, or another revision of it, or the settings mean something else to it.
    """
    from .chosen import Chosen  # noqa: PLC0415 - it imports this file

    stage, name, distribution, revision, settings = words
    offer = _found(stage, name, distribution)
    if offer is None:
        raise RequestError(f"the {stage} {name!r} (from {distribution}) is not among the installed plugins")
    again = Chosen(stage, offer, offer.spec.config.model_validate_json(settings))
    if words_for(again) != words:
        raise RequestError(
            f"the {stage} {name!r} (from {distribution}) was changed while the work went on (revision {revision} or"
            f" its settings)\n  run again; what is done is kept"
        )
    return again


def _found(stage: str, name: str, distribution: str) -> Offer | None:
    registry = _installed(tuple(sys.path), os.environ.get(BLOCK_VARIABLE, ""))
    return next((one for one in registry.named(stage, name) if one.origin.distribution == distribution), None)


@lru_cache(maxsize=1)
def _installed(_path: tuple[str, ...], _blocked: str) -> Registry:
    return discover()
