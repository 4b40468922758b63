"""How does an error of another process reach the user as what it is, with its words and its exit code?"""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from understudy_sdk import UnderstudyError

__all__ = ["CarriedError", "CrashError", "carry"]

_PLAIN: Final = (str, int, float, bool, Path, tuple, list, type(None))


class CrashError(Exception):
    """Another process met a fault of the program itself; holds that process's traceback."""


@dataclass(frozen=True, slots=True)
class CarriedError:
    """An error in values that travel: its kind and the kinds that this is one of, its words, and its facts."""

    kinds: tuple[tuple[str, str], ...]
    words: str
    facts: Mapping[str, Any]

    def error(self) -> Exception:
        """Return the error again; of a kind that is not known here, the nearest one that is."""
        for module, name in self.kinds:
            kind = getattr(importlib.import_module(module), name, None) if _is_ours(module) else None
            if isinstance(kind, type) and issubclass(kind, UnderstudyError):
                error = kind.__new__(kind)  # its own making asks for other values than its words
                error.args = (self.words,)
                error.__dict__.update(self.facts)
                return error
        return CrashError(self.words)


def carry(error: BaseException) -> CarriedError:
    """Return an error in values that travel; one that is not meant for the user keeps its traceback."""
    if not isinstance(error, UnderstudyError):
        return CarriedError((), "".join(traceback.format_exception(error)), {})
    kinds = tuple((kind.__module__, kind.__qualname__) for kind in type(error).__mro__)
    facts = {name: value for name, value in vars(error).items() if isinstance(value, _PLAIN)}
    return CarriedError(kinds, str(error), facts)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in {"understudy", "understudy_sdk"}
