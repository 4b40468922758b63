"""Which hooks can a plugin implement? One per stage; hooks offer, they do not do."""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from understudy_sdk import Aligner, Detector, Enhancer, Masker, Merger, Model, Recognizer, StageSpec
from understudy_sdk.hooks import NAMESPACE

hookspec = pluggy.HookspecMarker(NAMESPACE)


@hookspec
def understudy_detectors() -> Iterable[StageSpec[Detector]]:
    """Offer detectors: frames in, boxed faces out.

    Called once, at start-up. Order carries no meaning: a project names the one it wants.
    """
    return ()


@hookspec
def understudy_aligners() -> Iterable[StageSpec[Aligner]]:
    """Offer aligners: boxed faces in, the same faces with landmarks out.

    Called once, at start-up. Order carries no meaning: a project names the one it wants.
    """
    return ()


@hookspec
def understudy_maskers() -> Iterable[StageSpec[Masker]]:
    """Offer maskers: crops in, masks out.

    Called once, at start-up. Order carries no meaning: a project names the one it wants.
    """
    return ()


@hookspec
def understudy_recognizers() -> Iterable[StageSpec[Recognizer]]:
    """Offer recognizers: crops in, vectors that tell people apart out.

    Called once, at start-up. Order carries no meaning: a project names the one it wants.
    """
    return ()


@hookspec
def understudy_models() -> Iterable[StageSpec[Model]]:
    """Offer models: a target's crops in, the source's face out.

    Called once, at start-up. Order carries no meaning: a project names the one it wants.
    """
    return ()


@hookspec
def understudy_enhancers() -> Iterable[StageSpec[Enhancer]]:
    """Offer enhancers: the faces that a model drew in, the same with more detail out.

    Called once, at start-up. Order carries no meaning: a project names the one it wants.
    """
    return ()


@hookspec
def understudy_mergers() -> Iterable[StageSpec[Merger]]:
    """Offer mergers: a region and a swapped face in, a layer to lay over the region out.

    Called once, at start-up. Order carries no meaning: a project names the one it wants.
    """
    return ()
