"""How does TensorBoard hear of a training? By event files beside it; this needs the extra ``tensorboard``."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from understudy.errors import RequestError
from understudy.pictures import encode_png
from understudy_sdk.types import U8

__all__ = ["EVENTS_NAME", "TensorBoardSink"]

EVENTS_NAME: Final = "tensorboard"
"""Name of the folder of event files within a training's; what ``tensorboard --logdir`` takes."""

_LEAST_GAP_S: Final = 0.1
"""Steps that follow each other faster are left out: nobody sees so many, and the files would grow without end."""


class TensorBoardSink:
    """Writes losses, previews and measures as event files, in tensorboard's own format; a ``Sink`` of trainings."""

    def __init__(self, folder: Path, now_s: Callable[[], float] = time.monotonic) -> None:
        """Open a new file in a folder, which is made.

        Args:
            folder: Where the event files lie.
            now_s: Tells the time in seconds.

        Raises:
            RequestError: When tensorboard is not installed.
        """
        try:
            from tensorboard.compat.proto import event_pb2, summary_pb2  # noqa: PLC0415 # an extra
            from tensorboard.summary.writer.event_file_writer import EventFileWriter  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise RequestError(
                "training.tensorboard is on, but tensorboard is not installed\n"
                '  install it: pip install "understudy[tensorboard]", or turn it off'
            ) from error
        self._event: Callable[..., Any] = event_pb2.Event
        self._session, self._summary = event_pb2.SessionLog, summary_pb2.Summary
        self._writer = EventFileWriter(str(folder))
        self._now_s, self._told_s = now_s, -_LEAST_GAP_S
        self._step = -1

    def __enter__(self) -> TensorBoardSink:
        """Return the sink."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Write what is left, and close the file."""
        self._writer.close()

    def losses(self, step: int, losses: Mapping[str, float]) -> None:
        """Take a step's losses, as ``loss/<name>``; ten steps a second at most are written."""
        now_s = self._now_s()
        if now_s - self._told_s >= _LEAST_GAP_S:
            self._told_s = now_s
            self._add(step, [self._number(f"loss/{name}", value) for name, value in losses.items()])

    def preview(self, step: int, picture: U8) -> None:
        """Take a preview, uint8 (H, W, 3) RGB."""
        height, width = picture.shape[:2]
        image = self._summary.Image(height=height, width=width, colorspace=3, encoded_image_string=encode_png(picture))
        self._add(step, [self._summary.Value(tag="preview", image=image)])

    def measures(self, step: int, measures: Mapping[str, float]) -> None:
        """Take a step's measures, as ``quality/<name>``."""
        self._add(step, [self._number(f"quality/{name}", value) for name, value in measures.items()])

    def _number(self, tag: str, value: float) -> Any:
        return self._summary.Value(tag=tag, simple_value=value)

    def _add(self, step: int, values: list[Any]) -> None:
        if self._step < 0 or step < self._step:
            # what an earlier run wrote of this step and later ones does not count any more
            start = self._session(status=self._session.START)
            self._writer.add_event(self._event(wall_time=time.time(), step=step, session_log=start))
        self._step = step
        self._writer.add_event(self._event(wall_time=time.time(), step=step, summary=self._summary(value=values)))
