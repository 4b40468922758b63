"""Do faces come in from other programs whole, and go out to DeepFaceLab and back unchanged?"""

import dataclasses
import random
import shutil
from fractions import Fraction

import cv2
import numpy as np
import pytest

from understudy.errors import RequestError
from understudy.exchange import export_dfl, import_faces
from understudy.exchange.dfl_jpeg import aligned_jpeg, is_readable_by_dfl, read_aligned, with_metadata, without_metadata
from understudy.exchange.dfl_values import decode_foreign
from understudy.exchange.foreign_faces import face_files
from understudy.faceset import NO_TRACK, Faceset, FoundFace, Look, Origin
from understudy.pictures import decode_mask, encode_png
from understudy.progress import Silent
from understudy_sdk import Face, FaceType, ForeignFileError
from understudy_sdk.geometry import compose, frame_to_crop, invert, transform_points
from understudy_sdk.landmarks import TEMPLATE
from understudy_sdk.warp import warp_picture

from .exchange_files import extracted_png, write_pack


class Told(Silent):
    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


def full_masks(crops):
    return [np.full((crop.size, crop.size), 200, np.uint8) for crop in crops]


def all_rows(folder):
    with Faceset(folder) as index:
        return [(row, index.mask_png(row.name), index.picture(row)) for row in index.all_rows()]


@pytest.fixture
def goldens(golden, tmp_path):
    """Give a folder of DeepFaceLab's three faces."""
    folder = tmp_path / "aligned"
    folder.mkdir()
    for path in (golden / "faceset").glob("*.jpg"):
        shutil.copyfile(path, folder / path.name)
    return folder


def face_landmarks(scale=90.0, at=(60.0, 50.0), turn=0.1):
    jaw = np.array([(0.5 - 0.6 * np.cos(a), 0.2 + 0.9 * np.sin(a)) for a in np.linspace(0, np.pi, 17)])
    points = np.concatenate([jaw, TEMPLATE]) * scale
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return (points @ rotation.T + at).astype(np.float32)


def smooth_picture(side, seed):
    small = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return np.clip(cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC), 0, 255)


def our_faceset(folder, *, face_type=FaceType.WHOLE_FACE, suffix=".png", clips=("clip.mp4",), size=64, frames=(0, 3)):
    """Make a faceset of drawn faces; the second of them is set aside."""
    encode = {".png": encode_png, ".jpg": lambda rgb: cv2.imencode(".jpg", rgb[..., ::-1])[1].tobytes()}[suffix]
    with Faceset(folder, writable=True) as index:
        for place, name in enumerate(clips):
            clip = index.register_clip(f"{place:064d}", name, Fraction(1, 25), 20, (320, 240))
            found = []
            for frame in frames:
                landmarks = face_landmarks(turn=0.05 * frame)
                kind = FaceType.WHOLE_FACE if face_type is FaceType.MESH else face_type
                mask = np.random.default_rng(frame).integers(0, 256, (size, size), dtype=np.uint8)
                found.append(
                    FoundFace(
                        frame=frame,
                        pts=frame,
                        number=0,
                        face=Face(np.array([60, 50, 160, 150], np.float32), 0.9, landmarks=landmarks),
                        frame_to_crop=frame_to_crop(landmarks, kind, size) * [[1.01], [1.01]],
                        picture=encode(smooth_picture(size, frame)),
                        mask=encode_png(mask),
                        found_landmarks=landmarks,
                        origin=Origin.FOUND,
                        track=0,
                        look=Look(0, 0, 0, 1, 1),
                    )
                )
            index.add_chunk(clip, (0, 20), found, (face_type, size, suffix))
        index.mark([row.name for row in index.all_rows()][1:2], "blurred")
    return folder


