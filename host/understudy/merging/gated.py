"""What is measured of a clip while it is merged, and how much of it is there?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from understudy.errors import StoreError
from understudy.gates import (
    FrameFigures,
    GateMaker,
    gates_artifact,
    is_whole_record,
    outliers_of,
    read_figures,
    record_path,
)
from understudy.store import Artifact, WorkFolder

from .jobs import ClipJob

__all__ = ["ClipGates"]


class ClipGates:
    """The figures of one clip's merged frames, and their files, one for each chunk of the clip.

    Attributes:
        artifact: Where they lie.
    """

    def __init__(
        self, work: WorkFolder, job: ClipJob, merged: Artifact, chunks: Mapping[tuple[int, int], Path]
    ) -> None:
        """Take the work folder, the clip, the place of its merged chunks and their files."""
        self.artifact = gates_artifact(work, job, merged.recipe)
        self._paths = {span: record_path(self.artifact.folder, chunk.stem) for span, chunk in chunks.items()}

    def has(self, span: tuple[int, int]) -> bool:
        """Tell whether a chunk was measured, and its file is whole."""
        return is_whole_record(self._paths[span], span)

    def damaged(self, span: tuple[int, int]) -> Path | None:
        """Return a chunk's file if it is there and damaged."""
        path = self._paths[span]
        return path if path.is_file() and not self.has(span) else None

    def makers(self, span: tuple[int, int]) -> tuple[GateMaker, ...]:
        """Return what measures a chunk while it is merged, if it was not yet."""
        if self.has(span):
            return ()
        self.artifact.prepare()
        return (GateMaker(self._paths[span]),)

    @property
    def unmeasured(self) -> int:
        """How many frames belong to chunks that were not measured, or whose file is damaged."""
        return sum(stop - first for first, stop in self._paths if not self.has((first, stop)))

    @property
    def records(self) -> tuple[Path, ...]:
        """The files that are there, in the order of the clip."""
        return tuple(path for path in self._paths.values() if path.is_file())

    def figures(self) -> list[FrameFigures]:
        """Return the figures of all frames that were measured, in order.

        Raises:
            StoreError: When a file is damaged; it is named.
        """
        return read_figures(self.records)

    def drop_old(self) -> None:
        """Delete figures of faces as they were before."""
        names = {path.name for path in self._paths.values()}
        for old in self.artifact.folder.glob("chunk-*.jsonl"):
            if old.name not in names:
                old.unlink()

    def words(self) -> str:
        """Say what is not as it should be, or return an empty text."""
        try:
            frames = self.figures()
        except StoreError as error:  # the clip itself is in place
            return str(error)
        outside = sum(one.outside > 0 for one in frames)
        far = len({one.frame for one in outliers_of(frames) if one.face is not None})
        said = [f"samples changed outside the mask in {_frames(outside)}"] if outside else []
        said += [f"{_frames(far)} {'sticks' if far == 1 else 'stick'} out"] if far else []
        return f"{', and '.join(said)}: see understudy report" if said else ""


def _frames(count: int) -> str:
    return f"{count} frame{'' if count == 1 else 's'}"
