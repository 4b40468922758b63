"""What does the user do about a plugin that was written for another version of the contract?

Such a plugin is listed with both numbers and never called; the policy stands in the SDK's README.
"""

from __future__ import annotations

from understudy_sdk import API_VERSION

__all__ = ["other_version", "too_new"]


def other_version(theirs: object, ours: int, distribution: str) -> str:
    """Say that an offer speaks another version, and who has to move.

    Args:
        theirs: The version that the offer states.
        ours: The version that this host speaks.
        distribution: The package that brings the offer.
    """
    both = f"written for version {theirs} of the contract; this host speaks {ours}"
    if not isinstance(theirs, int) or isinstance(theirs, bool):
        return f"{both}; api_version has to be a whole number: tell the authors of {distribution}"
    if theirs < ours:
        return (
            f"{both}, which is newer\n"
            f"  update the plugin: pip install --upgrade {distribution}\n"
            f"  where there is no newer one, ask its authors: what has changed stands in the SDK's README"
        )
    return (
        f"{both}, which is older\n"
        f"  update Understudy: pip install --upgrade understudy\n"
        f"  or install an earlier release of {distribution}, made for version {ours}"
    )


def too_new(error: BaseException) -> str:
    """Return advice, on a line of its own, where a plugin asked the SDK for what this one does not have; else nothing.

    A plugin that was written for a newer SDK may fail before it can state its version.
    """
    asked = str(getattr(error, "name", "") or "")
    is_import = isinstance(error, ImportError | AttributeError) and "understudy_sdk" in f"{asked} {error}"
    is_keyword = isinstance(error, TypeError) and "StageSpec" in str(error) and "unexpected keyword" in str(error)
    if not (is_import or is_keyword):
        return ""
    return (
        f"\n  this SDK (version {API_VERSION} of the contract) does not have that; the plugin may need a newer one: "
        "pip install --upgrade understudy"
    )
