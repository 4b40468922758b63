"""Which plugins are installed, what do they offer, and what is wrong with those that do not work?

Each plugin is loaded in its own ``try`` and asked through its own manager, so nothing that one of them does can
hide another. What goes wrong is a row of the list, never the end of the program.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, Final, Literal

import pluggy

from understudy_sdk import (
    API_VERSION,
    Aligner,
    Detector,
    Enhancer,
    Masker,
    Merger,
    Model,
    Recognizer,
    StageConfig,
    StageSpec,
    UnderstudyError,
)
from understudy_sdk.errors import InvalidValueError
from understudy_sdk.hooks import NAMESPACE

from . import hookspecs
from .contract_version import other_version, too_new
from .distributions import OWN, facts_of, is_same
from .errors import AmbiguousPluginError, PluginFailedError, UnknownPluginError
from .host_imports import host_imports
from .waiting import LOADING_S, WORKING_S, waited_for

__all__ = ["BLOCK_VARIABLE", "STAGES", "Offer", "Origin", "PluginRow", "Registry", "ask", "blaming", "discover"]

STAGES: Final = ("detector", "aligner", "masker", "recognizer", "model", "enhancer", "merger")
"""The stages in the order of work; the hook of each is ``understudy_<stage>s``."""

BLOCK_VARIABLE: Final = "UNDERSTUDY_BLOCK"
"""Environment variable: entry-point names that are not loaded, separated by commas."""

Status = Literal["ok", "ambiguous", "failed", "blocked", "unusable"]
_OF_OFFERS: Final = {"ok", "ambiguous"}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a plugin comes from, and under which licence its distribution says that it stands."""

    entry_point: str
    distribution: str
    version: str
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A stage that a project may choose, and who offers it."""

    stage: str
    spec: StageSpec[Any]
    origin: Origin


@dataclass(frozen=True, slots=True)
class PluginRow:
    """One line of ``understudy plugins list``.

    Attributes:
        entry_point: The name it is blocked by.
        distribution: The package that brings it.
        version: That package's version.
        stage: What it plays, or empty where it never came to an offer.
        name: What a project writes after ``use:``, or empty.
        summary: What it says about itself.
        status: ``ok``; ``ambiguous`` (others bear its name, and a project says whose it means); ``failed`` (its code
            is wrong); ``blocked`` (by the user); ``unusable`` (sound, but not here).
        reason: Why it is not ok.
    """

    entry_point: str
    distribution: str
    version: str
    stage: str
    name: str
    summary: str
    status: Status
    reason: str


class Registry:
    """The stages a project may choose from, and a row for every plugin found."""

    def __init__(self, offers: Iterable[Offer] = (), rows: Iterable[PluginRow] = ()) -> None:
        """Take offers; several of one stage may bear one name where they come from several distributions."""
        named: dict[str, defaultdict[str, list[Offer]]] = {stage: defaultdict(list) for stage in STAGES}
        for offer in offers:
            named[offer.stage][offer.spec.name].append(offer)
        self._named = {stage: dict(groups) for stage, groups in named.items()}
        self._offers = {
            stage: MappingProxyType({name: group[0] for name, group in groups.items() if len(group) == 1})
            for stage, groups in named.items()
        }
        self.rows: tuple[PluginRow, ...] = tuple(rows)

    def offers(self, stage: str) -> Mapping[str, Offer]:
        """Return a stage's offers by name, those left out whose names several bear."""
        return self._offers[stage]

    def named(self, stage: str, name: str) -> tuple[Offer, ...]:
        """Return all offers of a stage that bear a name: none, one, or those of several distributions."""
        return tuple(self._named[stage].get(name, ()))

    def every(self, stage: str) -> tuple[Offer, ...]:
        """Return all offers of a stage, in the order in which they were found."""
        return tuple(offer for group in self._named[stage].values() for offer in group)

    def offer(self, stage: str, name: str) -> Offer:
        """Return one offer.

        Raises:
            UnknownPluginError: Nobody offers it.
            AmbiguousPluginError: Several do.
        """
        group = self.named(stage, name)
        if not group:
            raise UnknownPluginError(stage, name, self._offers[stage].keys())
        if len(group) > 1:
            raise AmbiguousPluginError(
                stage, name, [(one.origin.distribution, one.origin.entry_point) for one in group]
            )
        return group[0]

    def without(self, blocked: Collection[str], by: str) -> Registry:
        """Return the registry as it would be if these entry points had been blocked, and by whom."""
        if not blocked:
            return self
        offers = [offer for stage in STAGES for offer in self.every(stage)]
        shut = {origin for origin in (offer.origin for offer in offers) if origin.entry_point in blocked}
        left = [offer for offer in offers if offer.origin not in shut]
        faults = [row for row in self.rows if row.status not in _OF_OFFERS and row.entry_point not in blocked]
        found = {row.entry_point: row for row in self.rows if row.status not in _OF_OFFERS}
        shut |= {Origin(name, found[name].distribution, found[name].version) for name in blocked if name in found}
        barred = [_row(origin, "blocked", f"blocked by {by}") for origin in shut]
        return Registry(left, sorted([*faults, *barred, *_offer_rows(left)], key=_reading_order))

    @property
    def detectors(self) -> Mapping[str, StageSpec[Detector]]:
        """Detectors by name."""
        return self._specs("detector")

    @property
    def aligners(self) -> Mapping[str, StageSpec[Aligner]]:
        """Aligners by name."""
        return self._specs("aligner")

    @property
    def maskers(self) -> Mapping[str, StageSpec[Masker]]:
        """Maskers by name."""
        return self._specs("masker")

    @property
    def recognizers(self) -> Mapping[str, StageSpec[Recognizer]]:
        """Recognizers by name."""
        return self._specs("recognizer")

    @property
    def models(self) -> Mapping[str, StageSpec[Model]]:
        """Models by name."""
        return self._specs("model")

    @property
    def enhancers(self) -> Mapping[str, StageSpec[Enhancer]]:
        """Enhancers by name."""
        return self._specs("enhancer")

    @property
    def mergers(self) -> Mapping[str, StageSpec[Merger]]:
        """Mergers by name."""
        return self._specs("merger")

    def _specs(self, stage: str) -> dict[str, StageSpec[Any]]:
        return {name: offer.spec for name, offer in self._offers[stage].items()}


