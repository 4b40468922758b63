"""Which figures does a report give? Plain values, for the page and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from understudy.quality.result import Result
from understudy.steadiness import TrackFigures

__all__ = [
    "ChangeReport",
    "ClipReport",
    "FacesetReport",
    "MergeReport",
    "MergedFrame",
    "MergedSwap",
    "PersonReport",
    "ProjectReport",
    "Span",
    "TrainingReport",
]

Span = tuple[int, int]
"""First and last frame of frames that follow each other."""


@dataclass(frozen=True, slots=True)
class ClipReport:
    """What was found in one clip.

    Attributes:
        name: Its file name.
        fingerprint: Of its content.
        width: Of the upright frame in px.
        height: Of the upright frame in px.
        frames: How many it has.
        done: How many of them are extracted; the figures below are those of these frames.
        frames_per_s: Its average rate; None where the clip itself is not at hand.
        start_s: Presentation time of its first frame in seconds.
        faces: How many there are.
        origins: How many came to be known in each way, by the names of ``Origin``.
        without_face: Frames without a face, without those that could not be decoded.
        several: How many frames show more than one face.
        undecodable: Frames that could not be decoded.
        corrected: How many frames were corrected by a person.
        double: Faces of tracks in whose place another face lies.
        set_aside: Faces that nothing learns from.
        untracked: Faces that belong to no track.
        tracks: Figures of each track, the one with most faces first.
    """

    name: str
    fingerprint: str
    width: int
    height: int
    frames: int
    done: int
    frames_per_s: float | None
    start_s: float
    faces: int
    origins: dict[str, int]
    without_face: tuple[Span, ...]
    several: int
    undecodable: tuple[Span, ...]
    corrected: int
    double: int
    set_aside: int
    untracked: int
    tracks: tuple[TrackFigures, ...]


@dataclass(frozen=True, slots=True)
class PersonReport:
    """Somebody in a faceset.

    Attributes:
        name: As the recognizer's groups are called, or as the project says.
        is_named: Whether the project names this person.
        tracks: Whose faces these are.
        faces: How many.
        shown_s: For how long there is a face, in seconds.
    """

    name: str
    is_named: bool
    tracks: tuple[int, ...]
    faces: int
    shown_s: float


@dataclass(frozen=True, slots=True)
class FacesetReport:
    """What is in one faceset.

    Attributes:
        name: In the project.
        folder: Where it lies.
        choices: How its faces are found and cut out: what is chosen, and the choice in words.
        done: Frames that are extracted.
        total: Frames of its clips.
        clips: What was found in each.
        people: Who is in it, longest first.
    """

    name: str
    folder: str
    choices: dict[str, str]
    done: int
    total: int
    clips: tuple[ClipReport, ...]
    people: tuple[PersonReport, ...]

    @property
    def faces(self) -> int:
        """Return how many faces there are."""
        return sum(clip.faces for clip in self.clips)


@dataclass(frozen=True, slots=True)
class ChangeReport:
    """Settings that change on the way.

    Attributes:
        after: Steps after which they hold.
        settings: Those that are others than before, as JSON values by name.
    """

    after: int
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """How far one swap's training is.

    Attributes:
        name: Source and target.
        folder: Where it lies.
        model: The model's name.
        step: Steps that were learnt.
        iterations: Steps that the project asks for; 0 of a model that needs no training.
        losses: Mean of the last fiftieth of the steps, by name.
        minutes: For how long was learnt up to the last measuring; None where nothing was measured.
        measured: Step, minutes and measures of each measuring, by name.
        changes: How settings change on the way, as the project has it.
        snapshots: Steps whose state is kept.
        best: Which of them is the best so far, or None.
        timelapse: Path of the film of the previews, or empty.
        result: Measures of the swaps as they would be merged now; None where that cannot be found out.
    """

    name: str
    folder: str
    model: str
    step: int
    iterations: int
    losses: dict[str, float]
    minutes: float | None
    measured: tuple[dict[str, float], ...]
    changes: tuple[ChangeReport, ...]
    snapshots: tuple[int, ...]
    best: int | None
    timelapse: str
    result: Result | None


@dataclass(frozen=True, slots=True)
class MergedSwap:
    """What the faces of one swap measure in a merged clip.

    Attributes:
        index: The swap's position in the project.
        name: Source and target.
        faces: How many were measured.
        spreads: Of each measure the value that a tenth lies below, the median, and that which a tenth lies above.
    """

    index: int
    name: str
    faces: int
    spreads: dict[str, tuple[float, float, float]]


@dataclass(frozen=True, slots=True)
class MergedFrame:
    """A merged frame that sticks out in one measure.

    Attributes:
        frame: Its position in the clip, from 0.
        timecode: Its time code, counted as the project counts.
        measure: ``seam``, ``color``, ``flicker`` or ``sharpness``, or ``outside``: samples changed under no mask.
        value: What it measures.
        usual: The median of its track; None where nothing is usual.
        score: How far beyond what is allowed; 1 is just so.
        swap: The swap's position in the project; None where it is about the whole frame.
        track: The face's track; likewise.
        face: The face's name in the target's faceset; likewise empty.
        box: The face's box in px; likewise None.
    """

    frame: int
    timecode: str
    measure: str
    value: float
    usual: float | None
    score: float
    swap: int | None
    track: int | None
    face: str
    box: tuple[float, float, float, float] | None


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What is measured of a merged clip.

    Attributes:
        name: The clip's file name.
        output: What it is merged into.
        frames: How many the clip has.
        done: How many of them are merged.
        measured: How many of those belong to chunks that were measured.
        whole: In how many all of the picture was compared with the clip's.
        outside: Samples changed that lie under no mask.
        swaps: Figures of each swap.
        sticking_out: Frames that stick out, in their order, each once for each measure and face.
        records: Files with the figures of every frame, a JSON line each.
    """

    name: str
    output: str
    frames: int
    done: int
    measured: int
    whole: int
    outside: int
    swaps: tuple[MergedSwap, ...]
    sticking_out: tuple[MergedFrame, ...]
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProjectReport:
    """All figures of a project.

    Attributes:
        name: What the project is called.
        project: Path of the project file.
        version: Of the Understudy that made the report.
        facesets: Those of which something is extracted, in the project's order.
        unextracted: Names of those of which nothing is.
        trainings: Those that have begun, and models that need none, in the order of the swaps.
        merges: Clips of which something is merged.
    """

    name: str
    project: str
    version: str
    facesets: tuple[FacesetReport, ...]
    unextracted: tuple[str, ...]
    trainings: tuple[TrainingReport, ...]
    merges: tuple[MergeReport, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the figures as plain lists, texts and numbers."""
        return asdict(self)
