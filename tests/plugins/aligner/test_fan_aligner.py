"""Does the FAN aligner place and follow landmarks, whatever the network's square and numbers?"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from understudy_plugins.aligner.fan import FanConfig
from understudy_plugins.aligner.fan.aligner import FanAligner
from understudy_plugins.aligner.fan.decode import window_of_box
from understudy_sdk import Face, FollowingAligner, Frame
from understudy_sdk.testing.values import TIME_BASE, frozen, offline_cpu, plain_frame, plain_landmarks


def aligner_of(**settings) -> FanAligner:
    return FanAligner(
        FanConfig(**{"weights": "untrained", "precision": "float32", "stacks": 1} | settings), offline_cpu()
    )


class Reader(torch.nn.Module):
    """In place of FAN: knows where the landmarks lie in the frame, and finds these places in the picture it is given.

    The frame's pixels say where they lie (see ``chart``); its heat maps peak, at 0.9, where that of a landmark is.
    """

    def __init__(self, points: np.ndarray) -> None:
        super().__init__()
        self.points, self.looks = points, 0

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        self.looks += len(pictures)
        maps = np.zeros((len(pictures), 68, 64, 64), np.float32)
        row, column = np.mgrid[:64, :64] + 0.5
        for index, picture in enumerate(pictures.permute(0, 2, 3, 1).numpy()):
            y, x = np.nonzero(picture[..., 2] > 0.999)  # inside the frame
            values = picture[y, x, :2] * SIDE + 0.5  # where these pixels lie in the frame; halved, they were cut off
            known = np.column_stack([values, np.ones(len(x))])
            to_heatmap = np.linalg.lstsq(known, np.column_stack([x + 0.5, y + 0.5]) / 4, rcond=None)[0]
            for mark, (across, down) in enumerate(np.column_stack([self.points, np.ones(68)]) @ to_heatmap):
                maps[index, mark] = 0.9 * np.exp(-((column - across) ** 2 + (row - down) ** 2) / 2)
        return torch.from_numpy(maps)


SIDE = 510


def chart() -> Frame:
    """Return a frame whose red says how far right a pixel lies, whose green how far down, and whose blue is full."""
    row, column = np.mgrid[:SIDE, :SIDE]
    return Frame(
        frozen(np.stack([column // 2, row // 2, np.full_like(row, 255)], axis=-1).astype(np.uint8)), 0, TIME_BASE
    )


def placed(turn_deg: float = 0.0, scale: float = 1.0, at=(240.0, 200.0)) -> np.ndarray:
    """Return a face's landmarks about a point; unturned it is about 150 px wide."""
    points = plain_landmarks(240).astype(np.float64)
    turn = math.radians(turn_deg)
    linear = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return (points - points.mean(axis=0)) @ linear.T + at


def face_of(points: np.ndarray, eyes: bool = False) -> Face:
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    pupils = np.stack([points[36:42].mean(axis=0), points[42:48].mean(axis=0)]).astype(np.float32)
    corners = np.array([x0, y0 - 0.2 * (y1 - y0), x1, y1], np.float32)
    return Face(corners, 0.8, eyes=pupils if eyes else None)


def distance(found: np.ndarray, points: np.ndarray) -> np.ndarray:
    return np.hypot(*(found - points).T)


@pytest.fixture
def reading():
    """Give a builder of aligners whose network reads the drawn landmarks."""

    def build(points: np.ndarray, **settings) -> FanAligner:
        aligner = aligner_of(**settings)
        aligner._network = Reader(points)
        return aligner

    return build


@pytest.mark.parametrize(
    "settings", [{"passes": 1}, {"passes": 2}, {"passes": 1, "samples": 5}, {"passes": 2, "samples": 5}]
)
@pytest.mark.parametrize(("turn_deg", "scale"), [(0, 1.0), (25, 0.8), (-40, 1.2)])
def test_landmarks_come_back_where_they_were_drawn(reading, settings, turn_deg, scale):
    points = placed(turn_deg, scale)
    aligner = reading(points, **settings)
    (face,) = aligner.align([chart()], [[face_of(points, eyes=True)]])[0]
    assert face.landmarks.dtype == np.float32
    # The reference's own conventions leave up to a pixel between a square's pixels and the frame's.
    assert distance(face.landmarks, points).max() < 1.8
    assert np.abs((face.landmarks - points).mean(axis=0)).max() < 1.0
    assert aligner._network.looks == {1: 0, 2: 1}[settings["passes"]] + settings.get("samples", 1)


