"""What is said where a stage needs onnxruntime and it does not load?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from understudy_sdk.errors import StageError

__all__ = ["needing_onnxruntime"]


@contextmanager
def needing_onnxruntime(who: str) -> Iterator[None]:
    """Import what runs on onnxruntime; ``who`` plays files with it: ``the model 'dfm'``.

    Raises:
        StageError: It is missing or does not load; with the command that installs it.
    """
    try:
        yield
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "onnxruntime":
            raise
        raise StageError(
            f"{who} plays files with onnxruntime, which does not load here: {error}\n"
            '  install it: pip install "understudy[dfm]"'
        ) from error
