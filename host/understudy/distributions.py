"""What do installed distributions say about themselves, and are those that a project asks for there?"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import Distribution, PackageNotFoundError, version

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

__all__ = ["OWN", "facts_of", "is_same", "requirement_fault"]

OWN = __name__.partition(".")[0]
"""The distribution that brings the host and the built-in plugins."""


@lru_cache(maxsize=256)  # the metadata is parsed anew at each look
def facts_of(distribution: Distribution) -> tuple[str, str, str]:
    """Return a distribution's name, version and licence, as far as it states them."""
    facts = distribution.metadata
    classed = [line.rpartition(" :: ")[2] for line in facts.get_all("Classifier", []) if line.startswith("License ::")]
    stated = [*facts.get_all("License-Expression", []), *classed, *facts.get_all("License", [])]
    licence = next((text.strip() for text in stated if text.strip() and "\n" not in text.strip()), "")
    return facts.get_all("Name", ["unknown"])[0], distribution.version or "", licence


def is_same(one: str, other: str) -> bool:
    """Tell whether two names mean one distribution: ``Acme_Face`` is ``acme-face``."""
    return canonicalize_name(one) == canonicalize_name(other)


def requirement_fault(text: str) -> str:
    """Say what is wrong with a requirement such as ``acme-face>=1.2``, and what to do; nothing where it is met."""
    try:
        wanted = Requirement(text)
    except InvalidRequirement as error:
        what = str(error).partition("\n")[0]
        return f"must be a distribution and its versions, such as acme-face>=1.2, but is {text!r}: {what}"
    if wanted.url:
        return f"must name versions, not a place, such as {wanted.name}>=1.2"
    if wanted.marker is not None and not wanted.marker.evaluate():
        return ""
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return f'{wanted.name} is not installed; to install it: pip install "{_pin(wanted)}"'
    if wanted.specifier.contains(found, prereleases=True):
        return ""
    advice = f'to change it: pip install "{_pin(wanted)}"'
    return f"{wanted.name} {found} is installed, but the project needs {wanted.specifier}; {advice}"


def _pin(wanted: Requirement) -> str:
    extras = f"[{','.join(sorted(wanted.extras))}]" if wanted.extras else ""
    return f"{wanted.name}{extras}{wanted.specifier}"
