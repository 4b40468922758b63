"""Is every face dealt once per deck, in an order that depends on nothing but the numbers, wherever the faces are?"""

from itertools import chain

import numpy as np
import pytest
import torch

from understudy.errors import StoreError, TrainingError
from understudy.training import DeckData, FaceArrays, data, load_arrays, save_arrays
from understudy_sdk import InvalidValueError, Side


def dealt(batch):
    """Return the numbers of the faces in a batch."""
    return batch.landmarks[:, 0, 0].int().tolist()


def same(one, other):
    return one.seed == other.seed and all(
        torch.equal(getattr(one, name), getattr(other, name)) for name in ("rgb", "mask", "landmarks")
    )


@pytest.fixture
def deck(faces):
    return DeckData(*faces, seed=3, device="cpu")


def test_batches_are_as_promised(deck):
    batch = deck.draw(Side.TARGET, 0, 3)
    assert (batch.rgb.dtype, tuple(batch.rgb.shape)) == (torch.uint8, (3, 3, 16, 16))
    assert (batch.mask.dtype, tuple(batch.mask.shape)) == (torch.uint8, (3, 1, 16, 16))
    assert (batch.landmarks.dtype, tuple(batch.landmarks.shape)) == (torch.float32, (3, 68, 2))
    assert 0 <= batch.seed < 2**63


def test_batches_hold_the_faces(deck, faces):
    source, _ = faces
    batch = deck.draw(Side.SOURCE, 7, 4)
    numbers = dealt(batch)
    for name in ("rgb", "mask", "landmarks"):
        np.testing.assert_array_equal(getattr(batch, name).numpy(), getattr(source, name)[numbers])


@pytest.mark.parametrize(("side", "count"), [(Side.SOURCE, 6), (Side.TARGET, 5)])
@pytest.mark.parametrize("size", [1, 2, 4, 13])
def test_every_face_comes_once_per_deck(deck, side, count, size):
    cards = [number for draw in range(count * 4) for number in dealt(deck.draw(side, draw, size))]
    for first in range(0, len(cards) - count + 1, count):
        assert sorted(cards[first : first + count]) == list(range(count))


def test_decks_differ_from_each_other_and_by_seed_and_side(tiny):
    arrays = FaceArrays(*tiny.face_arrays(12))
    one, other = (DeckData(arrays, arrays, seed=seed, device="cpu") for seed in (0, 1))
    orders = [dealt(one.draw(Side.SOURCE, number, 12)) for number in range(3)]
    orders += [dealt(one.draw(Side.TARGET, 0, 12)), dealt(other.draw(Side.SOURCE, 0, 12))]
    assert len({tuple(order) for order in orders}) == 5


def test_draws_depend_on_their_number_alone(faces):
    forward, backward = (DeckData(*faces, seed=3, device="cpu") for _ in range(2))
    asked = [(side, number) for side in Side for number in range(40)]
    first = [forward.draw(side, number, 4) for side, number in asked]
    np.random.seed(5)  # noqa: NPY002 - the point is that the global state does not matter
    second = [backward.draw(side, number, 4) for side, number in reversed(asked)]
    assert all(same(one, other) for one, other in zip(first, reversed(second), strict=True))


def test_every_draw_has_its_own_seed(deck):
    seeds = {deck.draw(side, number, 2).seed for side in Side for number in range(200)}
    assert len(seeds) == 400


def test_a_batch_may_be_larger_than_the_deck(deck):
    assert sorted(dealt(deck.draw(Side.TARGET, 0, 10))) == sorted([*range(5), *range(5)])


