"""Which offer does a choice of the project mean, and what is said where it means none?"""

from __future__ import annotations

from understudy.distributions import is_same
from understudy.plugins import Offer, Registry

from .places import Loc, Problem
from .wording import did_you_mean

__all__ = ["Stated", "meant", "unknown_plugin"]

Stated = tuple[Loc, str]
"""A text and its place."""


def meant(registry: Registry, stage: str, use: Stated, by: Stated | None) -> Offer | Problem:
    """Return the offer that ``use`` names, of the distribution that ``from`` names, or what is wrong with them."""
    loc, name = use
    group = registry.named(stage, name)
    if not group:
        return Problem(loc, unknown_plugin(registry, stage, name))
    of_it = [offer for offer in group if by is None or is_same(offer.origin.distribution, by[1])]
    if len(of_it) == 1:
        return of_it[0]
    homes = [offer.origin.distribution for offer in group]
    if by is not None:
        near = did_you_mean(by[1], homes)
        who = " and ".join(_who(offer) for offer in group)
        return Problem(
            by[0], f"{by[1]} offers no {stage} called {name!r}; it comes from {who}.{near}".removesuffix(".")
        )
    who = " and ".join(_who(offer) for offer in group)
    lines = " or ".join(f"{{use: {name}, from: {home}}}" for home in homes)
    return Problem(loc, f"{len(group)} distributions offer a {stage} called {name!r}: {who}; say which: {lines}")


def unknown_plugin(registry: Registry, stage: str, name: str) -> str:
    """Say in one line that nobody offers a plugin: the nearest name, and why one of that name is not there."""
    offered = registry.offers(stage)
    hint = did_you_mean(name, offered) or f" Offered: {', '.join(offered) or 'none'}."
    for row in registry.rows:
        if row.status not in {"ok", "ambiguous"} and row.stage in {stage, ""} and name in {row.name, row.entry_point}:
            hint += f" The plugin {row.entry_point!r} of {row.distribution} is listed as {row.status}: {row.reason}"
    nameless = [row for row in registry.rows if not row.stage and name != row.entry_point]
    if nameless:
        not_loaded = ", ".join(f"{row.entry_point!r} ({row.status})" for row in nameless)
        hint += f" Not loaded: {not_loaded}; to see why: understudy plugins list --all"
    return " ".join(f"no {stage} is called {name!r}.{hint}".split())


def _who(offer: Offer) -> str:
    return f"{offer.origin.distribution} {offer.origin.version}"
