"""What can go wrong in a plugin, said so that the user can mend it.

UnderstudyError
├── StageError            a stage cannot go on, and the user can do something about it
│   └── WrongWeightsError a weight file that the settings name is not what they say
├── InvalidValueError     a value between stages has the wrong type, shape or range
├── ForeignFileError      another program's file cannot be read as plain data
└── MissingWeightsError   a declared weight file is not on this machine
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "ForeignFileError",
    "InvalidValueError",
    "MissingWeightsError",
    "StageError",
    "UnderstudyError",
    "WrongWeightsError",
]


class UnderstudyError(Exception):
    """Something the user can mend: what was wanted, what was found, what to do next.

    Anything else that escapes is a bug of ours or of a plugin and keeps its traceback.
    """


class StageError(UnderstudyError):
    """A stage cannot go on, and its message tells the user what to do about it."""


class WrongWeightsError(StageError):
    """A weight file that the settings name has other content than they say, or none that fits."""


class InvalidValueError(UnderstudyError):
    """A value that travels between stages breaks its promise.

    Attributes:
        name: The value's name, such as ``Frame.rgb``.
        actual: What was found.
        expected: What was promised.
    """

    def __init__(self, name: str, actual: str, expected: str) -> None:
        """State which value is wrong, how it is and how it should be."""
        self.name, self.actual, self.expected = name, actual, expected
        super().__init__(f"{name} must be {expected}, but is {actual}")


class ForeignFileError(UnderstudyError):
    """Another program's file is damaged, or asks for more than plain data needs; nothing of it was run.

    Attributes:
        where: The file.
        problem: What was found.
        asked: The name the file asked for, such as ``posix.system``; empty where that is not the trouble.
    """

    def __init__(self, where: str, problem: str, *, asked: str = "") -> None:
        """Name the file and what is wrong with it."""
        self.where, self.problem, self.asked = where, problem, asked
        advice = "\n  take it from where it was first published, and open this one nowhere else" if asked else ""
        super().__init__(f"{where} cannot be read: {problem}{advice}")


class MissingWeightsError(UnderstudyError):
    """A weight file is not on this machine.

    Attributes:
        weight_name: The file's declared name.
        places: Where it can be had, in words.
    """

    def __init__(self, weight_name: str, places: Sequence[str], searched: Sequence[str] = ()) -> None:
        """Name the file, where it was looked for, its sources and the command that brings it."""
        self.weight_name, self.places = weight_name, tuple(places)
        lines = [f"the weight file {weight_name!r} is missing"]
        lines += [f"  looked in: {', '.join(searched)}"] if searched else []
        lines += [f"  it can be had from: {'; '.join(places) or 'nowhere known'}"]
        lines += [f"  to fetch it: understudy weights pull {weight_name}"]
        super().__init__("\n".join(lines))