def test_a_folder_of_deepfacelab_becomes_a_faceset(goldens, tmp_path):
    told = Told()
    summary = import_faces(goldens, tmp_path / "set", told, masker=full_masks)
    assert (summary.faces, summary.own_masks, summary.people, summary.skipped) == (3, 2, (), ())
    rows = all_rows(tmp_path / "set")
    with Faceset(tmp_path / "set") as index:
        (clip,) = index.clips()
        assert (clip.name, clip.frames) == ("aligned", 3)
    for row, mask_png, picture in rows:
        content = (goldens / f"{row.frame + 1:05d}_0.jpg").read_bytes()
        face = read_aligned(content, "golden")
        np.testing.assert_array_equal(row.landmarks, face.source_landmarks.astype(np.float32))
        np.testing.assert_array_equal(row.frame_to_crop, face.frame_to_crop)
        np.testing.assert_array_equal(row.face.box, face.source_rect)
        np.testing.assert_array_equal(picture, decode_foreign(content, "golden"))
        assert (row.origin, row.track, row.face_type, row.size) == (Origin.IMPORTED, NO_TRACK, FaceType.WHOLE_FACE, 128)
        assert row.look.sharpness > 0
        stored = (tmp_path / "set" / "faces" / row.name).read_bytes()
        assert stored == without_metadata(content, "golden"), "the coded picture is kept to the bit"
        if face.mask is not None:
            np.testing.assert_allclose(decode_mask(mask_png, "mask"), face.mask, atol=1e-6)
    levels = [np.unique(decode_mask(mask, "mask") * 255) for _, mask, _ in rows]
    assert levels[0].tolist() == [200], "made by the masker"
    assert levels[1].tolist() == [0, 255], "drawn by hand"


@pytest.mark.parametrize("form", ["pack", "folder with a pack"])
def test_a_pack_gives_the_same_as_its_files(goldens, golden, tmp_path, form):
    pack = golden / "faceset" / "faceset.pak"
    if form != "pack":
        pack = tmp_path / "packed"
        pack.mkdir()
        shutil.copyfile(golden / "faceset" / "faceset.pak", pack / "faceset.pak")
        (pack / "stray.jpg").write_bytes(b"loose files beside a pack do not count")
    import_faces(pack, tmp_path / "one", Silent(), masker=full_masks)
    import_faces(goldens, tmp_path / "two", Silent(), masker=full_masks)
    for (one, mask, picture), (other, other_mask, other_picture) in zip(
        all_rows(tmp_path / "one"), all_rows(tmp_path / "two"), strict=True
    ):
        assert one.frame == other.frame
        assert mask == other_mask
        np.testing.assert_array_equal(one.landmarks, other.landmarks)
        np.testing.assert_array_equal(picture, other_picture)


def test_folders_are_persons(goldens, tmp_path):
    for person in ("anna", "bert"):
        (goldens / person).mkdir()
    shutil.move(goldens / "00002_0.jpg", goldens / "anna" / "00001_0.jpg")
    shutil.move(goldens / "00003_0.jpg", goldens / "bert" / "x.jpg")
    summary = import_faces(goldens, tmp_path / "set", Silent(), masker=full_masks)
    assert summary.people == ("anna", "bert")
    found = {row.person: (row.clip_name, row.track) for row, _, _ in all_rows(tmp_path / "set")}
    assert found == {"": ("aligned", NO_TRACK), "anna": ("anna", 0), "bert": ("bert", 1)}


