"""Which option of one of DeepFaceLab's models is which setting?

What its models agree in is here; a model's own table says the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from pydantic import ValidationError

from understudy_sdk.errors import StageError

from .settings import LearningSettings

__all__ = ["OptionTable", "OptionsError"]

_OTHERS: Final = {"autobackup_hour": 0, "write_preview_history": False, "target_iter": 0}
"""Options that decide nothing of what is learnt, and what is written for them."""

_USUAL_BATCH: Final = 8


class OptionsError(StageError):
    """No model can be made of some options.

    Attributes:
        problems: What is wrong with them, a line each.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        """List every problem under one heading."""
        self.problems = tuple(problems)
        super().__init__("\n  ".join(["no model can be made of these options:", *problems]))


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionTable:
    """A model's options and settings.

    Attributes:
        model: DeepFaceLab's name of it.
        settings: The plugin's settings.
        names: What each of their options is called here.
        needed: Those without which no network can be built.
        face_types: Ours by theirs.
        dropped: Options of theirs that are left without a word.
        readers: What turns the value of an option into a setting's, where it is not the same.
        writers: And the other way.
    """

    model: str
    settings: type[LearningSettings]
    names: Mapping[str, str]
    needed: Sequence[str]
    face_types: Mapping[str, str]
    dropped: frozenset[str] = frozenset()
    readers: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    writers: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)

    def read(self, options: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Return the settings that a model's options stand for, and remarks on what has none, a sentence each.

        Raises:
            OptionsError: Options that a model needs are missing, or out of range; all are named as they are called
                there.
        """
        found = {name: _plain(value) for name, value in options.items()}
        problems = [f"the option {name} is missing in data.dat" for name in self.needed if name not in found]
        if problems:
            raise OptionsError(problems)
        settings = {ours: self._read(theirs, found[theirs]) for theirs, ours in self.names.items() if theirs in found}
        unknown = sorted(found.keys() - self.names.keys() - _OTHERS.keys() - self.dropped)
        remarks = [f"The option {name} ({found[name]!r}) is none of {self.model}'s here, and was left."
                   for name in unknown]  # fmt: skip
        try:
            config = self.settings.model_validate(settings)
        except ValidationError as error:
            raise OptionsError(list(dict.fromkeys(map(self._told, error.errors())))) from error
        return config.model_dump(mode="json", include=set(settings)), remarks

    def write(self, config: LearningSettings) -> dict[str, Any]:
        """Return a model's options, of plain values.

        Raises:
            StageError: DeepFaceLab has no such face type.
        """
        return {
            **_OTHERS,
            **{theirs: self._written(theirs, getattr(config, ours)) for theirs, ours in self.names.items()},
        }

    def _read(self, option: str, value: Any) -> Any:
        match option:
            case "face_type":
                return self.face_types.get(str(value), value)
            case "models_opt_on_gpu":
                return "device" if value else "cpu"
            case "lr_dropout" if isinstance(value, bool):  # as older versions had it
                return "y" if value else "n"
            case "ct_mode" if value is None:
                return "none"
        return self.readers[option](value) if option in self.readers else value

    def _written(self, option: str, value: Any) -> Any:
        match option:
            case "face_type":
                return self._face_type(value)
            case "models_opt_on_gpu":
                return value == "device"
            case "batch_size":
                return value if isinstance(value, int) else _USUAL_BATCH
        return self.writers[option](value) if option in self.writers else value

    def _face_type(self, value: str) -> str:
        for theirs, ours in self.face_types.items():
            if ours == value:
                return theirs
        raise StageError(
            f"DeepFaceLab has no face type {value!r}, which this model is of\n"
            f"  it has: {', '.join(self.face_types.values())}"
        )

    def _told(self, error: Any) -> str:
        """Say what is wrong with an option, by its name there."""
        theirs = {ours: option for option, ours in self.names.items()}
        where = ".".join(theirs.get(str(part), str(part)) for part in error["loc"][:1])
        what = str(error["msg"]).removeprefix("Value error, ")
        return f"the option {where} is {error['input']!r}: {what}" if where else f"the options do not fit: {what}"


def _plain(value: Any) -> Any:
    """Return NumPy's scalars, which their options are full of, as Python's."""
    return value.item() if isinstance(value, np.generic | np.ndarray) and value.size == 1 else value