def test_the_eyes_level_the_first_look(reading):
    """A face turned far enough leaves the square of its box, if the square is not turned too."""
    points = placed(turn_deg=50)
    face, seen = face_of(points, eyes=True), []
    for level_eyes in (True, False):
        window = window_of_box(face, is_raised=False, is_level=level_eyes)
        aligner = reading(points, passes=1, level_eyes=level_eyes)
        seen.append((window.turn, aligner.align([chart()], [[face]])[0][0].landmarks))
    assert seen[0][0] == pytest.approx(math.radians(50), abs=0.02)
    assert seen[1][0] == 0
    assert not np.array_equal(seen[0][1], seen[1][1])


class Scripted(torch.nn.Module):
    """In place of FAN: answers the given looks one after the other, landmarks in heat-map pixels and their height."""

    def __init__(self, *looks: tuple[np.ndarray, float]) -> None:
        super().__init__()
        self.looks = list(looks)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        row, column = np.mgrid[:64, :64]
        maps = []
        for _ in pictures:
            points, height = self.looks.pop(0)
            squares = [(column - x) ** 2 + (row - y) ** 2 for x, y in points]
            maps.append(np.array([height * np.exp(-square / 2) for square in squares], np.float32))
        return torch.from_numpy(np.stack(maps))


IN_SQUARE = plain_landmarks(64).astype(np.float64)


@pytest.mark.parametrize(
    ("second", "height", "is_taken"),
    [
        (IN_SQUARE + 1, 0.9, True),
        (IN_SQUARE + 1, 0.5, False),  # much less sure
        (IN_SQUARE * 0.5 + 30, 0.9, False),  # elsewhere
        (np.full((68, 2), 32.0), 0.9, False),  # all in one point
    ],
)
def test_a_second_look_counts_where_it_agrees_with_the_first(second, height, is_taken):
    results = []
    for passes in (1, 2):
        aligner = aligner_of(passes=passes)
        aligner._network = Scripted((IN_SQUARE, 0.8), (second, height))
        results.append(aligner.align([plain_frame()], [[face_of(placed())]])[0][0].landmarks)
    assert np.array_equal(*results) is not is_taken


def test_a_first_look_that_places_no_face_stands():
    aligner = aligner_of()
    aligner._network = Scripted((np.full((68, 2), 32.0), 0.8))
    (face,) = aligner.align([plain_frame()], [[face_of(placed())]])[0]
    assert np.ptp(face.landmarks, axis=0).max() == 0


@pytest.mark.parametrize(("min_confidence", "count"), [(0.0, 2), (0.3, 1), (0.95, 0)])
def test_faces_below_the_confidence_are_left_out(min_confidence, count):
    aligner = aligner_of(passes=1, min_confidence=min_confidence)
    aligner._network = Scripted((IN_SQUARE, 0.2), (IN_SQUARE, 0.9))
    first, second = face_of(placed()), face_of(placed(at=(100, 100)))
    (found,) = aligner.align([plain_frame()], [[first, second]])
    assert [face.box.tolist() for face in found] == [face.box.tolist() for face in (first, second)][2 - count :]


def test_the_network_sees_five_faces_of_three_frames_as_it_sees_each_alone():
    aligner = aligner_of(passes=1)
    random = np.random.default_rng(0)
    frames = [Frame(frozen(random.integers(0, 256, (90, 120, 3), np.uint8)), pts, TIME_BASE) for pts in range(3)]
    faces = [
        [face_of(placed(at=(60, 40), scale=0.3))] * 2,
        [],
        [face_of(placed(at=(x, 50), scale=0.4)) for x in (30, 50, 90)],
    ]
    together = aligner.align(frames, faces)
    for index, found in enumerate(together):
        alone = [aligner.align([frames[index]], [[face]])[0][0].landmarks for face in faces[index]]
        assert len(found) == len(alone)
        for face, points in zip(found, alone, strict=True):
            np.testing.assert_array_equal(face.landmarks, points)