def discover(blocked: Collection[str] = (), by: str = "the caller") -> Registry:
    """Find, load and ask every installed plugin; failures become rows.

    Args:
        blocked: Entry-point names that are listed but not loaded, beside those of ``UNDERSTUDY_BLOCK``.
        by: Who blocks them, in words.
    """
    shut = dict.fromkeys(blocked, by)
    shut |= {name.strip(): BLOCK_VARIABLE for name in os.environ.get(BLOCK_VARIABLE, "").split(",")}
    offers: list[Offer] = []
    rows: list[PluginRow] = []
    for point in sorted(entry_points(group=NAMESPACE), key=lambda point: (point.name, _origin(point).distribution)):
        origin = _origin(point)
        if origin.entry_point in shut:
            rows.append(_row(origin, "blocked", f"blocked by {shut[origin.entry_point]}"))
            continue
        found, faults = _ask(point, origin)
        offers += found
        rows += faults
    usable, doubles = _refuse_doubles(offers)
    return Registry(usable, sorted([*rows, *doubles, *_offer_rows(usable)], key=_reading_order))


@contextmanager
def blaming(offer: Offer, doing: str) -> Iterator[None]:
    """Run a plugin's code, and tell when it is waited for long.

    What it raises becomes a PluginFailedError that names it; an UnderstudyError is for the user and stays as it is, but
    for a value that breaks its promise.
    """
    who = f"waiting for the {offer.stage} {offer.spec.name!r} (from {offer.origin.distribution}), which is {doing}"
    advice = "Ctrl-C stops; the work done so far is kept"
    try:
        with waited_for(who, advice, WORKING_S):
            yield
    except InvalidValueError as error:
        raise _failed(offer, doing, error) from error
    except UnderstudyError:
        raise
    except Exception as error:  # a stranger's code may raise anything
        raise _failed(offer, doing, error) from error


def _failed(offer: Offer, doing: str, error: Exception) -> PluginFailedError:
    return PluginFailedError(offer.stage, offer.spec.name, offer.origin.distribution, doing, error)


def _origin(point: EntryPoint) -> Origin:
    if point.dist is None:
        return Origin(point.name, "unknown", "")
    return Origin(point.name, *facts_of(point.dist))


def ask(module: str, origin: Origin) -> tuple[list[Offer], list[PluginRow]]:
    """Load a module that need not be installed, and collect what its hooks offer, with a row for each fault."""
    return _ask(EntryPoint(origin.entry_point, module, NAMESPACE), origin)


def _ask(point: EntryPoint, origin: Origin) -> tuple[list[Offer], list[PluginRow]]:
    """Load one plugin and collect what its hooks offer, with a row for each fault; tell when that takes long."""
    if is_same(origin.distribution, OWN):  # its imports are checked with its own tests
        return _answers(point, origin)
    if faults := host_imports(point.module):
        why = f"it imports the host, of which a plugin may know nothing:\n  {faults}"
        return [], [_row(origin, "unusable", why)]
    who = f"waiting for the plugin {origin.entry_point} (from {origin.distribution} {origin.version}) to load"
    advice = f"to do without it: {BLOCK_VARIABLE}={origin.entry_point}, or plugins: {{block: [{origin.entry_point}]}}"
    with waited_for(who, advice, LOADING_S):
        return _answers(point, origin)


