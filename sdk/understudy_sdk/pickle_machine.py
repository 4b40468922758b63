"""Which values does a pickle describe, without anything of it being run?

A pickle is a program for a small stack machine. Python's own machine imports and calls whatever the program names. This
one knows only the instructions that build plain data; a name is looked up in a table its caller gives, and what stands
in that table is our own code. Nothing is imported, no method of any foreign class is called.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

from .errors import ForeignFileError

__all__ = ["Maker", "Pending", "PickleMachine", "require_plain"]

Maker = Callable[[tuple[Any, ...]], Any]
"""Makes a value from the arguments a pickle gives to a name it asks for."""

_DEEPEST: Final = 64  # levels of lists in lists; real files have fewer than ten
_SCALARS: Final = (type(None), bool, int, float, complex, str, bytes)


class Pending:
    """A value that is complete only once the pickle has given its state."""

    value: Any = None
    is_built = False

    def build(self, state: Any) -> Any:
        """Return the complete value. Raises TypeError or ValueError where the state cannot be one of it."""
        raise NotImplementedError


class _Named:
    """A name the pickle asked for and may use; stands on the stack until it is given arguments."""

    __slots__ = ("make", "name")

    def __init__(self, name: str, make: Maker) -> None:
        self.name, self.make = name, make


class PickleMachine:
    """Reads one pickle.

    Args:
        content: The bytes that hold it.
        where: The file's name, for messages.
        find: Gives the maker of a dotted name, or None where the name is not admitted.
        persistent: Gives the value behind a persistent id; without it none is admitted.
        start: Where in ``content`` the pickle begins.
        most_bytes: How many bytes of arrays it may make; one text can be asked to become thousands of them.
    """

    def __init__(
        self,
        content: bytes,
        where: str,
        find: Callable[[str], Maker | None],
        *,
        persistent: Callable[[Any], Any] | None = None,
        start: int = 0,
        most_bytes: int | None = None,
    ) -> None:
        self._content, self._where, self._find, self._persistent = content, where, find, persistent
        self.position = start
        self._budget = 4 * len(content) if most_bytes is None else most_bytes
        self._stack: list[Any] = []
        self._marked: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Return the value; ``position`` is then the first byte after the pickle.

        Raises ForeignFileError where it asks for a name that is not admitted, is cut short or makes no sense.
        """
        try:
            while True:
                code = self._content[self.position]
                self.position += 1
                if code == 0x2E:  # STOP
                    return self._stack.pop()
                step = _STEPS.get(code)
                if step is None:
                    raise ValueError(f"the instruction {bytes([code])!r} is not one that plain data needs")
                step(self)
        except (IndexError, KeyError, TypeError, ValueError, OverflowError, struct.error) as error:
            raise ForeignFileError(
                self._where, f"its pickle makes no sense at byte {self.position} ({type(error).__name__}: {error})"
            ) from error

    # -- reading the program

    def _take(self, size: int) -> bytes:
        end = self.position + size
        if size < 0 or end > len(self._content):
            raise ValueError(f"{size} bytes are announced, but {len(self._content) - self.position} are left")
        taken = self._content[self.position : end]
        self.position = end
        return bytes(taken)

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _line(self) -> str:
        end = self._content.index(b"\n", self.position)
        line = self._take(end - self.position).decode()
        self.position += 1
        return line

    # -- the stack

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _mark(self) -> None:
        self._marked.append(self._stack)
        self._stack = []

    def _since_mark(self) -> list[Any]:
        values = self._stack
        self._stack = self._marked.pop()
        return values

    def _pop(self) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._since_mark()

    def _tuple(self, length: int) -> None:
        if len(self._stack) < length:
            raise IndexError("fewer values than the tuple has")
        self._stack[-length:] = [tuple(self._stack[-length:])]

    def _remember(self, number: int) -> None:
        self._memo[number] = self._stack[-1]

    def _recall(self, number: int) -> None:
        value = self._memo[number]
        self._push(value.value if isinstance(value, Pending) and value.is_built else value)

    # -- containers

    def _append(self, values: list[Any]) -> None:
        _exactly(self._stack[-1], list).extend(values)

    def _set_items(self, values: list[Any]) -> None:
        target = _exactly(self._stack[-1], dict)
        if len(values) % 2:
            raise ValueError("a key without a value")
        for key, value in zip(values[::2], values[1::2], strict=True):
            target[_key(key)] = value

    def _set_one(self) -> None:
        pair = self._stack[-2:]
        del self._stack[-2:]
        self._set_items(pair)

    def _add_items(self, values: list[Any]) -> None:
        _exactly(self._stack[-1], set).update(map(_key, values))

    def _dict(self, values: list[Any]) -> None:
        self._push({})
        self._set_items(values)

    # -- names

    def _name(self, module: Any, name: Any) -> None:
        dotted = f"{_exactly(module, str)}.{_exactly(name, str)}"
        make = self._find(dotted)
        if make is None:
            raise ForeignFileError(
                self._where,
                f"it asks for {dotted!r}, which plain data does not need; nothing of it was run",
                asked=dotted,
            )
        self._push(_Named(dotted, make))

    def _stack_name(self) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._name(module, name)

    def _reduce(self) -> None:
        arguments, named = _exactly(self._stack.pop(), tuple), _exactly(self._stack.pop(), _Named)
        self._push(self._charged(named.make(arguments)))

    def _build(self) -> None:
        state, value = self._stack.pop(), self._stack[-1]
        if isinstance(value, Pending) and not value.is_built:
            value.value, value.is_built = self._charged(value.build(state)), True
            self._stack[-1] = value.value
        elif type(value) is not dict:  # attributes of an OrderedDict, as torch writes them, carry nothing of use
            raise TypeError(f"a {type(value).__name__} takes no state")

    def _charged(self, value: Any) -> Any:
        """Return the value, having taken its size off what the pickle may make."""
        self._budget -= getattr(value, "nbytes", 0)
        if self._budget < 0:
            raise ValueError("its arrays are together far larger than the file")
        return value

    def _persistent_id(self) -> None:
        if self._persistent is None:
            raise ValueError("a reference to something outside the pickle")
        self._push(self._persistent(self._stack.pop()))


