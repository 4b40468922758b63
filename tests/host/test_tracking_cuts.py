"""Are cuts found where they are, and nowhere else?"""

import itertools

import av
import numpy as np
import pytest
import skimage.data

from understudy.tracking import SIGNATURE_LENGTH, find_cuts, is_cut_between, signature

CLIPS = ("actor-a", "actor-b", "scene-interior", "scene-street", "phone-portrait", "scene-distant")


def times(count, fps=25.0):
    return np.arange(count) / fps


def drift(picture, count, step=1.0, width=300):
    """Signatures of a window that moves over a picture, ``step`` px a frame."""
    height = picture.shape[0] * 3 // 4
    starts = [round(number * step) for number in range(count)]
    return np.stack([signature(picture[:height, start : start + width]) for start in starts])


@pytest.fixture(scope="module")
def shots():
    """Give three drifting shots of three public pictures."""
    return [drift(picture(), 40) for picture in (skimage.data.astronaut, skimage.data.coffee, skimage.data.chelsea)]


@pytest.mark.parametrize("shape", [(720, 1280), (1280, 720), (3, 5), (1, 1), (517, 333)])
def test_signatures_of_any_size_have_one_length(shape):
    assert signature(np.zeros((*shape, 3), np.uint8)).shape == (SIGNATURE_LENGTH,)


def test_a_signature_holds_luma_and_chroma_of_its_cells():
    rgb = np.zeros((90, 160, 3), np.uint8)
    rgb[:10, :10] = 255  # the top left cell, white
    rgb[-10:, -10:] = (255, 0, 0)  # the bottom right cell, red
    cells = signature(rgb).reshape(9, 16, 3)
    assert cells[0, 0].tolist() == [255, 128, 128]
    assert cells[-1, -1].tolist() == [76, 85, 255]
    assert (cells.reshape(-1, 3)[1:-1] == (0, 128, 128)).all()


def test_cuts_are_found_where_they_are(shots):
    assert find_cuts(np.concatenate(shots), times(120)) == [40, 80]


def test_one_shot_has_no_cut(shots):
    for shot in shots:
        assert find_cuts(shot, times(40)) == []
    assert find_cuts(shots[0][:1], times(1)) == []
    assert find_cuts(shots[0][:0], times(0)) == []


def test_a_short_shot_between_two_is_found(shots):
    assert find_cuts(np.concatenate([shots[0], shots[1][:5], shots[2]]), times(85)) == [40, 45]


@pytest.mark.parametrize("frames", [1, 2])
def test_a_flash_is_no_cut(shots, frames):
    flashing = shots[0].copy()
    flashing[20 : 20 + frames] = signature(np.full((90, 160, 3), 255, np.uint8))
    assert find_cuts(flashing, times(40)) == []


def test_a_damaged_frame_beside_a_cut_does_not_hide_it(shots):
    clip = np.concatenate(shots[:2])
    clip[38] = 128
    assert find_cuts(clip, times(80)) == [40]


def test_a_lamp_that_goes_on_is_no_cut():
    picture = skimage.data.astronaut()
    dark, bright = drift((picture * 0.5).astype(np.uint8), 60), drift(picture, 60)
    assert find_cuts(np.concatenate([dark[:30], bright[30:]]), times(60)) == []


def test_a_dark_shot_counts_as_much_as_a_bright_one():
    dark = [(picture() // 8) for picture in (skimage.data.astronaut, skimage.data.coffee)]
    assert find_cuts(np.concatenate([drift(picture, 30) for picture in dark]), times(60)) == [30]


@pytest.mark.parametrize("step", [4, 10, 20])
def test_a_pan_is_no_cut_though_it_starts_at_once(step):
    picture = skimage.data.astronaut()
    pan = drift(picture, 200 // step, step)
    clip = np.concatenate([pan[:1].repeat(20, 0), pan, pan[-1:].repeat(20, 0)])
    assert find_cuts(clip, times(len(clip))) == []


def test_single_pictures_are_shots_of_one_frame():
    pictures = [signature(picture()) for picture in (skimage.data.astronaut, skimage.data.coffee, skimage.data.rocket)]
    assert find_cuts(np.stack(pictures), times(3)) == [1, 2]


def test_the_pairwise_test_suspects_cuts_and_no_drift(shots):
    assert is_cut_between(shots[0][-1], shots[1][0])
    assert not any(is_cut_between(one, other) for one, other in itertools.pairwise(shots[0]))


@pytest.fixture(scope="module")
def signatures(footage):
    """Give the signatures of each clip of the shared footage."""

    def of(name):
        with av.open(str(footage(f"{name}.mp4"))) as container:
            return np.stack([signature(picture.to_ndarray(format="rgb24")) for picture in container.decode(video=0)])

    return {name: of(name) for name in CLIPS}


def test_real_clips_have_the_cuts_that_were_made_and_no_other(signatures):
    for name in CLIPS:
        assert find_cuts(signatures[name], times(len(signatures[name]), 30)) == [], name
        pairs = itertools.pairwise(signatures[name])
        assert not any(is_cut_between(one, other) for one, other in pairs), name
    for one, other in itertools.permutations(CLIPS, 2):
        clip = np.concatenate([signatures[one][:60], signatures[other][-40:], signatures[one][-50:]])
        for fps in (12, 24, 60):
            assert find_cuts(clip, times(150, fps)) == [60, 100], (one, other, fps)
        assert is_cut_between(clip[59], clip[60])
