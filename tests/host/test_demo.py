"""Do the demo's portraits turn, speak and blink as told, and is a clip of them whole, marked and made once?"""

import numpy as np
import pytest

from understudy.demo import clips as demo_clips
from understudy.demo.clips import make_clips
from understudy.demo.expression import EYES, FACE_OVAL, INNER_LIPS_LOWER, INNER_LIPS_UPPER, Expression, express
from understudy.demo.motion import SOUND_RATE, perform, voice
from understudy.demo.portraits import load_portraits
from understudy.demo.puppet import Pose, Puppet
from understudy.demo.sheets import write_side_by_side, write_stills
from understudy.errors import MediaError, RequestError
from understudy.plugins import Registry
from understudy.progress import Silent
from understudy.video import ClipReader, probe
from understudy.video.film import film


@pytest.fixture(scope="module")
def mesh():
    """Give a mesh of a drawn face, 200 px high: an ellipsoid whose named points lie where they do on a face."""
    spots = np.random.default_rng(1).uniform(-1, 1, (468, 2))
    spots /= np.maximum(1, np.linalg.norm(spots, axis=1, keepdims=True))
    for eye, x in zip(EYES, (-0.4, 0.4), strict=True):
        along = np.linspace(-0.15, 0.15, 7)
        for row, y in zip(eye, (-0.32, -0.22, -0.40), strict=True):
            spots[list(row)] = np.column_stack([x + along, np.full(7, y)])
    along = np.linspace(-0.3, 0.3, 11)
    spots[list(INNER_LIPS_UPPER)] = np.column_stack([along, 0.49 + 0 * along])
    spots[list(INNER_LIPS_LOWER)] = np.column_stack([along, 0.51 + 0 * along])
    spots[[61, 291, 152, 33, 263]] = [(-0.35, 0.5), (0.35, 0.5), (0, 1), (-0.55, -0.27), (0.55, -0.27)]
    turn = np.linspace(0, 2 * np.pi, len(FACE_OVAL), endpoint=False)
    spots[list(FACE_OVAL)] = np.column_stack([np.sin(turn), -np.cos(turn)])
    depth = 60 * (1 - np.sqrt(np.clip(1 - (spots**2).sum(axis=1), 0, 1)))
    return np.column_stack([spots[:, 0] * 75 + 128, spots[:, 1] * 100 + 128, depth]).astype(np.float32)


