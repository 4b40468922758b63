"""What does a plugin get wrong, told promise by promise?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from understudy.plugins import Offer, PluginRow, Registry, ask
from understudy_sdk import Resources
from understudy_sdk.testing.checking import Finding, check_offer, check_package
from understudy_sdk.testing.package import cost_of_import

from .targets import Target, find_targets, importable

__all__ = ["OfferReport", "PluginReport", "check_plugins"]


@dataclass(frozen=True, slots=True)
class OfferReport:
    """What the check of one offer found."""

    stage: str
    name: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class PluginReport:
    """What the check of a plugin found.

    Attributes:
        entry_point: The name that it is blocked by.
        distribution: The package that brings it, or where it lies.
        version: That package's version.
        module: What its entry point names.
        import_s: How long finding it takes.
        findings: About the module as a whole.
        offers: About each of its offers.
    """

    entry_point: str
    distribution: str
    version: str
    module: str
    import_s: float
    findings: tuple[Finding, ...]
    offers: tuple[OfferReport, ...]

    def count(self, status: str) -> int:
        """Return how many promises were found so: ``ok``, ``wrong`` or ``not checked``."""
        every = chain(self.findings, *(offer.findings for offer in self.offers))
        return sum(finding.status == status for finding in every)


def check_plugins(texts: list[str], registry: Registry, resources: Resources) -> Iterator[PluginReport]:
    """Run the contracts of plugins over them, one after the other.

    Args:
        texts: Names and paths, see ``find_targets``; all are looked up before the first is checked.
        registry: What is installed.
        resources: What stages are built with.

    Raises:
        RequestError: A name or a path means nothing.
    """
    targets = [target for text in texts for target in find_targets(text, registry)]
    for target in targets:
        with importable(target):
            yield _check(target, resources)


def _check(target: Target, resources: Resources) -> PluginReport:
    cost = cost_of_import(target.module)
    findings = list(check_package(target.module, cost)) if not cost.error else [_of_import(target, cost.error)]
    offers: list[Offer] = []
    if not cost.error:
        asked, rows = ask(target.module, target.origin)
        offers = [offer for offer in asked if target.means(offer)]
        findings += [_of_fault(row) for row in rows if not target.wanted or (row.stage, row.name) in target.wanted]
    reports = [
        OfferReport(offer.stage, offer.spec.name, tuple(check_offer(offer.stage, offer.spec, resources)))
        for offer in offers
    ]
    origin = target.origin
    return PluginReport(
        origin.entry_point,
        origin.distribution,
        origin.version,
        target.module,
        cost.seconds,
        tuple(findings),
        tuple(reports),
    )


def _of_import(target: Target, error: str) -> Finding:
    where = f" (looked in {', '.join(map(_short, target.roots))})" if target.roots else ""
    promise = "The module that the entry point names can be imported."
    return Finding("import", promise, "wrong", f"{target.module} imports", f"{error}{where}")


def _short(path: Path) -> str:
    return path.name or str(path)


def _of_fault(row: PluginRow) -> Finding:
    promise = f"What it offers as {row.stage} is an offer of this contract." if row.stage else "It offers a stage."
    return Finding("settings", promise, "wrong", "an offer that a project can use", row.reason)
