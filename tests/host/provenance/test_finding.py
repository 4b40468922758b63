"""Is the mark found in copies of a clip, and only where there is one?"""

import cv2
import numpy as np
import pytest

from understudy.errors import MediaError
from understudy.provenance.finding import FOUND, KNOWN_FOUND, MarkFinder, find_mark
from understudy.provenance.marking import FaceMark
from understudy_sdk import Layer

from .conftest import LUMA

PAYLOAD = 0xABC123


@pytest.mark.parametrize(
    ("how", "size"),
    [
        ({"crf": "23", "preset": "medium"}, None),
        ({"crf": "28", "preset": "medium"}, None),
        ({"crf": "23", "preset": "medium"}, (320, 180)),
        ({"crf": "23", "preset": "medium", "pix_fmt": "yuv420p10le"}, None),
    ],
    ids=["crf 23", "crf 28", "half size, crf 23", "10 bit"],
)
def test_the_mark_outlives_a_copy(tmp_path, marked, encode, how, size):
    found = find_mark(encode(tmp_path / "copy.mp4", marked, size=size, **how))
    assert found.is_there
    assert found.score >= FOUND
    assert found.payload == PAYLOAD


def test_there_is_none_where_none_was_laid(tmp_path, plain, encode):
    found = find_mark(encode(tmp_path / "plain.mp4", plain, crf="18"), expected=PAYLOAD)
    assert not found.is_there
    assert found.score < FOUND - 0.5
    assert found.known_score < KNOWN_FOUND - 0.5


def test_another_message_than_expected_is_not_taken_for_it(tmp_path, marked, encode):
    found = find_mark(encode(tmp_path / "copy.mp4", marked[:24], crf="18"), expected=0x123456)
    assert found.is_there
    assert not found.is_known
    assert found.payload == PAYLOAD


def test_a_face_that_is_there_for_a_short_while_is_found(marked, plain):
    finder = MarkFinder(160)
    for picture in [*plain, *marked, *plain, *plain]:
        finder.add(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
    assert finder.found().payload == PAYLOAD


def test_a_still_face_is_found_too(brightness):
    random = np.random.default_rng(3)
    still = cv2.GaussianBlur(random.normal(size=(720, 1280)).astype(np.float32), (0, 0), 3)
    rgb = np.repeat((0.5 + still)[..., None], 3, axis=2)
    part = rgb[200:460, 500:760]
    layer = Layer(part, np.ones((260, 260), np.float32))
    laid = FaceMark(1280, 720, PAYLOAD).laid(layer, (500, 200), brightness(part), LUMA)
    rgb[200:460, 500:760] = laid.rgb
    finder = MarkFinder(1)
    finder.add(np.clip(np.rint(rgb[..., 0] * 255), 0, 255).astype(np.uint8))
    assert finder.found().payload == PAYLOAD


def test_a_picture_too_small_for_the_pattern_has_none(tmp_path, encode):
    tiny = [np.full((16, 16, 3), 90, np.uint8)] * 3
    assert find_mark(encode(tmp_path / "tiny.mkv", tiny, codec="ffv1", pix_fmt="yuv444p")).score == 0.0


def test_what_is_no_picture_is_said_to_be_none(tmp_path):
    (tmp_path / "words.mp4").write_text("not a film")
    with pytest.raises(MediaError, match=r"words\.mp4"):
        find_mark(tmp_path / "words.mp4")