@pytest.fixture(scope="module")
def chessboard():
    rows, columns = np.indices((256, 256))
    return np.repeat((((rows // 16 + columns // 16) % 2) * 150 + 50)[..., None], 3, axis=2).astype(np.uint8)


def test_an_open_mouth_lowers_the_lower_lip_and_leaves_the_upper(mesh):
    shift = express(mesh.astype(np.float64), Expression(mouth_open=1)) - mesh
    assert shift[14, 1] > 10
    assert -5 < shift[13, 1] <= 0
    assert np.abs(shift[:, 0]).max() == 0


def test_a_blink_brings_the_lids_together(mesh):
    closed = express(mesh.astype(np.float64), Expression(blink=1))
    for upper, lower, _ in EYES:
        gap, was = (m[list(lower), 1] - m[list(upper), 1] for m in (closed, mesh))
        np.testing.assert_allclose(gap, 0, atol=0.02 * was.max())


def test_a_smile_moves_the_corners_out_and_up(mesh):
    shift = express(mesh.astype(np.float64), Expression(smile=1)) - mesh
    assert shift[61, 0] < -3
    assert shift[291, 0] > 3
    assert max(shift[61, 1], shift[291, 1]) < -3


def test_a_turn_moves_the_face_and_not_the_border(mesh, chessboard):
    centre = np.array([128, 128, 0], np.float32)
    puppet = Puppet(chessboard, (mesh - centre) * np.float32(0.3) + centre)
    still, turned = (puppet.show(pose, Expression()).astype(int) for pose in (Pose(), Pose(yaw_deg=15)))
    change = np.abs(still - turned).max(axis=2)
    assert change[118:138, 118:138].mean() > 10
    assert max(edge.max() for edge in (change[:4], change[-4:], change[:, :4], change[:, -4:])) <= 2


def test_a_resting_puppet_is_its_portrait_a_little_enlarged(mesh):
    columns = np.indices((256, 256))[1]
    ramp = np.repeat(columns[..., None], 3, axis=2).astype(np.uint8)
    shown = Puppet(ramp, mesh).show(Pose(), Expression())
    np.testing.assert_allclose(shown[128, 40:216, 0], (columns[128, 40:216] - 128) / 1.05 + 128, atol=1)


def test_the_inside_of_an_open_mouth_is_dark(mesh):
    light = np.full((256, 256, 3), 200, np.uint8)
    shown = Puppet(light, mesh).show(Pose(), Expression(mouth_open=1))
    assert shown[128 + round(1.05 * 55), 128].max() < 100
    assert shown[128, 128].min() > 195


def test_a_performance_depends_on_its_seed_alone():
    assert perform(50, 25, seed=3) == perform(50, 25, seed=3)
    assert perform(50, 25, seed=3) != perform(50, 25, seed=4)
    assert all(0 <= moment.expression.mouth_open <= 1 for moment in perform(200, 25, seed=3))


def test_the_voice_is_as_long_as_the_clip_and_silent_while_the_mouth_is_shut():
    moments = perform(100, 25, seed=4)
    sound = voice(moments, 25, seed=4)
    assert len(sound) == 4 * SOUND_RATE
    assert np.abs(sound).max() <= 1
    shut = [n for n in range(1, 99) if max(m.expression.mouth_open for m in moments[n - 1 : n + 2]) == 0]
    heard = [np.abs(sound[n * SOUND_RATE // 25 : (n + 1) * SOUND_RATE // 25]).max() for n in shut]
    assert shut
    assert max(heard) == 0


def test_the_portraits_come_with_the_dependencies():
    for portrait in load_portraits():
        assert portrait.rgb.shape == (512, 512, 3)


def test_a_missing_package_is_named_with_the_command_that_brings_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.cbook", None)
    with pytest.raises(RequestError, match=r"pip install 'understudy\[demo\]'"):
        load_portraits()


@pytest.fixture
def small_clips(tmp_path, mesh, chessboard, monkeypatch):
    """Make the demo's clips from two drawn portraits whose mesh is known; returns a function that makes them."""
    portraits = tuple(demo_clips.Portrait(name, "drawn", chessboard, seed) for name, seed in (("one", 1), ("two", 2)))
    monkeypatch.setattr(demo_clips, "load_portraits", lambda: portraits)
    monkeypatch.setattr(demo_clips, "find_mesh", lambda portrait, registry, progress: mesh)
    return lambda folder=tmp_path / "clips": make_clips(folder, Registry(), Silent(), frames=10)


def test_a_clip_has_all_frames_sound_and_color_tags(small_clips):
    info = probe(small_clips()["one"])
    assert len(info.pts) == 10
    assert info.has_audio
    assert (info.pixel_format, info.color.matrix, info.color.is_full_range) == ("yuv420p", 1, False)
    assert not info.color_is_assumed


def test_clips_are_the_same_each_time(small_clips, tmp_path):
    first, again = small_clips(), small_clips(tmp_path / "again")
    assert [path.read_bytes() for path in first.values()] == [path.read_bytes() for path in again.values()]


def test_a_whole_clip_is_kept_and_a_broken_one_made_again(small_clips):
    made = small_clips()
    content, stamps = made["one"].read_bytes(), {name: path.stat().st_mtime_ns for name, path in made.items()}
    made["one"].write_bytes(content[: len(content) // 2])
    small_clips()
    assert made["one"].read_bytes() == content
    assert made["two"].stat().st_mtime_ns == stamps["two"]


def test_a_clip_that_fails_leaves_no_file(tmp_path):
    def broken():
        yield np.zeros((32, 32, 3), np.uint8)
        raise MediaError(tmp_path, "gone")

    with pytest.raises(MediaError, match="gone"):
        film(tmp_path / "clip.mp4", broken(), 25, (np.zeros(4096, np.float32), 48000), {})
    assert list(tmp_path.iterdir()) == []


def test_side_by_side_shows_both_and_keeps_sound_and_tags(small_clips, tmp_path):
    made = small_clips()
    path = tmp_path / "both.mp4"
    write_side_by_side(path, made["one"], made["two"])
    info = probe(path)
    assert (info.width, info.height, len(info.pts), info.has_audio) == (512, 256, 10, True)
    with ClipReader(path) as both, ClipReader(made["two"]) as right:
        left_and_right, alone = next(both.frames()).frame().rgb, next(right.frames()).frame().rgb
    assert np.abs(left_and_right[:, 256:].astype(int) - alone).mean() < 4


def test_stills_have_three_rows_of_five(small_clips, tmp_path):
    import cv2

    made = small_clips()
    write_stills(tmp_path / "stills.jpg", made["one"], made["two"], made["one"])
    assert cv2.imread(str(tmp_path / "stills.jpg")).shape == (720, 1200, 3)
