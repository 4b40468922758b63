"""Which promises does a stage keep, told without pytest: promise by promise, with what was expected and found?"""

from __future__ import annotations

import importlib
import inspect
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from understudy_sdk.errors import InvalidValueError, MissingWeightsError
from understudy_sdk.stages import Parallel, Resources, StageSpec

from .offer import OfferContract
from .package import ImportCost, PackageContract
from .promises import BrokenPromiseError, topic_of

__all__ = ["Finding", "check_contract", "check_offer", "check_package", "stage_contracts"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a promise is kept.

    Attributes:
        topic: What it is about, such as ``order``; where a value is wrong in itself: ``dtype``, ``shape`` or ``range``.
        promise: What is promised, a sentence.
        status: ``ok``, ``wrong``, or ``not checked`` where something is missing on this machine.
        expected: What was promised in this case; empty where it is ok.
        found: What was found instead, or what is missing.
    """

    topic: str
    promise: str
    status: Literal["ok", "wrong", "not checked"] = "ok"
    expected: str = ""
    found: str = ""


def check_package(module: str, cost: ImportCost | None = None) -> Iterator[Finding]:
    """Check the module that a plugin's entry point names.

    Args:
        module: Its name; it can be imported.
        cost: What importing it costs, where that is known already.
    """

    class Known(PackageContract):
        def cost(self, module: str) -> ImportCost:
            return cost or super().cost(module)

    return check_contract(Known, lambda: module, module)


def check_offer(stage: str, spec: StageSpec[Any], resources: Resources) -> Iterator[Finding]:
    """Check an offer's words, and the stage that it builds with its tiny settings.

    Args:
        stage: What it plays, such as ``masker``.
        spec: The offer.
        resources: What it is built with; weight files that are missing leave promises unchecked.
    """
    package = getattr(spec.build, "__module__", "") or ""
    yield from check_contract(OfferContract, lambda: spec, package)

    def built(parallel: Parallel | None = None) -> object:
        return spec.build(spec.tiny, replace(resources, parallel=parallel))

    failure = _attempt("answers", "Builds with its tiny settings.", built, package)
    yield failure
    if failure.status != "ok":
        return
    alone, together = stage_contracts(stage, spec.learns)
    yield from check_contract(alone, built, package)
    if together is not None:
        yield from check_contract(together, lambda: built, package)


def stage_contracts(stage: str, learns: bool) -> tuple[type, type | None]:
    """Return a stage's contract, and that of several processes that learn together where it has one."""
    module = importlib.import_module(f"{__package__}.{stage}")
    name = f"{stage.capitalize()}Contract"
    learner = getattr(module, f"Trainable{name}", None) if learns else None
    return learner or getattr(module, name), getattr(module, f"Parallel{name}", None) if learns else None


def check_contract(contract: type, subject: Callable[[], object], package: str) -> Iterator[Finding]:
    """Run every test of a contract class over a new subject each.

    Args:
        contract: A class of ``understudy_sdk.testing``.
        subject: Gives what its tests take: a stage, an offer.
        package: The module whose code is under test; its lines are named in what goes wrong.
    """
    for name, test in _tests(contract):
        promise = (inspect.getdoc(test) or name).partition("\n\n")[0].replace("\n", " ").replace("``", "")
        yield _attempt(topic_of(test), promise, partial(_run, contract, name, subject), package)


def _run(contract: type, name: str, subject: Callable[[], object]) -> None:
    getattr(contract(), name)(subject())


def _tests(contract: type) -> Iterator[tuple[str, Callable[..., None]]]:
    """Yield the tests of a contract as they are written, those of what it derives from first."""
    names = {name for base in reversed(contract.__mro__) for name in vars(base) if name.startswith("test_")}
    order = [name for base in reversed(contract.__mro__) for name in vars(base)]
    for name in sorted(names, key=order.index):
        yield name, getattr(contract, name)


def _attempt(topic: str, promise: str, test: Callable[[], object], package: str) -> Finding:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            test()
    except BrokenPromiseError as broken:
        return Finding(topic, promise, "wrong", broken.expected, broken.found)
    except MissingWeightsError as missing:
        advice = f"the weight file {missing.weight_name!r} is not here; understudy weights pull {missing.weight_name}"
        return Finding(topic, promise, "not checked", found=advice)
    except InvalidValueError as invalid:
        found = f"{invalid.actual}{_place(invalid, package)}"
        return Finding(_topic_of_value(invalid), promise, "wrong", f"{invalid.name}: {invalid.expected}", found)
    except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything
        if isinstance(error, ValueError) and "read-only" in str(error):
            wanted, did = "inputs that are left as they are; they are read only", "the stage writes to one"
        else:
            wanted, did = "an answer", f"{type(error).__name__}: {error}"
        return Finding(topic, promise, "wrong", wanted, f"{did}{_place(error, package)}")
    return Finding(topic, promise)


def _topic_of_value(invalid: InvalidValueError) -> str:
    """Say what about a value is wrong: its type, its shape or its range."""
    wanted, have = invalid.expected.partition(" ")[0], invalid.actual.partition(" ")[0]
    if wanted == "square":
        return "shape"
    if not wanted.startswith(("float", "uint")):
        return "range"
    return "shape" if wanted == have else "dtype"


def _place(error: BaseException, package: str) -> str:
    """Say which line of the package an error came through last, if one."""
    root = package.partition(".")[0]
    lines = [
        f" ({frame.f_code.co_filename.replace(chr(92), '/').rpartition('/')[2]}, line {line})"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if root and str(frame.f_globals.get("__name__", "")).partition(".")[0] == root
    ]
    return lines[-1] if lines else ""
