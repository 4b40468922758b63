"""Are the plugins, the weight files and the signing key sound?"""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterator
from typing import Final

from understudy.errors import RequestError
from understudy.plugins import BLOCK_VARIABLE, STAGES, Registry
from understudy.project import LoadedProject
from understudy.weights import WeightCache
from understudy_sdk import WeightFile

from .finding import Finding

__all__ = ["key_findings", "plugin_findings", "weight_findings"]

_SOON: Final = datetime.timedelta(days=30)
_HELPERS: Final = {"recognizer", "enhancer"}
"""Stages that a project can do without."""


def plugin_findings(registry: Registry) -> Iterator[Finding]:
    """Yield what is offered for each stage, then each plugin that is not there."""
    for stage in STAGES:
        names = ", ".join(dict.fromkeys(offer.spec.name for offer in registry.every(stage)))
        if names or stage in _HELPERS:
            yield Finding(f"{stage}s", names or "none")
        else:
            yield Finding(f"{stage}s", "none", "wrong", "understudy plugins list --all")
    for row in registry.rows:
        what, found = f"plugin {row.entry_point}", f"{row.status}: {' '.join(row.reason.split())}"
        if row.status == "blocked":
            by_variable = BLOCK_VARIABLE in row.reason
            yield Finding(
                what, found, "note", f"unset {BLOCK_VARIABLE}" if by_variable else "understudy plugins list --all"
            )
        elif row.status == "ambiguous":
            yield Finding(what, found, "note", f"understudy plugins show {row.name}")
        elif row.status != "ok":
            yield Finding(what, found, "wrong", f"pip install --upgrade {row.distribution}")


def weight_findings(registry: Registry, cache: WeightCache, project: LoadedProject | None) -> Iterator[Finding]:
    """Yield every declared weight file, its content checked; a missing one is wrong where the project needs it."""
    offers = [offer for stage in STAGES for offer in registry.every(stage)]
    declared = {weight.name: weight for offer in offers for weight in offer.spec.weights}
    needed = set() if project is None else {weight.name for weight in _needed(project)}
    for weight in declared.values():
        what, mend = f"weights {weight.name}", f"understudy weights pull {weight.name}"
        state, path = cache.state(weight)
        if state == "present":
            yield Finding(what, f"verified, {path}")
        elif state == "damaged":
            yield Finding(what, f"has another content than declared: {path}", "wrong", mend)
        else:
            use = "the project needs it" if weight.name in needed else "needed where a project chooses it"
            yield Finding(what, f"missing; {use}", "wrong" if weight.name in needed else "note", mend)


def _needed(project: LoadedProject) -> list[WeightFile]:
    """Return the weight files that a project's choices need with their settings."""
    return [weight for chosen in project.choices for weight in chosen.offer.spec.weights_needed(chosen.config)]


def key_findings(project: LoadedProject | None) -> Iterator[Finding]:
    """Yield the key that signs outputs: the project's certificate, or that of this machine, made when first needed."""
    from understudy.provenance.certificates import certificates_in  # noqa: PLC0415 - brings cryptography
    from understudy.provenance.keys import keys_folder, signer_of  # noqa: PLC0415

    certificate = project.output.certificate if project else None
    own = keys_folder() / "own"
    if certificate is None and not own.exists():
        yield Finding("signing key", f"made at {own} when it is first needed")
        return
    chain, key = (certificate.chain, certificate.key) if certificate else (own / "chain.pem", own / "key.pem")
    old = shlex.quote(str(own))
    mend = f"mv {old} {old}.damaged" if certificate is None else "understudy check PROJECT"
    try:
        signer_of(chain, key)
        ends = certificates_in(chain)[0].not_valid_after_utc
    except (RequestError, OSError, ValueError) as error:
        yield Finding("signing key", str(error).splitlines()[0], "wrong", mend)
        return
    left = ends - datetime.datetime.now(datetime.UTC)
    found = f"{chain}, valid until {ends:%Y-%m-%d}"
    if left < datetime.timedelta(0):
        yield Finding("signing key", f"{chain} ended on {ends:%Y-%m-%d}", "wrong", mend)
    else:
        yield Finding("signing key", found, "note" if left < _SOON else "ok", mend * (left < _SOON))
