"""Are keyframes in the order of time, and are their values right by the merger's own model?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from understudy.errors import RequestError
from understudy.plugins import Offer
from understudy.timecode import Moment
from understudy_sdk import DECIDES_SWAP

from .chosen import marked_fields
from .layers import Settings
from .places import Loc, Problem
from .raw import items_at, mapping_at

__all__ = ["keyframe_problems", "model_problems", "order_text", "validate_keyframes"]


class _Validate(Protocol):
    def __call__(self, key: Loc, offer: Offer, home: Loc, settings: Settings) -> None: ...


def validate_keyframes(loc: Loc, node: object, offer: Offer, settings: Settings, validate: _Validate) -> None:
    """Have each keyframe's values checked over all that hold when it comes.

    Args:
        loc: The swap or the range.
        node: What stands there.
        offer: Its merger, or its model.
        settings: The stage's settings.
        validate: Checks a stage's settings, and keeps them under the keyframe's place; a model's under ``model`` there.
    """
    stage = offer.stage
    held = dict(settings)
    for number, keyframe in enumerate(items_at(node, "keyframes")):
        here = (*loc, "keyframes", number)
        values = mapping_at(keyframe, stage)
        held |= {name: ((*here, stage, name), value) for name, value in values.items()}
        if stage == "merger" or values:
            validate(here if stage == "merger" else (*here, stage), offer, (*here, stage), held)


def model_problems(loc: Loc, node: object, offer: Offer, *, is_range: bool) -> Iterator[Problem]:
    """Yield settings of a model that keyframes state though they cannot change on the way."""
    marked = marked_fields(offer.spec.tiny, DECIDES_SWAP)
    for number, keyframe in enumerate(items_at(node, "keyframes")):
        for name in mapping_at(keyframe, "model"):
            here = (*loc, "keyframes", number, "model", name)
            if is_range:
                yield Problem(here, "stands in a range; the model is told by the swap's own keyframes", at_key=True)
            elif name in offer.spec.config.model_fields and name not in marked:
                text = f"stays as it is over the clip; these may have keyframes: {', '.join(marked) or 'none'}"
                yield Problem(here, text, at_key=True)


def keyframe_problems(loc: Loc, node: object) -> Iterator[Problem]:
    """Yield what is wrong with the keyframes of a swap or a range, whatever its merger and its clip."""
    keyframes = items_at(node, "keyframes")
    before: Moment | None = None
    for number, keyframe in enumerate(keyframes):
        moment = _moment(keyframe)
        if moment is not None and before is not None and moment.is_not_after(before):
            yield Problem((*loc, "keyframes", number, "at"), order_text(moment, before, number))
        before = moment or before
    is_keyed = any(isinstance(one, dict) and one.get("opacity") is not None for one in keyframes)
    if is_keyed and isinstance(node, dict) and node.get("opacity") is not None:
        yield Problem((*loc, "opacity"), "does nothing, because keyframes state the opacity; drop one of them")


def order_text(moment: Moment, before: Moment, number: int) -> str:
    """Say that a keyframe does not come after the one before it."""
    if str(moment) == str(before):
        return f"is the moment of the keyframe before it, keyframes.{number - 1}, too; join the two"
    return (
        f"must lie after the keyframe before it, but {moment} does not lie after {before}; write keyframes in the"
        " order of time"
    )


def _moment(keyframe: object) -> Moment | None:
    try:
        return Moment.parse(keyframe.get("at")) if isinstance(keyframe, dict) else None
    except RequestError:
        return None  # the first pass says so