def _answers(point: EntryPoint, origin: Origin) -> tuple[list[Offer], list[PluginRow]]:
    """Load one plugin and ask its hooks."""
    try:
        hooks = _register(point)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's module may raise anything, and may exit
        return [], [_row(origin, "failed", _because(error))]
    offers: list[Offer] = []
    rows: list[PluginRow] = []
    for stage in STAGES:
        try:
            specs = [spec for answer in getattr(hooks, f"understudy_{stage}s")() for spec in answer]
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's hook may raise anything
            rows.append(_row(origin, "failed", f"while offering: {_because(error)}", stage))
            continue
        for spec in specs:
            refusal = _refusal(spec, origin.distribution)
            if refusal is None:
                offers.append(Offer(stage, spec, origin))
            else:
                rows.append(_row(origin, *refusal, stage, spec if isinstance(spec, StageSpec) else None))
    if not offers and not rows:
        rows.append(_row(origin, "failed", f"offers nothing: {point.value} answers no hook (is @hookimpl missing?)"))
    return offers, rows


def _register(point: EntryPoint) -> pluggy.HookRelay:
    """Load a plugin into a manager of its own and refuse hooks that do not exist."""
    manager = pluggy.PluginManager(NAMESPACE)
    manager.add_hookspecs(hookspecs)
    manager.register(point.load(), point.name)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        hooks = ", ".join(f"understudy_{stage}s" for stage in STAGES)
        raise pluggy.PluginValidationError(error.plugin, f"{error}\n  the hooks are: {hooks}") from error
    return manager.hook


def _refusal(spec: object, distribution: str) -> tuple[Status, str] | None:
    """Say why an offer cannot be taken, if so."""
    if not isinstance(spec, StageSpec):
        return "failed", f"offered a {type(spec).__name__}, not a StageSpec"
    if spec.api_version != API_VERSION:
        return "unusable", other_version(spec.api_version, API_VERSION, distribution)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", str(spec.name)):
        return "failed", f"the name {spec.name!r} is not snake_case"
    config: object = spec.config  # a stranger's word, whatever the annotation promises
    if not (isinstance(config, type) and issubclass(config, StageConfig)):
        return "failed", f"the settings of {spec.name!r} are not a StageConfig"
    return None


def _refuse_doubles(offers: Sequence[Offer]) -> tuple[list[Offer], list[PluginRow]]:
    """Refuse offers whose name another one of their stage bears that comes from the same distribution."""
    named: defaultdict[tuple[str, str, str], list[Offer]] = defaultdict(list)
    for offer in offers:
        named[offer.stage, offer.spec.name, offer.origin.distribution].append(offer)
    usable = [group[0] for group in named.values() if len(group) == 1]
    rows = []
    for group in named.values():
        for offer in group if len(group) > 1 else ():
            others = [other.origin.entry_point for other in group if other is not offer]
            why = f"{offer.origin.distribution} offers the {offer.stage} {offer.spec.name!r} {len(group)} times"
            advice = f"(also by the entry point {others[0]}); block one of them: {BLOCK_VARIABLE}={others[0]}"
            rows.append(_row(offer.origin, "unusable", f"{why} {advice}", offer.stage, offer.spec))
    return usable, rows


def _offer_rows(offers: Sequence[Offer]) -> list[PluginRow]:
    """Return a row for each offer; those of one name tell of each other."""
    named: defaultdict[tuple[str, str], list[Offer]] = defaultdict(list)
    for offer in offers:
        named[offer.stage, offer.spec.name].append(offer)
    rows = []
    for offer in offers:
        others = [other.origin for other in named[offer.stage, offer.spec.name] if other is not offer]
        who = ", ".join(f"{other.distribution} (entry point {other.entry_point})" for other in others)
        why = f"the {offer.stage} name {offer.spec.name!r} is also offered by {who}; a project says which it means: "
        advice = f"{{use: {offer.spec.name}, from: {offer.origin.distribution}}}"
        status: Status = "ambiguous" if others else "ok"
        rows.append(_row(offer.origin, status, why + advice if others else "", offer.stage, offer.spec))
    return rows


def _because(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}{too_new(error)}"


def _row(origin: Origin, status: Status, reason: str, stage: str = "", spec: StageSpec[Any] | None = None) -> PluginRow:
    name, summary = (str(spec.name), str(spec.summary)) if spec is not None else ("", "")
    return PluginRow(origin.entry_point, origin.distribution, origin.version, stage, name, summary, status, reason)


def _reading_order(row: PluginRow) -> tuple[int, str, str]:
    """Sort by stage, in the order of work, then by name; rows without a stage come last."""
    return STAGES.index(row.stage) if row.stage else len(STAGES), row.name, row.entry_point
