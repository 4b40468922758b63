"""Fixtures of the tests of examples and documents."""

import numpy as np
import pytest
from ruamel.yaml import YAML

from understudy.demo.film import film


def named_files(node, key=""):
    """Yield the pictures and mattes that a project names."""
    if isinstance(node, dict):
        for inner, value in node.items():
            yield from named_files(value, inner)
    elif isinstance(node, list):
        for value in node:
            yield from named_files(value, key)
    elif key in {"like", "mattes"}:
        yield node


@pytest.fixture
def beside_plain_clips(tmp_path):
    """Copy a project file next to grey clips, and empty pictures and mattes, at the places that it names."""

    def put(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        data = YAML(typ="safe").load(text)
        for faceset in data["facesets"].values():
            for clip in faceset["clips"]:
                place = tmp_path / clip
                place.parent.mkdir(parents=True, exist_ok=True)
                grey = (np.full((64, 64, 3), 90 + number % 2, np.uint8) for number in range(150))
                film(place, grey, 25, (np.zeros(288000, np.float32), 48000), {})
        for named in named_files(data):
            (tmp_path / named).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / named).touch()
        return path

    return put
