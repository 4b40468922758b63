"""What does a clip's manifest state, and of what was the clip made?

Everything is in the terms of C2PA where it has some, and under ``org.understudy`` where it has none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from understudy import __version__
from understudy.clock import Clock
from understudy.project import Chosen, ChosenFaceset, ChosenRange, ChosenSwap, LoadedProject
from understudy.video import fingerprint

from .pattern import SCHEME

if TYPE_CHECKING:
    from understudy.merging import ClipJob

__all__ = [
    "CONSENT",
    "INGREDIENTS",
    "OUTPUT",
    "SOURCE_TYPE",
    "SWAP",
    "TOOLS",
    "WATERMARK",
    "Ingredient",
    "Kind",
    "ingredients_of",
    "manifest_of",
]

SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC's term for a picture in which trained models changed a part."""

CONSENT: Final = "org.understudy.consent"
TOOLS: Final = "org.understudy.tools"
INGREDIENTS: Final = "org.understudy.ingredients"
WATERMARK: Final = "org.understudy.watermark"
SWAP: Final = "org.understudy.swap"
OUTPUT: Final = "org.understudy.output"

Kind = Literal["clip", "layer", "mask", "still"]
"""What an output is: all of the frame, the faces put on, where they are, or pictures to look at."""


@dataclass(frozen=True, slots=True)
class Ingredient:
    """Something that a clip was made of; none of it goes into the manifest but its name and hash.

    Attributes:
        label: By which actions name it.
        title: The file's name, or the faceset's.
        role: ``target`` (the clip that was changed) or ``source`` (whose face was put on).
        path: The file or folder.
        sha256: Of the whole file; of a folder, the fingerprint of what is in it.
    """

    label: str
    title: str
    role: str
    path: Path
    sha256: str


def ingredients_of(job: ClipJob) -> tuple[Ingredient, ...]:
    """Return the clip that was changed, then what the faces put on were taken from.

    Raises:
        MediaError: One of them has gone.
    """
    found = [Ingredient("target", job.clip.name, "target", job.clip, _hash(job.clip))]
    for faceset in {swap.source.name: swap.source for swap in job.swaps}.values():
        for label, path in _origins(faceset):
            title = f"{faceset.name}: {path.name}"
            counted = path / "index.sqlite" if faceset.faces else path
            found.append(Ingredient(label, title, "source", path, _hash(counted)))
    return tuple(found)


def manifest_of(
    project: LoadedProject, job: ClipJob, payload: int | None, *, title: str, kind: Kind = "clip"
) -> dict[str, Any]:
    """Return the manifest's definition, as the C2PA library takes it.

    Args:
        project: The project; it states consent.
        job: The clip.
        payload: What the mark in the faces says; None where there is none.
        title: The output's name.
        kind: What the output is.
    """
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["target"]}}
    assertions: list[tuple[str, Any]] = [
        ("c2pa.actions.v2", {"actions": [opened, *(_edited(swap, job) for swap in job.swaps)]}),
        (TOOLS, {"understudy": __version__, "plugins": _plugins(job)}),
        (INGREDIENTS, {"ingredients": [_stated(one) for one in ingredients_of(job)]}),
        (OUTPUT, {"kind": kind}),
    ]
    if payload is not None:
        assertions.append((WATERMARK, {"scheme": SCHEME, "payload": f"{payload:06x}"}))
    if project.consent is not None:
        assertions.append((CONSENT, {"basis": str(project.consent.basis), "statement": project.consent.statement}))
    return {
        "claim_generator_info": [{"name": "Understudy", "version": __version__}],
        "title": title,
        "assertions": [{"label": label, "data": data} for label, data in assertions],
    }


def _origins(faceset: ChosenFaceset) -> Iterator[tuple[str, Path]]:
    paths = (faceset.faces,) if faceset.faces else faceset.clips
    for number, path in enumerate(paths):
        yield f"source-{faceset.name}-{number}", path


def _stated(one: Ingredient) -> dict[str, str]:
    return {"role": one.role, "title": one.title, "sha256": one.sha256}


def _edited(swap: ChosenSwap, job: ClipJob) -> dict[str, Any]:
    model = swap.model.offer.origin
    info = job.info()
    clock = Clock(info, job.timecode)
    ranges = [_stated_range(part, clock) for part in swap.ranges]
    parameters = {
        "source": swap.source.name,
        "target": swap.target.name,
        "face": str(swap.face),
        "model": swap.model.name,
        "model_distribution": f"{model.distribution} {model.version}",
        "merger": swap.merger.name,
        "from_frame": 0,
        "to_frame": len(info.pts),
    }
    return {
        "action": "c2pa.edited",
        "digitalSourceType": SOURCE_TYPE,
        "softwareAgent": {"name": "Understudy", "version": __version__},
        "description": f"The face {swap.face} was replaced by that of {swap.source.name}.",
        "parameters": {
            "ingredientIds": [label for label, _ in _origins(swap.source)],
            SWAP: parameters
            | ({"ranges": ranges} if ranges else {})
            | ({"enhancer": swap.enhancer.name} if swap.enhancer else {}),
        },
    }


def _stated_range(part: ChosenRange, clock: Clock) -> dict[str, Any]:
    """Return what a range does, in words of the manifest; which faces it is about where it is not about all."""
    said: dict[str, Any] = {"from_frame": clock.frame(part.start), "to_frame": clock.frame(part.end)}
    if part.merger is not None:
        said["merger"] = part.merger.name
    if part.skip is not None:
        said["skip"] = part.skip
    return said | ({"face": str(part.face)} if part.face else {})


def _plugins(job: ClipJob) -> list[dict[str, str]]:
    """Return every plugin that had a part in the clip, each once."""
    named: dict[tuple[str, str], dict[str, str]] = {}
    for swap in job.swaps:
        for chosen in _chosen(swap):
            origin = chosen.offer.origin
            named[chosen.stage, chosen.name] = {
                "stage": chosen.stage,
                "name": chosen.name,
                "distribution": origin.distribution,
                "version": origin.version,
            }
    return list(named.values())


def _chosen(swap: ChosenSwap) -> Iterator[Chosen]:
    for side in (swap.source, swap.target):
        extract = side.extract
        yield from (extract.detector, extract.aligner, *extract.maskers)
        if extract.recognizer is not None:
            yield extract.recognizer
    yield from (one for one in (swap.mask_swaps, swap.enhancer) if one is not None)
    yield from (swap.model, swap.merger, *(part.merger for part in swap.ranges if part.merger))


def _hash(path: Path) -> str:
    if path.is_dir():
        return fingerprint(path)
    fingerprint(path)  # which says in words when the file has gone
    state = path.stat()
    return _sha256(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=256)
def _sha256(path: Path, _size: int, _changed_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
