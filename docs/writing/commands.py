"""What does every command of the command line take?"""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from typer.main import get_command

import understudy.cli

from .tables import table

__all__ = ["commands_pages"]


def commands_pages() -> str:
    """Return every command with its arguments, options and defaults, a section each."""
    return "\n\n".join(_section(words, command) for words, command in _leaves(get_command(understudy.cli.app), []))


def _leaves(command: Any, words: list[str]) -> Iterator[tuple[list[str], Any]]:
    if not hasattr(command, "commands"):
        yield words, command
        return
    for name, inner in command.commands.items():
        if not inner.hidden:
            yield from _leaves(inner, [*words, name])


def _section(words: list[str], command: Any) -> str:
    """Return one command: its name as heading, what it does, how it is called, a row for each thing that it takes."""
    hints = get_type_hints(inspect.unwrap(command.callback))
    taken = [one for one in command.params if not getattr(one, "hidden", False)]
    calls = " ".join(["understudy", *words, *(_in_usage(one) for one in taken if _is_argument(one))])
    options = " [OPTIONS]" if any(not _is_argument(one) for one in taken) else ""
    about = "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(command.help or "").split("\n\n"))
    rows = [(_name(one, hints), _usual(one), str(one.help or "")) for one in taken]
    parts = [f"## {' '.join(words)}", about, f"```text\n{calls}{options}\n```"]
    return "\n\n".join([*parts, table(("takes", "usual", "meaning"), rows)] if rows else parts)


def _is_argument(one: Any) -> bool:
    return not one.opts[0].startswith("-")


def _in_usage(one: Any) -> str:
    word = _metavar(one).strip("[]")
    word += "..." if one.nargs == -1 or one.multiple else ""
    return word if one.required else f"[{word}]"


def _metavar(one: Any) -> str:
    return str(one.metavar or one.name.rstrip("_").upper())


def _name(one: Any, hints: dict[str, Any]) -> str:
    """Write an argument by its place-holder, and an option by its spellings and what stands behind it."""
    if _is_argument(one):
        return f"`{_metavar(one).strip('[]')}`"
    spellings = ", ".join(f"`{word}`" for word in (*one.opts, *one.secondary_opts))
    behind = "" if one.is_flag else one.metavar or _kind(hints[one.name])
    return f"{spellings} {behind}".strip()


def _kind(hint: Any) -> str:
    """Say what an option's value is, from its annotation."""
    if get_origin(hint) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(hint))
    if get_origin(hint) in {Union, types.UnionType, list, tuple}:
        return _kind(next(inner for inner in get_args(hint) if inner is not type(None)))
    if inspect.isclass(hint) and hasattr(hint, "__members__"):
        return ", ".join(f"`{choice.value}`" for choice in hint.__members__.values())
    return {"int": "number", "float": "number", "str": "text", "Path": "path"}.get(
        getattr(hint, "__name__", ""), "text"
    )


def _usual(one: Any) -> str:
    if one.required:
        return "needed"
    if one.default is None or one.default is False or one.default == ():
        return "several" if one.multiple else "-"
    return "on" if one.default is True else f"`{one.default}`"
