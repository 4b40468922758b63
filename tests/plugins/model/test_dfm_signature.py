"""Is a DFM known by its inputs and outputs, and is every other file refused in words?"""

from types import SimpleNamespace

import pytest

from understudy_plugins.model.dfm.signature import Signature, read_signature
from understudy_sdk import StageError


def described(name, *shape, kind="tensor(float)"):
    return SimpleNamespace(name=name, type=kind, shape=list(shape))


FACE = described("in_face:0", "N", 224, 224, 3)
MORPH = described("morph_value:0", 1)
OUTPUTS = [
    described("out_face_mask:0", "N", 224, 224, 1),
    described("out_celeb_face:0", "N", 224, 224, 3),
    described("out_celeb_face_mask:0", "N", 224, 224, 1),
]
NAMES = tuple(one.name for one in OUTPUTS)


def test_the_known_forms_are_understood():
    saehd = Signature(224, "in_face:0", None, NAMES, is_single=False)
    assert read_signature("x", [FACE], OUTPUTS) == saehd
    assert read_signature("x", [FACE], OUTPUTS[::-1]) == saehd  # names count before order
    assert read_signature("x", [FACE, MORPH], OUTPUTS).morph == "morph_value:0"
    assert read_signature("x", [described("in_face:0", 1, 224, 224, 3)], OUTPUTS).is_single
    renamed = [described(name, None, None, None, None) for name in "abc"]
    assert read_signature("x", [FACE], renamed).outputs == ("a", "b", "c")


@pytest.mark.parametrize(
    ("inputs", "outputs", "words"),
    [
        ([described("input", "N", 224, 224, 3)], OUTPUTS, "no input in_face"),
        ([FACE, FACE], OUTPUTS, "several inputs"),
        ([FACE, described("style", 1)], OUTPUTS, "besides in_face and morph_value"),
        ([described("in_face:0", "N", 224, 224, 3, kind="tensor(float16)")], OUTPUTS, "not float32"),
        ([FACE, described("morph_value:0", "N", 1)], OUTPUTS, "not a single number"),
        ([described("in_face:0", "N", 3, 224, 224)], OUTPUTS, "channels first"),
        ([described("in_face:0", 224, 224, 3)], OUTPUTS, r"no pictures \[N, S, S, 3\]"),
        ([described("in_face:0", 8, 224, 224, 3)], OUTPUTS, "8 faces at a time"),
        ([described("in_face:0", "N", "H", "W", 3)], OUTPUTS, "how large"),
        ([described("in_face:0", "N", 224, 256, 3)], OUTPUTS, "256x224"),
        ([FACE], OUTPUTS[:2], "2 outputs in place of 3"),
        ([FACE], [*OUTPUTS[:2], described("m", "N", 224, 224, 1, kind="tensor(double)")], "m is not float32"),
        ([FACE], [described(name, "N", 224, 224, 3) for name in "abc"], "a is no out_face_mask"),
        ([FACE], [described(name, "N", 1, 224, 224) for name in NAMES], "out_face_mask:0 is no out_face_mask"),
        ([FACE], [described(name, 4) for name in NAMES], "out_face_mask:0 is no out_face_mask"),
        ([], [], "no input in_face"),
    ],
)
def test_others_are_refused_in_words(inputs, outputs, words):
    with pytest.raises(StageError, match=words) as caught:
        read_signature("face.dfm", inputs, outputs)
    assert "expected: inputs in_face:0 float32 [N, S, S, 3]" in str(caught.value)
    for one in (*inputs, *outputs):
        assert f"{one.name} {one.type} [{', '.join(map(str, one.shape))}]" in str(caught.value)