def _exactly(value: Any, kind: type) -> Any:
    """Return the value, which must be of this type and of no subclass."""
    if type(value) is not kind:
        raise TypeError(f"a {type(value).__name__} stands where a {kind.__name__.strip('_')} is needed")
    return value


def _key(value: Any) -> Any:
    """Return what may be a key or a member of a set: scalars and flat tuples of them, so that hashing stays shallow."""
    if isinstance(value, _SCALARS) or (type(value) is tuple and all(isinstance(part, _SCALARS) for part in value)):
        return value
    raise TypeError(f"a {type(value).__name__} cannot be a key")


def _protocol(machine: PickleMachine) -> None:
    version = machine._number("<B")
    if version > 5:
        raise ValueError(f"pickle protocol {version} is not known")


def _text(machine: PickleMachine, size: int) -> None:
    machine._push(machine._take(size).decode("utf-8", "surrogatepass"))


def _old_text(machine: PickleMachine, size: int) -> None:
    machine._push(machine._take(size).decode("latin-1"))  # Python 2's str: text or bytes, nobody knows


def _integer(machine: PickleMachine, size: int) -> None:
    machine._push(int.from_bytes(machine._take(size), "little", signed=True))


_STEPS: Final[Mapping[int, Callable[[PickleMachine], Any]]] = {
    0x80: _protocol,
    0x95: lambda m: m._take(8),  # FRAME: how far to read ahead
    ord("("): PickleMachine._mark,
    ord("0"): PickleMachine._pop,
    ord("1"): lambda m: m._since_mark(),
    ord("2"): lambda m: m._push(m._stack[-1]),
    ord("N"): lambda m: m._push(None),
    0x88: lambda m: m._push(True),
    0x89: lambda m: m._push(False),
    ord("J"): lambda m: m._push(m._number("<i")),
    ord("K"): lambda m: m._push(m._number("<B")),
    ord("M"): lambda m: m._push(m._number("<H")),
    0x8A: lambda m: _integer(m, m._number("<B")),
    0x8B: lambda m: _integer(m, m._number("<i")),
    ord("G"): lambda m: m._push(m._number(">d")),
    ord("X"): lambda m: _text(m, m._number("<I")),
    0x8C: lambda m: _text(m, m._number("<B")),
    0x8D: lambda m: _text(m, m._number("<Q")),
    ord("T"): lambda m: _old_text(m, m._number("<i")),
    ord("U"): lambda m: _old_text(m, m._number("<B")),
    ord("B"): lambda m: m._push(m._take(m._number("<I"))),
    ord("C"): lambda m: m._push(m._take(m._number("<B"))),
    0x8E: lambda m: m._push(m._take(m._number("<Q"))),
    0x96: lambda m: m._push(m._take(m._number("<Q"))),  # a bytearray; bytes do as well
    ord("]"): lambda m: m._push([]),
    ord("a"): lambda m: m._append([m._stack.pop()]),
    ord("e"): lambda m: m._append(m._since_mark()),
    ord("l"): lambda m: m._push(m._since_mark()),
    ord("}"): lambda m: m._push({}),
    ord("d"): lambda m: m._dict(m._since_mark()),
    ord("s"): PickleMachine._set_one,
    ord("u"): lambda m: m._set_items(m._since_mark()),
    ord(")"): lambda m: m._push(()),
    ord("t"): lambda m: m._push(tuple(m._since_mark())),
    0x85: lambda m: m._tuple(1),
    0x86: lambda m: m._tuple(2),
    0x87: lambda m: m._tuple(3),
    0x8F: lambda m: m._push(set()),
    0x90: lambda m: m._add_items(m._since_mark()),
    0x91: lambda m: m._push(frozenset(map(_key, m._since_mark()))),
    ord("q"): lambda m: m._remember(m._number("<B")),
    ord("r"): lambda m: m._remember(m._number("<I")),
    0x94: lambda m: m._remember(len(m._memo)),
    ord("h"): lambda m: m._recall(m._number("<B")),
    ord("j"): lambda m: m._recall(m._number("<I")),
    ord("c"): lambda m: m._name(m._line(), m._line()),
    0x93: PickleMachine._stack_name,
    ord("R"): PickleMachine._reduce,
    0x81: PickleMachine._reduce,  # NEWOBJ: to us the same, as no class is ever made
    ord("b"): PickleMachine._build,
    ord("Q"): PickleMachine._persistent_id,
}
"""Instructions of protocols 2 to 5 but for those that make arbitrary objects. Nobody writes protocol 0's any more."""


def require_plain(value: Any, where: str, leaves: tuple[type, ...]) -> None:
    """Refuse a value that holds anything but containers, scalars and the given leaves, or that contains itself."""
    depths: dict[int, int] = {}

    def depth_of(value: Any, above: int) -> int:
        if isinstance(value, (*_SCALARS, *leaves)):
            return 0
        if type(value) not in (list, tuple, dict, set, frozenset):
            raise ForeignFileError(where, f"its pickle holds a value that was never finished ({type(value).__name__})")
        if id(value) not in depths:
            depths[id(value)] = _DEEPEST  # met again before it is done, it contains itself
            parts = value.values() if isinstance(value, dict) else value
            below = max((depth_of(part, above + 1) for part in parts), default=0) if above < _DEEPEST else _DEEPEST
            depths[id(value)] = below + 1
        if depths[id(value)] > _DEEPEST:
            raise ForeignFileError(where, f"its lists lie more than {_DEEPEST} levels deep, or contain themselves")
        return depths[id(value)]

    depth_of(value, 0)
