"""With which versions of its plugins was a project last worked on, and what of them has changed since?

The record lies in the work folder. It decides nothing: what is made anew says the recipe of each result, which holds a
plugin's revision and settings. It is there to say in words what another version changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from .distributions import OWN
from .errors import StoreError
from .plugins import Offer
from .store import read_json, write_json

__all__ = ["PluginRecord"]

RECORD_NAME: Final = "plugins.json"


class PluginRecord:
    """The versions, revisions and settings of the plugins with which a project was last worked on."""

    def __init__(self, work: Path) -> None:
        """Read a project's record; there is none before its first run, and a damaged one counts as none."""
        self._path = work / RECORD_NAME
        try:
            found = read_json(self._path)
        except StoreError:
            found = None
        known = found.get("plugins") if isinstance(found, dict) else None
        self._known: dict[str, Any] = known if isinstance(known, dict) else {}

    def write(self, offers: Iterable[Offer]) -> None:
        """Write down what is installed now of the plugins that a project uses; what it used before stays."""
        now = {_key(offer): _facts(offer) for offer in offers}
        if any(self._known.get(key) != facts for key, facts in now.items()):
            self._known |= now
            write_json(self._path, {"plugins": self._known})

    def changes(self, offers: Iterable[Offer]) -> Iterator[str]:
        """Yield a sentence for each plugin that is another version, or revision, than it was."""
        for offer in offers:
            before, now = self._before(offer), _facts(offer)
            if before is None or (before["version"], before["revision"]) == (now["version"], now["revision"]):
                continue
            told = [f"{offer.origin.distribution} {before['version']}", f"now {now['version']}"]
            if before["revision"] != now["revision"]:
                told.append(f"revision {before['revision']}, now {now['revision']}: what it made is made anew")
            told += _changed_settings(before["settings"], now["settings"])
            yield f"the {offer.stage} {offer.spec.name!r} was of {', '.join(told)}"

    def about(self, offer: Offer, setting: str) -> str:
        """Return what to add to the words about a setting that does not fit: the version, and how it was before."""
        home, version = offer.origin.distribution, offer.origin.version
        before = self._before(offer)
        if before is None or before["version"] == version:
            return f" (the settings of {home} {version})" if home != OWN else ""
        now = f"{home} {version} is installed"
        then = f"{before['version']}, with which this project was last worked on,"
        was, is_now = before["settings"].get(setting), _facts(offer)["settings"].get(setting)
        if was is None:
            return f"; {now}, and {then} did not know it{'' if is_now else ' either'}"
        if is_now is None:
            return f"; {now}, and {then} had it"
        if was != is_now:
            return f"; {now}, and in {then} it was {_shown(was)}, and is {_shown(is_now)}"
        return f"; {now}, and {then} knew it in the same way"

    def _before(self, offer: Offer) -> dict[str, Any] | None:
        found = self._known.get(_key(offer))
        if not (isinstance(found, dict) and {"version", "revision", "settings"} <= found.keys()):
            return None
        return found if isinstance(found["settings"], dict) else None


def _key(offer: Offer) -> str:
    return f"{offer.stage} {offer.spec.name} {offer.origin.distribution}"


def _facts(offer: Offer) -> dict[str, Any]:
    """Return what is kept of a plugin: of each setting its schema, without words."""
    schema = offer.spec.config.model_json_schema(by_alias=True)
    settings = {
        name: {key: value for key, value in facts.items() if key not in {"title", "description"}}
        for name, facts in schema.get("properties", {}).items()
    }
    return {"version": offer.origin.version, "revision": offer.spec.revision, "settings": settings}


def _changed_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    gone = [f"{name} is gone" for name in before if name not in now]
    new = [f"{name} is new" for name in now if name not in before]
    other = [
        f"{name} was {_shown(before[name])} and is {_shown(now[name])}"
        for name in now
        if name in before and before[name] != now[name]
    ]
    return [*gone, *new, *other]


def _shown(facts: Mapping[str, Any]) -> str:
    """Write a setting's schema shortly: its default, if only that says enough, and its limits."""
    words = [f"{key} {value}" for key, value in facts.items() if key not in {"type", "default", "$ref"}]
    usual = [f"{facts['default']!r} unless stated"] if "default" in facts else ["to be stated"]
    return ", ".join([str(facts.get("type", "a choice")), *usual, *words])