@pytest.fixture
def turned(monkeypatch):
    """Give a deck of 20 faces that look ahead, three that look left and one that looks right."""
    yaws = [0.001] * 20 + [0.8] * 3 + [-1.5]
    # a face's first landmark holds its number, which stands for its pose
    monkeypatch.setattr(data, "pose", lambda landmarks, size: (0.0, yaws[int(landmarks[0, 0])], 0.0))
    landmarks = np.zeros((24, 68, 2), np.float32)
    landmarks[:, 0, 0] = np.arange(24)
    arrays = FaceArrays(np.zeros((24, 3, 8, 8), np.uint8), np.zeros((24, 1, 8, 8), np.uint8), landmarks)
    return lambda seed=3: DeckData(arrays, arrays, seed=seed, device="cpu")


def test_faces_that_look_this_way_and_that_come_equally_often(turned):
    deck = turned()
    cards = [number for draw in range(60) for number in dealt(deck.draw(Side.SOURCE, draw, 4, uniform_yaw=True))]
    groups = ["ahead" if number < 20 else "left" if number < 23 else "right" for number in cards]
    for first in range(0, 240, 3):
        assert sorted(groups[first : first + 3]) == ["ahead", "left", "right"]
    ahead = [number for number in cards if number < 20]
    left = [number for number in cards if 20 <= number < 23]
    for first in range(0, 80, 20):
        assert sorted(ahead[first : first + 20]) == list(range(20))
    for first in range(0, 78, 3):
        assert sorted(left[first : first + 3]) == [20, 21, 22]
    assert len({tuple(ahead[first : first + 20]) for first in range(0, 80, 20)}) == 4
    assert len({tuple(groups[first : first + 3]) for first in range(0, 240, 3)}) == 6


def test_uniform_draws_depend_on_number_side_and_seed_alone(turned):
    deck, again, other = turned(), turned(), turned(seed=4)
    forward = [dealt(deck.draw(Side.SOURCE, number, 5, uniform_yaw=True)) for number in range(9)]
    backward = [dealt(again.draw(Side.SOURCE, number, 5, uniform_yaw=True)) for number in reversed(range(9))]
    assert forward == backward[::-1]
    smaller = [dealt(deck.draw(Side.SOURCE, number, 3, uniform_yaw=True)) for number in range(15)]
    assert list(chain(*forward)) == list(chain(*smaller))
    assert forward != [dealt(deck.draw(Side.TARGET, number, 5, uniform_yaw=True)) for number in range(9)]
    assert forward != [dealt(other.draw(Side.SOURCE, number, 5, uniform_yaw=True)) for number in range(9)]
    assert deck.draw(Side.SOURCE, 2, 5, uniform_yaw=True).seed == deck.draw(Side.SOURCE, 2, 5).seed


def test_faces_are_grouped_as_the_reference_groups_them(turned, monkeypatch):
    edges = np.linspace(-1.2, 1.2, 128)
    # far out, on an edge, just before it, and far out on the other side
    yaws = [9.0, *(-edges[[60, 61]]), -edges[61] + 1e-6, -9.0]
    monkeypatch.setattr(data, "pose", lambda landmarks, size: (0.0, yaws[int(landmarks[0, 0]) % 5], 0.0))
    groups = [sorted({number % 5 for number in row.tolist()}) for row in turned()._groups(Side.SOURCE)]
    assert groups == [[0], [1, 3], [2], [4]]


def test_where_real_landmarks_look_is_found(faces):
    deck = DeckData(*faces, seed=3, device="cpu")
    assert sum(len(row) for row in deck._groups(Side.SOURCE)) == len(faces[0])


def test_faces_that_do_not_fit_stay_in_their_files(faces, tmp_path, monkeypatch):
    for name, arrays in zip(("source", "target"), faces, strict=True):
        save(tmp_path / name, arrays)
    mapped = [load_arrays(tmp_path / name) for name in ("source", "target")]
    in_memory = DeckData(*mapped, seed=3, device="cpu")
    monkeypatch.setattr(data, "free_bytes", lambda device: 2 * faces[0].nbytes)  # half of it holds the source's only
    partly = DeckData(*mapped, seed=3, device="cpu")
    kinds = [type(partly._faces[side]._arrays.rgb) for side in Side]
    assert kinds == [np.ndarray, np.memmap]
    for side in Side:
        assert all(same(partly.draw(side, number, 4), in_memory.draw(side, number, 4)) for number in range(6))


