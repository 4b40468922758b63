"""How do a faceset's choices read?"""

from __future__ import annotations

from understudy.project import Chosen, ChosenExtract, ChosenFaceset

__all__ = ["choices_of"]


def choices_of(faceset: ChosenFaceset) -> dict[str, str]:
    """Return what was chosen for a faceset, each with the choice in words; a finished one was not made here."""
    if faceset.faces is not None:
        return {"faces": f"finished, from {faceset.faces}"}
    choice = faceset.extract
    return {
        "detector": _stage(choice.detector),
        "searched": _rhythm(choice),
        "aligner": _stage(choice.aligner),
        "masker": _maskers(choice),
        "recognizer": _stage(choice.recognizer) if choice.recognizer else "none",
        "crops": _crops(choice),
        "steadiness": f"{choice.steadiness:g}" if choice.steadiness else "off",
        "gaps filled": f"up to {choice.fill_gaps_s:g} s" if choice.fill_gaps_s else "none",
    }


def _stage(chosen: Chosen) -> str:
    """Return a plugin's name and those of its settings that are not as usual."""
    settings = chosen.config.model_dump(mode="json", exclude_defaults=True)
    told = ", ".join(f"{key} {value}" for key, value in settings.items())
    return f"{chosen.name} ({told})" if told else chosen.name


def _rhythm(choice: ChosenExtract) -> str:
    if choice.detect_every == 1:
        return "in every frame"
    return f"in every {choice.detect_every}th frame, followed between"


def _maskers(choice: ChosenExtract) -> str:
    joined = ", ".join(map(_stage, choice.maskers))
    return f"{joined}; {choice.mask_join} of them" if len(choice.maskers) > 1 else joined


def _crops(choice: ChosenExtract) -> str:
    quality = "" if choice.crop_format == "png" else f" of quality {choice.crop_quality}"
    return f"{choice.face_type}, {choice.crop_size} px, {choice.crop_format}{quality}, {choice.crop_filter} filter"
