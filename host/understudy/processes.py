"""Is this process alone, or one of several that learn together?

``torchrun`` starts several and tells each its number by environment variables. torch is not loaded here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import RequestError

__all__ = ["Place", "place_of"]


@dataclass(frozen=True, slots=True)
class Place:
    """A process among those that learn together.

    Attributes:
        rank: Its number among all, from 0; the first one alone writes, shows and speaks.
        count: How many there are.
        local_rank: Its number on this machine, from 0.
    """

    rank: int = 0
    count: int = 1
    local_rank: int = 0

    @property
    def is_first(self) -> bool:
        """Whether this process decides for all."""
        return self.rank == 0

    def device(self, resolved: str) -> str:
        """Return the device of this process, where ``resolved`` is the project's.

        Raises:
            RequestError: The project names one device for all of them.
        """
        if self.count == 1 or resolved == "cpu":
            return resolved
        if resolved != "cuda":
            raise RequestError(
                f"{self.count} processes cannot learn together on the device {resolved!r}\n"
                f"  set device to cuda, of which each process takes its own, or to cpu"
            )
        return f"cuda:{self.local_rank}"


def place_of(environment: Mapping[str, str] = os.environ) -> Place:
    """Return this process's place, as torchrun's environment variables tell it; without them it is alone.

    Raises:
        RequestError: They contradict each other.
    """
    count = environment.get("WORLD_SIZE", "1")
    if "TORCHELASTIC_RUN_ID" not in environment or count == "1":
        return Place()
    rank, local_rank = environment.get("RANK", ""), environment.get("LOCAL_RANK", "")
    if not all(text.isdecimal() for text in (count, rank, local_rank)) or int(rank) >= int(count):
        raise RequestError(
            f"this process cannot tell its place: RANK is {rank!r}, LOCAL_RANK {local_rank!r}, WORLD_SIZE {count!r}\n"
            f"  start it with: torchrun --standalone --nproc-per-node=N -m understudy train PROJECT"
        )
    return Place(int(rank), int(count), int(local_rank))