def test_faces_on_a_device_are_dealt_like_those_in_memory(faces, monkeypatch, deck):
    # the device's own way of keeping faces, on the device that every machine has
    monkeypatch.setattr(data, "_place", lambda arrays, device, fits: data._DeviceFaces(arrays, device))
    monkeypatch.setattr(data, "_BLOCK", 4)
    on_device = DeckData(*faces, seed=3, device="cpu")
    for side in Side:
        assert all(same(on_device.draw(side, number, 4), deck.draw(side, number, 4)) for number in range(6))


@pytest.mark.gpu
@pytest.mark.parametrize("free", [10**12, 0])
def test_faces_on_a_gpu_are_dealt_like_those_in_memory(faces, deck, monkeypatch, free):
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device here")
    monkeypatch.setattr(data, "free_bytes", lambda device: free)
    on_gpu = DeckData(*faces, seed=3, device="cuda")
    for side in Side:
        batch, wanted = on_gpu.draw(side, 2, 4), deck.draw(side, 2, 4)
        assert batch.rgb.device.type == "cuda"
        assert torch.equal(batch.rgb.cpu(), wanted.rgb)
        assert batch.seed == wanted.seed


def test_sides_of_different_size_are_refused(faces):
    small = FaceArrays(faces[0].rgb[:, :, :8, :8], faces[0].mask[:, :, :8, :8], faces[0].landmarks)
    with pytest.raises(TrainingError, match="8 px and the target's 16 px"):
        DeckData(small, faces[1], seed=0, device="cpu")


def test_saved_arrays_come_back_mapped_and_equal(faces, tmp_path):
    save(tmp_path / "faces", faces[0])
    again = load_arrays(tmp_path / "faces")
    for name in ("rgb", "mask", "landmarks"):
        assert isinstance(getattr(again, name), np.memmap)
        np.testing.assert_array_equal(getattr(again, name), getattr(faces[0], name))
    assert sorted(path.name for path in (tmp_path / "faces").iterdir()) == ["landmarks.npy", "mask.npy", "rgb.npy"]


def test_arrays_of_which_the_faces_end_early_leave_nothing(faces, tmp_path):
    def broken():
        yield faces[0].rgb[0], faces[0].mask[0], faces[0].landmarks[0]
        raise StoreError("the picture is damaged")

    save(tmp_path / "faces", faces[0])
    with pytest.raises(StoreError, match="damaged"):
        save_arrays(tmp_path / "faces", 16, 2, broken())
    np.testing.assert_array_equal(load_arrays(tmp_path / "faces").rgb, faces[0].rgb)
    assert [path.name for path in tmp_path.iterdir()] == ["faces"]


def save(folder, arrays):
    save_arrays(folder, arrays.size, len(arrays), zip(arrays.rgb, arrays.mask, arrays.landmarks, strict=True))


def test_damaged_arrays_are_named(faces, tmp_path):
    save(tmp_path / "faces", faces[0])
    with (tmp_path / "faces" / "rgb.npy").open("r+b") as file:
        file.truncate(500)
    with pytest.raises(StoreError, match="cannot be read"):
        load_arrays(tmp_path / "faces")
    with pytest.raises(StoreError, match=r"cannot be read.*nowhere"):
        load_arrays(tmp_path / "nowhere")


def test_pickled_arrays_are_refused(faces, tmp_path):
    save(tmp_path / "faces", faces[0])
    np.save(tmp_path / "faces" / "mask.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(StoreError, match="cannot be read"):
        load_arrays(tmp_path / "faces")


def test_arrays_that_do_not_belong_together_are_refused(faces):
    with pytest.raises(InvalidValueError, match=r"FaceArrays\.mask must be uint8 \(6, 1, 16, 16\)"):
        FaceArrays(faces[0].rgb, faces[1].mask, faces[0].landmarks)