def test_names_in_a_pack_lead_nowhere(golden, tmp_path):
    content = (golden / "faceset" / "00003_0.jpg").read_bytes()
    face = read_aligned(content, "golden")
    hostile = with_metadata(content, dataclasses.replace(face, source_filename="../../../etc/x.png"), "x")
    files = [("../../out.jpg", "..\\..\\evil", hostile), ("/abs.jpg", "CON", hostile), ("C:\\a.jpg", "", hostile)]
    inner = tmp_path / "inner"
    inner.mkdir()
    pack = write_pack(inner / "faceset.pak", files)
    summary = import_faces(pack, inner / "set", Silent())
    assert (summary.faces, summary.people) == (3, ("_CON", "evil"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inner"]
    assert sorted(path.name for path in inner.iterdir()) == ["faceset.pak", "set"]
    names = {row.name for row, _, _ in all_rows(inner / "set")}
    assert names == {path.name for path in (inner / "set" / "faces").iterdir()}


def test_files_that_are_no_faces_are_named_and_passed_over(goldens, tmp_path):
    (goldens / "a.jpg").write_bytes(cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes())
    (goldens / "b.png").write_bytes(encode_png(np.zeros((8, 8, 3), np.uint8)))
    (goldens / "c.webp").write_bytes(b"RIFF")
    (goldens / "d.jpg").write_bytes((goldens / "00001_0.jpg").read_bytes()[:4000])
    (goldens / "notes.txt").write_text("not looked at")
    told = Told()
    summary = import_faces(goldens, tmp_path / "set", told, masker=full_masks)
    assert summary.faces == 3
    assert [line.split(" cannot")[0].rpartition("/")[2] for line in summary.skipped] == [
        "a.jpg", "b.png", "c.webp", "d.jpg",
    ]  # fmt: skip
    assert "no metadata of DeepFaceLab" in told.lines[0]


def test_a_folder_of_plain_pictures_is_footage(tmp_path):
    folder = tmp_path / "holiday"
    folder.mkdir()
    for number in range(25):
        (folder / f"{number}.png").write_bytes(encode_png(np.zeros((8, 8, 3), np.uint8)))
    told = Told()
    with pytest.raises(RequestError, match=r"no aligned face(.|\n)*first of 25(.|\n)*are footage"):
        import_faces(folder, tmp_path / "set", told)
    assert len(told.lines) == 21, "the first twenty are named, and that there are more"
    assert not (tmp_path / "set").exists()


def test_what_is_missing_or_in_the_way_is_said(goldens, tmp_path):
    with pytest.raises(RequestError, match="neither a folder nor a pack"):
        import_faces(tmp_path / "nowhere", tmp_path / "set", Silent())
    with pytest.raises(RequestError, match=r"1 of the 3 faces in .* have no mask"):
        import_faces(goldens, tmp_path / "set", Silent())
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "letter.txt").write_text("mine")
    with pytest.raises(RequestError, match="is there already"):
        import_faces(goldens, taken, Silent(), masker=full_masks)
    assert (taken / "letter.txt").read_text() == "mine"


def test_faces_that_fit_nowhere_are_refused_and_computed_where_they_can_be(goldens):
    content = (goldens / "00002_0.jpg").read_bytes()
    face = read_aligned(content, "x")

    def placed(**changes):
        (goldens / "00002_0.jpg").write_bytes(with_metadata(content, dataclasses.replace(face, **changes), "x"))
        file = next(file for file in face_files(goldens) if file.name == "00002_0.jpg")
        return file.face(file.read())

    wanted = transform_points(face.frame_to_crop, face.source_landmarks)
    for changes in (
        {"frame_to_crop": None},
        {"frame_to_crop": np.array([[9.0, 0, 0], [0, 9.0, 0]])},
        {"frame_to_crop": None, "face_type": FaceType.HALF},
        {"source_landmarks": None},
    ):
        found = placed(**changes)
        np.testing.assert_allclose(transform_points(found.frame_to_crop, found.landmarks), wanted, atol=1.0)
    assert placed(source_rect=np.array([5.0, 5, 5, 5])).box[0] == np.floor(face.source_landmarks[:, 0].min())
    with pytest.raises(ForeignFileError, match="not those of one face"):
        placed(source_landmarks=face.source_landmarks[::-1])
    with pytest.raises(ForeignFileError, match="neither source_landmarks nor image_to_face_mat"):
        placed(frame_to_crop=None, source_landmarks=None)
    with pytest.raises(ForeignFileError, match="cannot be used"):
        placed(source_landmarks=np.full((68, 2), 7.0))


def test_sets_of_several_kinds_become_clips(goldens, tmp_path):
    face = read_aligned((goldens / "00001_0.jpg").read_bytes(), "x")
    small = dataclasses.replace(
        face, size=64, landmarks=face.landmarks / 2, frame_to_crop=face.frame_to_crop / 2, source_filename="00009.png"
    )
    (goldens / "00009_0.jpg").write_bytes(aligned_jpeg(smooth_picture(64, 1), small, 95))
    import_faces(goldens, tmp_path / "set", Silent(), masker=full_masks)
    rows = [(row.frame, row.size) for row, _, _ in all_rows(tmp_path / "set")]
    assert sorted(rows) == [(0, 128), (1, 128), (2, 128), (8, 64)]


def test_the_same_faces_have_the_same_fingerprint(goldens, tmp_path):
    for name in ("one", "two"):
        import_faces(goldens, tmp_path / name, Silent(), masker=full_masks)
    prints = []
    for name in ("one", "two"):
        with Faceset(tmp_path / name) as index:
            prints += [clip.fingerprint for clip in index.clips()]
    assert prints[0] == prints[1]
    (goldens / "00002_0.jpg").unlink()
    import_faces(goldens, tmp_path / "three", Silent(), masker=full_masks)
    with Faceset(tmp_path / "three") as index:
        assert index.clips()[0].fingerprint != prints[0]


def test_faces_of_faceswap_are_cut_as_whole_faces(tmp_path):
    landmarks = face_landmarks(100, (200, 150), 0.0)
    (tmp_path / "faces").mkdir()
    for number in (7, 12):
        png = extracted_png(smooth_picture(256, number), landmarks, f"clip_{number:06d}.png", (640, 360))
        (tmp_path / "faces" / f"clip_{number:06d}_0.png").write_bytes(png)
    told = Told()
    summary = import_faces(tmp_path / "faces", tmp_path / "set", told, masker=full_masks)
    assert (summary.faces, summary.own_masks) == (2, 0)
    assert "estimated" in told.lines[0]
    rows = all_rows(tmp_path / "set")
    with Faceset(tmp_path / "set") as index:
        (clip,) = index.clips()
        assert (clip.width, clip.height, clip.frames) == (640, 360, 2)
    for (row, _, picture), number in zip(rows, (7, 12), strict=True):
        assert (row.face_type, row.size, row.name[-4:]) == (FaceType.WHOLE_FACE, 208, ".png")
        np.testing.assert_allclose(row.frame_to_crop, frame_to_crop(landmarks, FaceType.WHOLE_FACE, 208), atol=1e-9)
        np.testing.assert_array_equal(row.landmarks, landmarks)
        scale = row.frame_to_crop[0, 0] / (96 / 100)  # the mean face's square has 96 px in a picture of 256
        middle = smooth_picture(256, number)[64:192, 64:192].mean(axis=(0, 1))
        half = round(64 * scale)
        found = picture[104 - half : 104 + half, 104 - half : 104 + half].mean(axis=(0, 1))
        assert np.abs(found - middle).max() < 30, "about the same part of the picture"


def test_what_goes_out_comes_back(tmp_path):
    ours = our_faceset(tmp_path / "ours")
    with Faceset(ours) as index:
        assert export_dfl(index, tmp_path / "dfl", Silent(), quality=100, with_masks=True, include_marked=True) == 2
    assert sorted(path.name for path in (tmp_path / "dfl").iterdir()) == ["00001_0.jpg", "00004_0.jpg"]
    import_faces(tmp_path / "dfl", tmp_path / "back", Silent())
    before, after = all_rows(ours), all_rows(tmp_path / "back")
    for (one, mask, picture), (other, other_mask, other_picture) in zip(before, after, strict=True):
        assert one.frame == other.frame
        np.testing.assert_allclose(other.landmarks, one.landmarks, atol=1e-6)
        np.testing.assert_array_equal(other.frame_to_crop, one.frame_to_crop)
        np.testing.assert_array_equal(other.face.box, one.face.box)
        np.testing.assert_array_equal(decode_mask(other_mask, "m"), decode_mask(mask, "m"))
        assert np.abs(other_picture.astype(int) - picture).max() <= 6, "only what JPEG loses at its best"


def test_an_exported_face_says_what_deepfacelab_wants(tmp_path):
    with Faceset(our_faceset(tmp_path / "ours")) as index:
        assert export_dfl(index, tmp_path / "dfl", Silent()) == 1, "one of the two is set aside"
        (row,) = [row for row in index.all_rows() if not row.mark]
    content = (tmp_path / "dfl" / "00001_0.jpg").read_bytes()
    assert is_readable_by_dfl(content, "x")
    face = read_aligned(content, "x")
    assert (face.face_type, face.source_filename, face.mask) == (FaceType.WHOLE_FACE, "00001.png", None)
    np.testing.assert_allclose(face.landmarks, transform_points(row.frame_to_crop, row.landmarks), atol=1e-9)


def test_jpegs_go_out_as_they_are(tmp_path):
    ours = our_faceset(tmp_path / "ours", suffix=".jpg")
    with Faceset(ours) as index:
        export_dfl(index, tmp_path / "dfl", Silent(), quality=1)
    (stored,) = (path for path in (ours / "faces").iterdir() if "_0000000_" in path.name)
    assert without_metadata((tmp_path / "dfl" / "00001_0.jpg").read_bytes(), "x") == stored.read_bytes()


def test_jpegs_that_deepfacelab_cannot_read_are_coded_anew(tmp_path):
    ours = our_faceset(tmp_path / "ours", suffix=".jpg")
    (stored,) = (path for path in (ours / "faces").iterdir() if "_0000000_" in path.name)
    stored.write_bytes(
        cv2.imencode(".jpg", smooth_picture(64, 0)[..., ::-1], [cv2.IMWRITE_JPEG_RST_INTERVAL, 2])[1].tobytes()
    )
    with Faceset(ours) as index:
        export_dfl(index, tmp_path / "dfl", Silent())
    assert is_readable_by_dfl((tmp_path / "dfl" / "00001_0.jpg").read_bytes(), "x")


@pytest.mark.parametrize(
    ("stored", "asked", "wanted"),
    [(FaceType.MESH, None, FaceType.WHOLE_FACE), (FaceType.WHOLE_FACE, FaceType.FULL, FaceType.FULL)],
)
def test_other_crops_are_cut_anew_out_of_the_stored_ones(tmp_path, stored, asked, wanted):
    ours = our_faceset(tmp_path / "ours", face_type=stored)
    told = Told()
    with Faceset(ours) as index:
        export_dfl(index, tmp_path / "dfl", told, quality=100, with_masks=True, face_type=asked)
        row = next(row for row in index.all_rows() if not row.mark)
        picture = index.picture(row)
    face = read_aligned((tmp_path / "dfl" / "00001_0.jpg").read_bytes(), "x")
    affine = frame_to_crop(row.landmarks, wanted, 64)
    assert face.face_type is wanted
    np.testing.assert_allclose(face.frame_to_crop, affine)
    np.testing.assert_allclose(face.landmarks, transform_points(affine, row.landmarks))
    shown = decode_foreign((tmp_path / "dfl" / "00001_0.jpg").read_bytes(), "x").astype(int)
    expected = warp_picture(picture, compose(invert(row.frame_to_crop), affine), 64)
    assert np.abs(shown - expected).max() <= 6
    assert face.mask.shape == (64, 64)
    assert told.lines == [f"1 faces stored as {stored} were cut anew out of their crops; nothing lies beyond those"]


def test_clips_do_not_get_mixed_up(tmp_path):
    ours = our_faceset(tmp_path / "ours", clips=("a.mp4", "b.mp4", "A.mov"))
    with Faceset(ours) as index:
        export_dfl(index, tmp_path / "dfl", Silent())
    names = sorted(path.name for path in (tmp_path / "dfl").iterdir())
    assert names == ["A-2_00001_0.jpg", "A-2_00004_0.jpg", "a-0_00001_0.jpg", "b_00001_0.jpg", "b_00004_0.jpg"]
    sources = {read_aligned(path.read_bytes(), "x").source_filename for path in (tmp_path / "dfl").iterdir()}
    assert len(sources) == 5
    assert "b_00001.png" in sources


def test_an_export_that_makes_no_sense_is_refused(tmp_path):
    ours = our_faceset(tmp_path / "ours")
    with Faceset(ours) as index:
        for changes, says in (
            ({"names": []}, "no face of .* is left"),
            ({"face_type": FaceType.MESH}, "does not know the face type 'mesh'"),
        ):
            with pytest.raises(RequestError, match=says):
                export_dfl(index, tmp_path / "dfl", Silent(), **changes)
        assert not (tmp_path / "dfl").exists()
        with pytest.raises(RequestError, match="is there already"):
            export_dfl(index, ours, Silent())
        chosen = [row.name for row in index.all_rows()][:1]
        assert export_dfl(index, tmp_path / "dfl", Silent(), names=chosen) == 1


def test_mutilated_files_never_stop_an_import(goldens, tmp_path):
    """Landmarks, matrices and pictures that are valid as numbers but are nobody's face."""
    dice, random_numbers = random.Random(4), np.random.default_rng(4)
    face = read_aligned((goldens / "00003_0.jpg").read_bytes(), "x")
    content = (goldens / "00003_0.jpg").read_bytes()
    for number in range(60):
        scale = 10.0 ** dice.randint(-6, 6)
        points = random_numbers.uniform(-scale, scale, (68, 2)) * random_numbers.choice([0.0, 1e-9, 1.0], 2)
        changes = {
            "source_landmarks": points,
            "landmarks": points * dice.choice([1.0, 0.01, -1.0]),
            "frame_to_crop": dice.choice([None, np.array([[1.0, 0, 0], [0, 1.0, 0]]), np.zeros((2, 3))]),
            "source_rect": dice.choice([None, random_numbers.uniform(-scale, scale, 4)]),
        }
        odd = bytearray(with_metadata(content, dataclasses.replace(face, **changes), "x"))
        for _ in range(dice.choice([0, 5, 50])):
            odd[dice.randrange(len(odd) - 3000, len(odd) - 2)] = dice.randrange(255)  # in the coded picture
        (goldens / f"odd{number}.jpg").write_bytes(odd)
    summary = import_faces(goldens, tmp_path / "set", Silent(), masker=full_masks)
    assert summary.faces >= 3
    assert summary.faces + len(summary.skipped) == 63
    assert len(summary.skipped) > 10
    for row, _, _ in all_rows(tmp_path / "set"):
        assert np.isfinite(dataclasses.astuple(row.look)).all()