# -- following --


def test_it_follows(reading):
    aligner = reading(placed())
    assert isinstance(aligner, FollowingAligner)
    assert aligner.follow(plain_frame(), []) == []


@pytest.mark.parametrize("samples", [1, 5])
def test_a_face_is_followed_as_it_moves_turns_and_grows(reading, samples):
    now = placed(turn_deg=8, scale=1.1, at=(262, 191))
    aligner = reading(now, samples=samples)
    (face,) = aligner.follow(chart(), [with_landmarks(placed())])
    assert distance(face.landmarks, now).max() < 2.2
    assert 0.75 < face.score < 0.9  # peaks of 0.9 that mostly lie between pixels
    assert aligner._network.looks == samples
    x0, y0, x1, y1 = face.box
    assert (face.landmarks[:, 0].min(), face.landmarks[:, 0].max()) == pytest.approx((x0, x1))
    assert (y1, y0 < face.landmarks[:, 1].min()) == (pytest.approx(face.landmarks[:, 1].max()), True)
    assert face.eyes is None


def test_following_forwards_and_back_comes_home(reading):
    """Ten steps of 5 px there, ten back: the square moves with the face, and nothing drifts."""
    start = placed(at=(180, 200))
    aligner, face = reading(start), with_landmarks(start)
    for step in (*range(1, 11), *range(9, -1, -1)):
        aligner._network.points = np.add(start, (5 * step, 0))
        (face,) = aligner.follow(chart(), [face])
        assert face is not None
    assert distance(face.landmarks, start).max() < 2


def with_landmarks(points: np.ndarray) -> Face:
    return replace(face_of(points), landmarks=points.astype(np.float32))


def test_each_face_is_answered_in_order(reading):
    here, gone = placed(scale=0.6, at=(120, 180)), placed(scale=0.6, at=(400, 180))
    answers = reading(here).follow(chart(), [with_landmarks(gone), with_landmarks(here), face_of(here)])
    assert [answer is None for answer in answers] == [True, False, True]


@pytest.mark.parametrize(
    ("points", "height", "is_lost"),
    [
        (IN_SQUARE, 0.9, False),
        (IN_SQUARE, 0.3, True),  # unsure
        (IN_SQUARE * 0.3 + 22, 0.9, True),  # shrunken
        (IN_SQUARE * 1.7 - 22, 0.9, True),  # grown
        (IN_SQUARE * 0.9 + np.array([24, 0]), 0.9, True),  # gone aside
        (np.full((68, 2), 32.0), 0.9, True),
    ],
)
def test_a_face_is_lost_where_the_landmarks_make_no_sense(points, height, is_lost):
    aligner = aligner_of()
    # The square of the drawn landmarks shows them as they lie in it; IN_SQUARE are these.
    before = with_landmarks(in_frame(IN_SQUARE))
    aligner._network = Scripted((points, height))
    (answer,) = aligner.follow(plain_frame(), [before])
    assert (answer is None) is is_lost


def in_frame(points: np.ndarray) -> np.ndarray:
    """Return landmarks in the frame that appear near the given heat-map pixels of their own square."""
    from understudy_plugins.aligner.fan.decode import window_of_landmarks

    window = window_of_landmarks(points)
    return points * (64 / window.side)


def test_a_stricter_setting_loses_more():
    for limit, is_lost in ((0.2, False), (0.9, True)):
        aligner = aligner_of(min_follow_confidence=limit)
        aligner._network = Scripted((IN_SQUARE, 0.8))
        (answer,) = aligner.follow(plain_frame(), [with_landmarks(in_frame(IN_SQUARE))])
        assert (answer is None) is is_lost


# -- with whole networks --


@pytest.fixture(scope="module")
def from_file(fan_file):
    """Give a builder of aligners with the reference's weights."""
    path, sha256 = fan_file

    def build(**settings) -> FanAligner:
        named = {"weights": "file", "weights_file": str(path), "weights_sha256": sha256}
        return aligner_of(stacks=4, **named, **settings)

    return build


ASTRONAUT = Face(np.array([178.0, 64.0, 268.0, 177.0], np.float32), 0.9)


