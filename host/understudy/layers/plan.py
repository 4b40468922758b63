"""Which layers of a clip does a project ask for, and where do they go?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from understudy.project import ChosenSwap, LayerSettings, LoadedProject
from understudy.store import Artifact, Recipe, WorkFolder

if TYPE_CHECKING:
    from understudy.merging import ClipJob

__all__ = ["LayerPlan", "layers_of"]

FORMAT: Final = 4
"""Version of what is made of the same recipe."""


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """One layer to make: that of one swap on one clip. Plain data, so that another process can be told of it.

    Attributes:
        clip: The clip.
        swap: The swap's position in the project; the layer's number is one more.
        source: Name of the faceset put on.
        target: Name of the faceset in the footage.
        settings: What kind of layer.
        has_words: Whether the words that every frame shows lie in it: in the last layer, over all faces.
        folder: Where its chunks lie, until it is whole.
        path: The movie, or the folder of pictures.
        mask: Likewise of the mask alone; None where none is asked for.
        matrices: The JSON file with the crops' matrices; None where none is asked for.
    """

    clip: Path
    swap: int
    source: str
    target: str
    settings: LayerSettings
    has_words: bool
    folder: Path
    path: Path
    mask: Path | None
    matrices: Path | None

    @property
    def number(self) -> int:
        """The layer's number among those of the clip's project, from 1; a higher one lies over a lower one."""
        return self.swap + 1

    @property
    def outputs(self) -> tuple[Path, ...]:
        """Everything that is handed over, the layer itself first."""
        return tuple(path for path in (self.path, self.mask, self.matrices) if path is not None)

    def chunk(self, stem: str, what: str) -> Path:
        """Return a file of a chunk: ``face.mov``, ``mask.mov`` or ``json``."""
        return self.folder / f"{stem}.{what}"


def layers_of(
    work: WorkFolder, project: LoadedProject, job: ClipJob, recipe: Recipe
) -> list[tuple[LayerPlan, Artifact]]:
    """Return a clip's layers, the lowest first, each with the place of its chunks.

    Args:
        work: The work folder.
        project: The project.
        job: The clip and its swaps.
        recipe: What makes the merged clip; how that is encoded does not count here.
    """
    settings = project.output.layer
    if settings is None:
        return []
    merging = {key: value for key, value in recipe.items() if key != "video"}
    found = []
    for swap in job.swaps:
        made = {"kind": settings.kind, "alpha": settings.alpha, "linear": settings.is_linear, "swap": swap.index}
        whole = merging | {"layer": made | {"format": FORMAT}}
        artifact = work.artifact("merge", f"{job.clip.stem}-layer-{swap.index + 1}", whole)
        path = project.layer_for(job.clip, swap.index).resolve()
        found.append((_plan(job, swap, settings, artifact.folder, path), artifact))
    return found


def _plan(job: ClipJob, swap: ChosenSwap, settings: LayerSettings, folder: Path, path: Path) -> LayerPlan:
    stem = path.with_suffix("") if settings.is_movie else path
    return LayerPlan(
        clip=job.clip,
        swap=swap.index,
        source=swap.source.name,
        target=swap.target.name,
        settings=settings,
        has_words=bool(job.label) and swap is job.swaps[-1],
        folder=folder,
        path=path,
        mask=stem.with_name(f"{stem.name}.mask{path.suffix if settings.is_movie else ''}") if settings.mask else None,
        matrices=stem.with_name(f"{stem.name}.json") if settings.matrices else None,
    )
