"""Fixtures that every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

FOOTAGE = Path(__file__).resolve().parents[2] / "shared" / "footage"
GOLDEN = Path(__file__).parent / "data" / "golden"


@pytest.fixture(scope="session")
def footage():
    """Give the path of a clip of the shared footage by name, or skip with a message that names it."""

    def find(name: str) -> Path:
        path = FOOTAGE / name
        if not path.is_file():
            pytest.skip(f"the clip {name} is not here (looked in ../shared/footage)")
        return path

    return find


@pytest.fixture(scope="session")
def golden() -> Path:
    """Give the folder of reference numbers."""
    return GOLDEN