@pytest.mark.parametrize("flip", [False, True])
def test_landmarks_are_face_alignments(from_file, fan_state, astronaut, monkeypatch, flip):
    """The same boxes, weights and settings give the same points, before face-alignment cuts them to whole pixels."""
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")  # compiling its decoder would take longer than running it
    pytest.importorskip("face_alignment")
    from face_alignment import api, models
    from face_alignment.detection.core import FaceDetector

    theirs = object.__new__(api.FaceAlignment)
    theirs.device, theirs.dtype, theirs.max_batch_size = "cpu", torch.float32, 1
    theirs.flip_input, theirs.landmarks_type = flip, api.LandmarksType.TWO_D
    theirs.face_detector = FaceDetector("cpu", verbose=False)
    theirs.face_alignment_net = models.FAN(4).eval()
    theirs.face_alignment_net.load_state_dict(fan_state, strict=False)
    decoded = []

    def recording(heatmaps, center, scale):
        answer = original(heatmaps, center, scale)
        decoded.append(center + 200 * scale * (answer[0][0] / 64 - 0.5))
        return answer

    original = api.get_preds_fromhm
    monkeypatch.setattr(api, "get_preds_fromhm", recording)
    whole = theirs.get_landmarks_from_image(astronaut.rgb.copy(), detected_faces=[ASTRONAUT.box.astype(np.float64)])[0]

    settings = {"passes": 1, "crop": "face_alignment", "subpixel": "quarter", "flip": flip}
    found = from_file(**settings).align([astronaut], [[ASTRONAUT]])[0][0].landmarks
    np.testing.assert_allclose(found, decoded[0], atol=1e-3)
    assert np.abs(found - whole).max() < 1.001
    assert np.ptp(found, axis=0).min() > 50  # spread over the square: no vacuous agreement


def test_bfloat16_landmarks_lie_where_float32s_do(from_file, astronaut):
    """Heat maps with real peaks: the last layer is made to answer each landmark to one place of the picture."""
    exact, coarse = from_file(passes=1), from_file(passes=1, precision="bfloat16")
    box = Face(np.array([190.0, 80.0, 250.0, 160.0], np.float32), 0.9)
    state = matched_to(exact, astronaut, box)
    for aligner in (exact, coarse):
        aligner._network.get_submodule("l3").load_state_dict(state)
    results = [aligner.align([astronaut], [[box]])[0][0].landmarks for aligner in (exact, coarse)]
    apart = distance(*results)
    assert 0 < np.median(apart) < 0.1
    assert np.quantile(apart, 0.95) < 0.3
    assert apart.max() < 1.0  # no peak has changed places


@torch.inference_mode()
def matched_to(aligner: FanAligner, frame: Frame, face: Face) -> dict[str, torch.Tensor]:
    """Return a last layer whose heat maps peak, at height 1, each at another place of the face's picture.

    It is the linear filter that tells the features at that place from all others' (Fisher's discriminant).
    """
    seen = []
    handle = aligner._network.get_submodule("l3").register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    aligner.align([frame], [[face]])
    handle.remove()
    features = seen[0][0].permute(1, 2, 0).reshape(-1, 256).double()  # (4096, 256)
    middle = features.mean(dim=0)
    centred = features - middle
    scatter = centred.T @ centred / len(centred)
    scatter += torch.eye(256) * scatter.diagonal().mean() * 0.1
    grid = torch.arange(5, 60, 3)
    rows, columns = (values.flatten() for values in torch.meshgrid(grid, grid, indexing="ij"))
    places = rows * 64 + columns
    filters = torch.linalg.solve(scatter, centred[places].T).T
    filters /= (filters * centred[places]).sum(dim=1, keepdim=True)
    answers = (centred @ filters.T).T.reshape(-1, 64, 64)
    for answer, row, column in zip(answers, rows, columns, strict=True):
        answer[row - 2 : row + 3, column - 2 : column + 3] = -1.0  # the hill itself
    rivals = answers.flatten(1).amax(dim=1)
    clearest = rivals.argsort()[:68]
    assert rivals[clearest].max() < 0.8  # every peak stands out
    filters = filters[clearest]
    return {"weight": filters[:, :, None, None].float(), "bias": -(filters @ middle).float()}
