"""How does a layer whose chunks are all there become what is handed over, signed?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.project import LoadedProject
from understudy.provenance.attesting import attest_file, signer_mark
from understudy.store import digest, read_json, write_json
from understudy.video import ClipInfo, join_chunks

from .marks import begin_signing, end_signing, is_there, pictures_of, rows_of, state_of
from .matrices import matrices_of
from .numbers import movie_info
from .plan import LayerPlan
from .prores import FACE_FORMAT, MASK_FORMAT
from .sinks import picture_path

if TYPE_CHECKING:
    from understudy.merging import ClipJob

__all__ = ["finish_layer", "is_finished", "missing_layers"]


def missing_layers(plans: Sequence[LayerPlan], stem: str) -> list[LayerPlan]:
    """Return the layers that lack a chunk."""
    return [plan for plan in plans if not is_there(plan, stem)]


def is_finished(plan: LayerPlan, stems: Sequence[str], project: LoadedProject, tags: dict[str, str]) -> bool:
    """Tell whether a layer's outputs are in place as they should be; its chunks are looked at elsewhere."""
    done = read_json(plan.folder / "done.json")
    return done is not None and done == _stamp(plan, stems, tags, signer_mark(project))


def finish_layer(
    plan: LayerPlan,
    stems: Sequence[str],
    info: ClipInfo,
    project: LoadedProject,
    job: ClipJob,
    about: tuple[dict[str, str], int],
    say: Callable[[str], None],
) -> None:
    """Join a layer's chunks, write its matrices, and sign everything.

    Args:
        plan: The layer; its chunks are all there.
        stems: What the chunks are called, in order.
        info: Of the clip.
        project: The project.
        job: The clip and its swaps.
        about: The tags that every output carries, and what the mark in its faces says.
        say: Hears what is wrong.
    """
    tags, payload = about
    _put_together(plan, stems, info, tags, say)
    begin_signing(plan)
    signer = attest_file(plan.path, project, job, payload, say, kind="layer")
    if plan.mask is not None:
        signer = signer and attest_file(plan.mask, project, job, None, say, kind="mask")
    end_signing(plan, stems)
    if plan.matrices is not None:
        write_json(plan.matrices, matrices_of(plan, info, rows_of(plan, stems)))
    write_json(plan.folder / "done.json", _stamp(plan, stems, tags, signer))


def _put_together(
    plan: LayerPlan, stems: Sequence[str], info: ClipInfo, tags: dict[str, str], say: Callable[[str], None]
) -> None:
    for path, what, form in ((plan.path, "face.mov", FACE_FORMAT), (plan.mask, "mask.mov", MASK_FORMAT)):
        if path is None:
            continue
        if plan.settings.is_movie:
            chunks = [plan.chunk(stem, what) for stem in stems]
            join_chunks(chunks, plan.clip, path, tags, say, info=movie_info(info, form), is_alone=True)
        else:
            wanted = {picture_path(path, index, plan.settings.suffix) for index in range(len(info.pts))}
            for old in pictures_of(path, plan.settings.suffix) - wanted:
                old.unlink()  # of a longer clip that was here before


def _stamp(plan: LayerPlan, stems: Sequence[str], tags: dict[str, str], signer: str) -> dict[str, Any]:
    return {
        "outputs": {str(path): _state(path) for path in plan.outputs},
        "tags": digest(tags),
        "chunks": state_of(plan, stems),
        "signer": signer,
    }


def _state(path: Path) -> list[int] | None:
    """Return a file's size and time; of a folder, whose pictures are looked at one by one, only that it is there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return [0, 0] if path.is_dir() else [found.st_size, found.st_mtime_ns]
