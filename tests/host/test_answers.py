"""Is what a plugin answers checked at the host's edge, with words that say what was promised and what came?"""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest

from understudy import answers
from understudy_sdk import Crop, CropSpec, Face, FaceType, Frame, Layer, Mask, Region, Swap
from understudy_sdk.errors import InvalidValueError

BOX = np.array([1, 2, 3, 4], np.float32)
POINTS = np.ones((68, 2), np.float32)
FRAMES = [Frame(np.zeros((4, 6, 3), np.uint8), pts, Fraction(1, 25)) for pts in (10, 11)]
BARE = Face(BOX, 0.5)
ALIGNED = Face(BOX, 0.5, landmarks=POINTS)
CROPS = [Crop(np.zeros((8, 8, 3), np.uint8), np.eye(2, 3), FaceType.FULL, POINTS)] * 2
SWAP = Swap(np.zeros((8, 8, 3), np.float32))
REGION = Region(np.zeros((5, 7, 3), np.float32), 0, 0)


def aligned(answer, has_mesh=False):
    return answers.aligned_faces(answer, FRAMES, [[BARE], []], has_mesh=has_mesh)


def test_sound_answers_come_back_as_they_are():
    assert answers.found_faces([[BARE], []], FRAMES) == [[BARE], []]
    assert aligned([[ALIGNED], []]) == [[ALIGNED], []]
    assert answers.followed_faces([ALIGNED, None], [ALIGNED] * 2, has_mesh=False) == [ALIGNED, None]
    masks = [Mask(np.zeros((8, 8), np.float32))] * 2
    assert answers.check_masks(masks, CROPS) == masks
    assert answers.check_swaps([SWAP] * 2, CROPS) == [SWAP] * 2
    layer = Layer(np.zeros((5, 7, 3), np.float32), np.zeros((5, 7), np.float32))
    assert answers.check_layer(layer, REGION) is layer
    assert answers.check_losses({"mask": 1, "source": 2, "target": 3}, ["source", "target"]) == {
        "source": 2.0,
        "target": 3.0,
        "mask": 1.0,
    }
    assert answers.check_vectors(np.zeros((2, 3), np.float32), CROPS).shape == (2, 3)


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (lambda: answers.found_faces(None, FRAMES), "detect() must be a list of list, one for each frame, but is None"),
        (lambda: answers.found_faces([[]], FRAMES), "detect() must be .*, but is 1 for 2 frames"),
        (
            lambda: answers.found_faces([[], [BOX]], FRAMES),
            "detect()[1], of the frame at 0.440 s (pts 11)[0] must be Face, but is an array of float32 (4,)",
        ),
        (lambda: answers.found_faces([[], BARE], FRAMES), "detect()[1] must be list, but is a Face"),
        (lambda: aligned([[BARE], []]), "of the frame at 0.400 s (pts 10), Face.landmarks must be 68 finite points"),
        (lambda: aligned([[ALIGNED, ALIGNED], []]), "must be at most the 1 that were given, but is 2 faces"),
        (lambda: aligned([[ALIGNED], []], has_mesh=True), "Face.mesh must be a dense mesh, for the offer says"),
        (
            lambda: answers.followed_faces([Face(BOX, 0.5, landmarks=POINTS * np.nan)], [ALIGNED], has_mesh=False),
            "follow()[0] Face.landmarks must be 68 finite points, but is with some that are not finite",
        ),
        (lambda: answers.check_masks([np.zeros((8, 8))] * 2, CROPS), "mask()[0] must be Mask, but is an array of"),
        (
            lambda: answers.check_swaps([SWAP], CROPS),
            "swap() must be a list of Swap, one for each crop, but is 1 for 2",
        ),
        (lambda: answers.check_swaps([Swap(SWAP.rgb[:4])] * 2, CROPS), "swap()[0].rgb must be square, but is of shape"),
        (lambda: answers.check_swaps([Swap(SWAP.rgb * np.nan)] * 2, CROPS), "swap()[0].rgb must be finite"),
        (lambda: answers.check_layer(SWAP, REGION), "merge() must be a Layer, but is a Swap"),
        (
            lambda: answers.check_layer(Layer(SWAP.rgb, SWAP.rgb[..., 0]), REGION),
            "merge().rgb must be of the region's, (5, 7, 3), but is of shape (8, 8, 3)",
        ),
        (lambda: answers.check_vectors(np.zeros((3, 4), np.float32), CROPS), "embed() must be"),
        (lambda: answers.check_vectors(np.full((2, 4), np.nan, np.float32), CROPS), "embed() must be finite"),
        (lambda: answers.check_losses({"face": 1.0}, ["source", "target"]), "of the losses face"),
        (lambda: answers.check_losses(1.0, ["source"]), "a mapping of losses by name, but is a float"),
        (lambda: answers.check_crop_spec((FaceType.FULL, 8)), "crop_spec must be a CropSpec, but is a tuple"),
    ],
)
def test_what_breaks_a_promise_is_told(check, said):
    with pytest.raises(InvalidValueError, match=re.escape(said).replace(r"\.\*", ".*")):
        check()


def test_a_crop_spec_is_one():
    spec = CropSpec(FaceType.FULL, 64)
    assert answers.check_crop_spec(spec) is spec
