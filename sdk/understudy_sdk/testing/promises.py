"""How does a contract test say which promise is broken, what was expected and what was found?

The contract classes need no pytest: pytest runs them in a plugin's own tests, ``understudy plugins check`` without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = [
    "BrokenPromiseError",
    "Topic",
    "about",
    "expect",
    "expect_answers",
    "expect_finite",
    "expect_refusal",
    "expect_same",
    "expect_untouched",
    "named",
    "topic_of",
]

Topic = Literal[
    "answers",
    "shape",
    "range",
    "order",
    "place",
    "batch",
    "purity",
    "repeats",
    "learning",
    "settings",
    "licence",
    "import",
]
"""What a promise is about.

As many answers as questions, of the right types; their shapes; their range; their order; where in the frame they lie; a
batch gives what its members give; inputs and earlier answers are left alone; the same again gives the same; what is
learnt and kept; settings and other words of an offer; terms of use; what finding a plugin costs and what it imports.
"""

FunctionT = TypeVar("FunctionT", bound=Callable[..., None])


class BrokenPromiseError(AssertionError):
    """A stage does not do what its protocol promises.

    Attributes:
        expected: What was promised.
        found: What it did.
    """

    def __init__(self, expected: str, found: str) -> None:
        """State both sides."""
        self.expected, self.found = expected, found
        super().__init__(f"expected: {expected}\n   found: {found}")


def about(topic: Topic) -> Callable[[FunctionT], FunctionT]:
    """Mark what a contract test is about; ``understudy plugins check`` prints it beside the promise."""

    def mark(function: FunctionT) -> FunctionT:
        function.__dict__["understudy_topic"] = topic
        return function

    return mark


def topic_of(function: Callable[..., None]) -> str:
    """Return what a contract test is about, or an empty text where it does not say."""
    return str(getattr(function, "understudy_topic", ""))


def expect(holds: bool, expected: str, found: object) -> None:
    """State a promise in words and what was found instead.

    Raises:
        BrokenPromiseError: It does not hold.
    """
    if not holds:
        raise BrokenPromiseError(expected, str(found))


def expect_answers(answers: object, kind: type, count: int, of: str) -> None:
    """Expect a list with one value of a type for each question.

    Args:
        answers: What the stage returned.
        kind: What each answer has to be.
        count: How many questions there were.
        of: What was asked, such as ``crop``.
    """
    expected = f"a list of {count} {kind.__name__}, one per {of}"
    if not isinstance(answers, list):
        raise BrokenPromiseError(expected, f"a {type(answers).__name__}")
    expect(len(answers) == count, expected, f"a list of {len(answers)}")
    strange = sorted({type(answer).__name__ for answer in answers if not isinstance(answer, kind)})
    expect(not strange, expected, f"{' and '.join(strange)} in the list")


def expect_finite(name: str, values: npt.NDArray[Any] | None) -> None:
    """Expect neither NaN nor infinity in an array; None is passed over."""
    if values is not None:
        count = int(np.size(values) - np.isfinite(values).sum())
        expect(count == 0, f"finite numbers in {name}", f"{count} of {np.size(values)} are NaN or infinite")


def expect_same(
    found: npt.NDArray[Any] | None, wanted: npt.NDArray[Any] | None, what: str, *, atol: float = 0.0
) -> None:
    """Expect two arrays to be alike.

    Args:
        found: One answer.
        wanted: The answer that it has to equal.
        what: What they are and why they are the same, as ``Mask.values in a batch as alone``.
        atol: How far a number may lie from its twin.
    """
    if found is None or wanted is None:
        expect(found is wanted, what, "there in one of both, and missing in the other")
        return
    expect(found.shape == wanted.shape, what, f"shapes {found.shape} and {wanted.shape}")
    if found.size == 0 or np.array_equal(found, wanted):
        return
    apart = np.abs(np.subtract(found, wanted, dtype=np.float64))
    most = float(apart.max())
    limit = f", to within {atol:g}" if atol else ", to the bit"
    expect(most <= atol, what + limit, f"numbers up to {most:.6g} apart, in {int((apart > atol).sum())} places")


@contextmanager
def expect_untouched(inputs: Mapping[str, Any]) -> Iterator[None]:
    """Expect the block to leave arrays as they are.

    Args:
        inputs: Each input by its name, such as ``Crop.rgb``; those that are None are passed over.
    """
    before = {name: array.copy() for name, array in inputs.items() if array is not None}
    yield
    for name, kept in before.items():
        now = inputs[name]
        expect(now is not None and np.array_equal(now, kept), f"{name} left as it was given", "the stage wrote to it")


@contextmanager
def expect_refusal(error: type[Exception], expected: str) -> Iterator[None]:
    """Expect the block to raise an error of a type, and no other."""
    try:
        yield
    except error:
        return
    except Exception as other:  # a stranger's code may raise anything
        raise BrokenPromiseError(f"{expected} raises {error.__name__}", f"{type(other).__name__}: {other}") from other
    raise BrokenPromiseError(f"{expected} raises {error.__name__}", "it was taken without a word")


def named(name: str, arrays: Sequence[npt.NDArray[Any] | None]) -> dict[str, npt.NDArray[Any] | None]:
    """Return arrays by a name each, with its number where there are several, for ``expect_untouched``."""
    return {f"{name} (number {number})": array for number, array in enumerate(arrays, 1)}
