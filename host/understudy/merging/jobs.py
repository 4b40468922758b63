"""Which clips are merged, where do the results go, and what do they say of themselves?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from understudy import __version__
from understudy.clock import Counting
from understudy.encoders.sequences import is_sequence
from understudy.errors import RequestError
from understudy.extraction import faceset_artifact
from understudy.faceset import Faceset
from understudy.learning import chosen_faces
from understudy.project import ChosenSwap, LoadedProject
from understudy.provenance.manifest import SOURCE_TYPE
from understudy.selection import wanted_faces
from understudy.store import WorkFolder, digest
from understudy.video import ClipInfo, fingerprint, probe

__all__ = ["ClipJob", "jobs_of", "marking_of", "overlap_text", "payload_of"]


@dataclass(frozen=True, slots=True)
class ClipJob:
    """One clip to merge.

    Attributes:
        clip: The clip.
        swaps: Every swap whose target it shows.
        output: The file to write; of a sequence, the folder.
        label: Words to show on every frame.
        timecode: What time codes count from.
        names: Of a sequence, its pictures' names, such as ``shot.%06d.png``; empty for a film.
    """

    clip: Path
    swaps: tuple[ChosenSwap, ...]
    output: Path
    label: str = ""
    timecode: Counting = "zero"
    names: str = ""

    def info(self) -> ClipInfo:
        """Return the clip's facts.

        Raises:
            MediaError: It cannot be read.
        """
        return probe(self.clip, self.swaps[0].target.rate)


def jobs_of(project: LoadedProject) -> tuple[ClipJob, ...]:
    """Return one job per clip that some swap targets, in the order of the project."""
    jobs = []
    for clip in project.clips_to_merge():
        swaps = tuple(swap for swap in project.swaps if clip in swap.target.clips)
        output = project.output_for(clip)
        names = output.name if is_sequence(output) else ""
        place = (output.parent if names else output).resolve()
        jobs.append(ClipJob(clip, swaps, place, project.output.label, project.timecode, names))
    return tuple(jobs)


def overlap_text(work: WorkFolder, job: ClipJob) -> str:
    """Say in words which two swaps put something on the same face of a clip, or return an empty text."""
    owners, key = dict[tuple[Path, str], ChosenSwap](), fingerprint(job.clip)
    for swap in job.swaps:
        folder = faceset_artifact(work, swap.target).folder
        with Faceset(folder) as index:
            notes = chosen_faces(index.notes([key]), wanted_faces(index, swap.target, swap.face))
        for name in sorted(note.name for note in notes):
            other = owners.setdefault((folder, name), swap)
            if other is not swap:
                return (
                    f"{job.clip.name}: {other.source.name} (face {other.face}) and {swap.source.name} (face"
                    f" {swap.face}) are both put on {name}, among others; the later one covers the other"
                )
    return ""


def payload_of(job: ClipJob) -> int:
    """Return what the mark in a clip's faces says: 24 bits that name the clip and what is done to it.

    Nothing counts that does not also decide what chunks hold, so that the mark in a kept chunk is never out of date.
    """
    done = [[swap.model.swap_recipe(), swap.merger.recipe()] for swap in job.swaps]
    return int(digest([fingerprint(job.clip), done])[:6], 16)


def marking_of(project: LoadedProject, job: ClipJob) -> dict[str, str]:
    """Return the tags every output carries: that it is synthetic, what was done, and who agreed.

    Raises:
        RequestError: When the project states no consent.
    """
    if (consent := project.consent) is None:
        raise RequestError(
            f"{project.path.name} states no consent, so nothing is merged\n"
            "  add a consent: section with the basis and a statement; it goes into the output's tags"
        )
    done = "; ".join(f"{swap.source.name} on {swap.target.name} by {swap.model.name}" for swap in job.swaps)
    sentence = (
        f"Synthetic media: a face in this clip was replaced with Understudy {__version__} ({done}). "
        f"Consent: {consent.basis}: {consent.statement}"
    )
    return {
        "comment": sentence,
        "description": sentence,
        "synthetic_media": "true",
        "digital_source_type": SOURCE_TYPE,
        "consent_basis": str(consent.basis),
        "consent_statement": consent.statement,
        "made_with": f"Understudy {__version__}",
    }
