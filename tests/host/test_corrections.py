"""Are corrected faces kept to the bit, read strictly, and named where they are wrong?"""

import json

import numpy as np
import pytest

from understudy.corrections import ClipFaces, Corrections, HandFace, read_faces_file, write_faces_file
from understudy.errors import RequestError, StoreError

KEY = "ab" * 32


def hand(seed: int, *, by="hand", with_landmarks=True) -> HandFace:
    random = np.random.default_rng(seed)
    box = np.sort(random.uniform(-3, 999, (2, 2)), axis=0).astype(np.float32).ravel()
    landmarks = random.normal(300, 77, (68, 2)).astype(np.float32) if with_landmarks else None
    return HandFace(box, landmarks, float(np.float32(random.uniform())), by)


def test_what_is_written_is_read_to_the_bit_and_written_the_same(tmp_path):
    clips = [
        ClipFaces(KEY, "a b.mp4", {0: (hand(1), hand(2, by="machine")), 7: (), 900: (hand(3, with_landmarks=False),)}),
        ClipFaces("cd" * 32, 'odd "name"\n.mov', {}),
    ]
    write_faces_file(tmp_path / "one.json", "anna", clips, {(KEY, 0, 1): 4})
    read = read_faces_file(tmp_path / "one.json")
    assert [(one.fingerprint, one.clip, list(one.frames)) for one in read] == [
        (KEY, "a b.mp4", [0, 7, 900]),
        ("cd" * 32, 'odd "name"\n.mov', []),
    ]
    for frame in (0, 7, 900):
        for want, got in zip(clips[0].frames[frame], read[0].frames[frame], strict=True):
            assert (got.key(), got.score, got.by) == (want.key(), want.score, want.by)
    write_faces_file(tmp_path / "two.json", "anna", read, {(KEY, 0, 1): 4})
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert json.loads((tmp_path / "one.json").read_text())["clips"][0]["frames"]["0"][1]["track"] == 4


def test_corrections_are_replaced_and_taken_back_by_frame(tmp_path):
    path = tmp_path / "p.corrections" / "anna.json"
    assert Corrections.load(path).of(KEY) == {}
    first = Corrections().with_frames(KEY, "a.mp4", {5: (hand(1),), 2: ()})
    first.save(path, "anna")
    loaded = Corrections.load(path)
    assert list(loaded.of(KEY)) == [2, 5]
    assert loaded.of(KEY)[2] == ()
    assert list(loaded.with_frames(KEY, "a.mp4", {5: None, 9: (hand(2),)}).of(KEY)) == [2, 9]
    assert loaded.of("cd" * 32) == {}


FACE = {"box": [0, 0, 10, 10], "landmarks": None}


def file_of(face: object, **more: object) -> str:
    clip = {"clip": "a.mp4", "fingerprint": KEY, "frames": {"3": [face]}}
    return json.dumps({"understudy_faces": 1, "clips": [clip], **more})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "file"),
        ("[]", "file"),
        (file_of({**FACE, "box": [5, 0, 5, 9]}), "clips.0.frames.3.0: Value error, a box needs x0 < x1"),
        (file_of({**FACE, "box": [1, 2, 3]}), "clips.0.frames.3.0.box"),
        (file_of({**FACE, "box": [0, 0, "wide", 10]}), "clips.0.frames.3.0.box.2"),
        (file_of({**FACE, "landmarks": [[0, 0]] * 67}), "clips.0.frames.3.0.landmarks"),
        (file_of({**FACE, "landmarks": [[0, y] for y in range(68)]}), "must not all have one x"),
        (file_of({**FACE, "landmarks": [[x, 1e39] for x in range(68)]}), "clips.0.frames.3.0.landmarks.0.1"),
        (file_of({**FACE, "score": 1.5}), "clips.0.frames.3.0.score"),
        (file_of({**FACE, "by": "me"}), "clips.0.frames.3.0.by"),
        (file_of({**FACE, "name": "Anna"}), "clips.0.frames.3.0.name"),
        (file_of(FACE, understudy_faces=2), "understudy_faces"),
        (file_of(FACE).replace('"3"', '"-3"'), "clips.0.frames"),
        (file_of(FACE).replace(KEY, "../../etc"), "clips.0.fingerprint"),
        (file_of({**FACE, "box": [0, 0, 1e999, 10]}).replace("Infinity", "1e999"), "clips.0.frames.3.0.box.2"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path, text, words):
    path = tmp_path / "faces.json"
    path.write_text(text)
    with pytest.raises(RequestError) as caught:
        read_faces_file(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RequestError, match=r"there is no file .*gone\.json"):
        read_faces_file(tmp_path / "gone.json")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "p.corrections").touch()
    with pytest.raises(StoreError, match=r"p\.corrections"):
        Corrections().save(tmp_path / "p.corrections" / "anna.json", "anna")
