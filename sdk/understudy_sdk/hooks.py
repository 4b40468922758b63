"""How does a plugin mark its offers, and for which version of the contract?"""

from __future__ import annotations

from typing import Final

import pluggy

__all__ = ["API_VERSION", "NAMESPACE", "hookimpl"]

NAMESPACE: Final = "understudy"
"""Name of the pluggy project and of the entry-point group."""

API_VERSION: Final = 1
"""Raised when a hook or a stage's promise is renamed, removed or retyped; adding does not raise it."""

hookimpl: Final = pluggy.HookimplMarker(NAMESPACE)
"""Marks a function as an offer::

    @hookimpl
    def understudy_maskers() -> Iterable[StageSpec[Masker]]:
        yield StageSpec(name="oval", summary="...", config=OvalConfig, tiny=OvalConfig(), build=_build)
"""
