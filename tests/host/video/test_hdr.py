"""Does what a clip says of its grading display reach the result?"""

from __future__ import annotations

from fractions import Fraction

import pytest

from understudy.video import ChunkWriter, ClipReader, Encoding, join_chunks, probe
from understudy.video.hdr import StaticHdr, hdr_options

P3 = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
PARAMS = f"log-level=0:hdr10=1:repeat-headers=1:master-display={P3}:max-cll=1000,400"
WANTED = StaticHdr(
    (
        *(Fraction(34000, 50000), Fraction(16000, 50000)),
        *(Fraction(13250, 50000), Fraction(34500, 50000)),
        *(Fraction(7500, 50000), Fraction(3000, 50000)),
        *(Fraction(15635, 50000), Fraction(16450, 50000)),
    ),
    (Fraction(5, 1000), Fraction(1000)),
    (1000, 400),
)


@pytest.fixture
def graded(make_clip):
    options = {"preset": "ultrafast", "x265-params": PARAMS}
    tags, size = (9, 9, 16, 1), (256, 128)
    return make_clip(codec="libx265", options=options, pixel_format="yuv420p10le", tags=tags, size=size, count=4)


def test_is_read_from_the_clip(graded):
    assert probe(graded).hdr == WANTED


def test_is_not_made_up(make_clip):
    assert probe(make_clip(count=2)).hdr is None


@pytest.mark.parametrize(
    "encoding",
    [
        Encoding("libx265", {"preset": "ultrafast", "x265-params": "aq-mode=1"}),
        Encoding("libx264", {"preset": "ultrafast"}),
        Encoding("libsvtav1", {"preset": "12"}),
    ],
    ids=lambda encoding: encoding.codec,
)
def test_reaches_the_joined_file(graded, tmp_path, encoding):
    chunk = tmp_path / "chunk"
    with ClipReader(graded) as reader, ChunkWriter(chunk, reader.info, encoding) as writer:
        for frame in reader.frames():
            writer.add(frame.to_av())
    join_chunks([chunk], graded, tmp_path / "out.mp4", {}, pytest.fail)
    found = probe(tmp_path / "out.mp4").hdr
    assert found.light_level == WANTED.light_level
    for left, right in zip((*found.primaries, *found.luminance), (*WANTED.primaries, *WANTED.luminance), strict=True):
        assert abs(left - right) < Fraction(1, 10000) + right / 10000


def test_says_nothing_to_encoders_that_have_no_ear_for_it():
    assert hdr_options("prores_ks", WANTED) == {}
    assert hdr_options("libx265", None) == {}
