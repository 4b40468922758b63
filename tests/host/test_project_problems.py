"""Does a wrong project file tell every problem at once, each with its place and in words?"""

from __future__ import annotations

import pytest
from pydantic import field_validator

from understudy.errors import ProjectError, RequestError
from understudy.plugins import Offer, Origin, PluginRow, Registry
from understudy.project import load_project
from understudy_sdk import StageConfig, StageSpec


def problems(path, registry, overrides=()) -> list[str]:
    """Return what is wrong, with the file's path shortened to its name."""
    with pytest.raises(ProjectError) as caught:
        load_project(path, registry, overrides)
    return [line.replace(f"{path}:", f"{path.name}:") for line in caught.value.problems]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("understudy: 1\n", "", "cast.yaml:1:1: understudy: is missing"),
        ("understudy: 1", "understudy: one", "cast.yaml:1:13: understudy: must be a whole number, but is 'one'"),
        ("facesets:", "devcie: cpu\nfacesets:", "cast.yaml:2:1: devcie: unknown key. Did you mean 'device'?"),
        (
            "facesets:",
            "device: gpu\nfacesets:",
            "cast.yaml:2:9: device: must be auto, cpu, cuda, cuda:N or mps, but is 'gpu'",
        ),
        (
            "facesets:",
            "consent: {basis: writen-release, statement: x}\nfacesets:",
            (
                "cast.yaml:2:18: consent.basis: must be 'written-release', 'own-likeness', 'public-domain', "
                "'synthetic' or 'licensed-performance', but is 'writen-release'. Did you mean 'written-release'?"
            ),
        ),
        ("facesets:", "consent: {basis: synthetic}\nfacesets:", "cast.yaml:2:1: consent.statement: is missing"),
        ("[anna.mp4]", "[]", "cast.yaml:3:17: facesets.anna.clips: must not be empty"),
        ("[anna.mp4]", "anna.mp4", "cast.yaml:3:17: facesets.anna.clips: must be a list, but is 'anna.mp4'"),
        ("[anna.mp4]", "[5]", "cast.yaml:3:18: facesets.anna.clips.0: must be text, but is 5"),
        (
            "use: finder",
            "use: findr",
            ("cast.yaml:6:19: extract.detector.use: no detector is called 'findr'. Did you mean 'finder'?"),
        ),
        ("0.25", "1.25", "cast.yaml:6:45: extract.detector.with.min_score: must be at most 1, but is 1.25"),
        (
            "min_score",
            "min_scor",
            ("cast.yaml:6:34: extract.detector.with.min_scor: unknown key. Did you mean 'min_score'?"),
        ),
        ("  aligner: {use: placer}\n", "", "cast.yaml:5:1: extract.aligner.use: is missing; offered: placer"),
        ("{use: placer}", "placer", "cast.yaml:7:12: extract.aligner: must be a mapping (key: value), but is 'placer'"),
        (
            "{use: outline}",
            "{use: outline, wiht: 3}",
            ("cast.yaml:8:26: extract.masker.wiht: unknown key. Did you mean 'with'?"),
        ),
        (
            "source: anna",
            "source: ana",
            ("cast.yaml:10:13: swaps.0.source: no faceset is called 'ana'. Did you mean 'anna'?"),
        ),
        (
            "source: anna",
            "source: zoe",
            ("cast.yaml:10:13: swaps.0.source: no faceset is called 'zoe'. There are: anna, scene."),
        ),
        (
            "use: learner",
            "use: player",
            "cast.yaml:12:38: swaps.0.model.iterations: 'player' needs no training; drop this key",
        ),
        (
            "iterations: 10",
            "iterations: -1",
            "cast.yaml:12:39: swaps.0.model.iterations: must be at least 0, but is -1",
        ),
        (
            "iterations: 10",
            "with: {resolution: 250}",
            "cast.yaml:12:46: swaps.0.model.with.resolution: must be a multiple of 16, but is 250",
        ),
        (
            "mask_erode_px: 4",
            "mask_erode_px: 1.5",
            "cast.yaml:13:50: swaps.0.merger.with.mask_erode_px: must be a whole number, but is 1.5",
        ),
        (
            (
                "    merger: {use: blender, with: {mask_erode_px: 4}}\n    ranges:\n      - {from: 5, to: 9, merger: "
                "{with: {mask_blur_px: 2}}}\n"
            ),
            "",
            "cast.yaml:10:5: swaps.0.merger: is missing",
        ),
        (
            "mask_blur_px: 2",
            "mask_blur_px: -2",
            "cast.yaml:15:56: swaps.0.ranges.0.merger.with.mask_blur_px: must be at least 0, but is -2",
        ),
        ("to: 9", "to: 5", "cast.yaml:15:9: swaps.0.ranges.0: 'to' must lie after 'from', but 5 does not lie after 5"),
        (
            "from: 5",
            "from: 5s",
            (
                "cast.yaml:15:16: swaps.0.ranges.0.from: must be HH:MM:SS:FF, HH:MM:SS;FF (drop-frame), HH:MM:SS.mmm "
                "or a frame number, but is '5s'"
            ),
        ),
        (
            "target: scene",
            "target: scene\n    face: {person: [bob]}",
            (
                "cast.yaml:12:11: swaps.0.face: must be largest, all, {track: NUMBER}, {track: [NUMBERS]}, "
                "{person: NAME} or {like: PICTURE}, but is {'person': ['bob']}"
            ),
        ),
        (
            "target: scene",
            "target: scene\n    face: {person: bob}",
            (
                "cast.yaml:12:11: swaps.0.face: needs a recognizer to tell people apart: name one under "
                "extract.recognizer, or give tracks"
            ),
        ),
        (
            "facesets:",
            "people: {bob: {like: .}}\nfacesets:",
            "cast.yaml:2:22: people.bob.like: {root} is not a picture file",
        ),
        (
            "{clips: [anna.mp4]}",
            "{clips: [anna.mp4], face: {like: anna.mp4}}",
            (
                "cast.yaml:3:35: facesets.anna.face: needs a recognizer to tell people apart: name one under "
                "extract.recognizer, or give tracks"
            ),
        ),
        ("[anna.mp4]", "['~gone.mp4']", "cast.yaml:3:18: facesets.anna.clips.0: there is no file {root}/~gone.mp4"),
        ("[anna.mp4]", "[gone.mp4]", "cast.yaml:3:18: facesets.anna.clips.0: there is no file {root}/gone.mp4"),
        (
            "[anna.mp4]",
            "[.]",
            (
                "cast.yaml:3:18: facesets.anna.clips.0: {root} is a folder without pictures (.bmp, .exr, .jpeg, .jpg, "
                ".png, .tif, .tiff, .webp)"
            ),
        ),
        (
            "[anna.mp4]",
            "[anna.mp4, ./anna.mp4]",
            "cast.yaml:3:28: facesets.anna.clips.1: is the same file as facesets.anna.clips.0",
        ),
        (
            "  anna: {clips: [anna.mp4]}\n",
            "  anna: {clips: [anna.mp4]}\n  ../up: {clips: [anna.mp4]}\n",
            (
                "cast.yaml:4:3: facesets.../up: the name '../up' must be letters, digits, '-' and '_' only, and begin "
                "with a letter or a digit"
            ),
        ),
        (
            "  anna: {clips: [anna.mp4]}\n",
            "  anna: {clips: [anna.mp4]}\n  2024: {clips: [anna.mp4]}\n",
            "cast.yaml:4:3: facesets.2024: a key must be text; write '2024' in quotes",
        ),
        (
            "[anna.mp4]",
            "!!python/name:os.system [anna.mp4]",
            ("cast.yaml:3:17: facesets.anna.clips: the tag tag:yaml.org,2002:python/name:os.system is not read here"),
        ),
        (
            "out/done.mp4",
            "./scene.mp4",
            ("cast.yaml:17:9: output.path: would write over {root}/scene.mp4, which the project reads"),
        ),
        (
            "out/done.mp4",
            "cast.yaml",
            ("cast.yaml:17:9: output.path: would write over {root}/cast.yaml, which the project reads"),
        ),
        ("out/done.mp4", "out/done", "cast.yaml:17:9: output.path: must end in the kind of file, such as .mp4"),
        ("out/done.mp4", "out/{shot}.mp4", "cast.yaml:17:9: output.path: {shot} means nothing here; {clip} stands for"),
        (
            "out/done.mp4",
            "cast.work/x.mp4",
            ("cast.yaml:17:9: output.path: {root}/cast.work/x.mp4 lies in the work folder"),
        ),
        (
            "[scene.mp4]",
            "[scene.mp4, anna.mp4]",
            "cast.yaml:17:9: output.path: must hold {clip}, because 2 clips are merged",
        ),
        (
            "out/done.mp4",
            "out/done.png",
            (
                "cast.yaml:17:9: output.path: must hold the place of each picture's number once in the file's name, "
                "such as {clip}.%06d.png"
            ),
        ),
        (
            "out/done.mp4",
            "out/%06d.mp4",
            "cast.yaml:17:9: output.path: .mp4 files are not numbered; those of a sequence are .png, .tif, .tiff, .exr",
        ),
        (
            "out/done.mp4",
            "./%06d.exr",
            "cast.yaml:17:9: output.path: would write over {root}/cast.yaml, which the project reads",
        ),
        (
            "{clips: [anna.mp4]}",
            "{clips: [anna.mp4], rate: fast}",
            (
                "cast.yaml:3:35: facesets.anna.rate: must be frames per second, such as 24, 23.976 or 24000/1001, "
                "but is 'fast'"
            ),
        ),
        (
            "out/done.mp4",
            "out/done.mp4\n  video: {codec: libx2644}",
            "cast.yaml:18:18: output.video.codec: no encoder is called 'libx2644'. Did you mean 'libx264'?",
        ),
        (
            "out/done.mp4",
            "out/done.mp4\n  video: {codec: aac}",
            "cast.yaml:18:18: output.video.codec: must encode video, but aac encodes audio",
        ),
        (
            "out/done.mp4",
            "out/done.mp4\n  video: {pixel_format: yuv420p10}",
            (
                "cast.yaml:18:25: output.video.pixel_format: libx264 takes no pixel format 'yuv420p10'. Did you mean "
                "'yuv420p10le'?"
            ),
        ),
        (
            "out/done.mp4",
            "out/done.mov\n  video: {codec: ffv1, crf: 16}",
            "cast.yaml:18:29: output.video.crf: ffv1 has no option crf",
        ),
        (
            "out/done.mp4",
            "out/done.mp4\n  video: {options: {tunee: grain}}",
            "cast.yaml:18:28: output.video.options.tunee: libx264 has no option tunee",
        ),
        (
            "out/done.mp4",
            "out/done.mp4\n  video: {options: {tune: grainy}}",
            "cast.yaml:18:27: output.video.options.tune: libx264 does not take 'grainy' as tune",
        ),
    ],
)
def test_one_problem(project_file, fake_registry, tmp_path, old, new, problem):
    found = problems(project_file((old, new)), fake_registry)
    assert found[0].startswith(problem.replace("{root}", str(tmp_path))), found
    assert len(found) == 1, found


def test_all_problems_come_at_once_in_the_order_of_the_file(project_file, fake_registry):
    path = project_file(
        ("[anna.mp4]", "[gone.mp4]"),
        ("use: finder", "use: findr"),
        ("target: scene", "target: scen"),
        ("iterations: 10", "iteratoins: 10"),
        ("mask_erode_px: 4", "mask_erode_px: x"),
        ("out/done.mp4", "scene.avi\n  video: {codec: x264}"),
    )
    found = problems(path, fake_registry, ["swaps.0.seed=-3", "output.vdeo.crf=1", "nonsense"])
    assert [line.partition(": ")[0] for line in found] == [
        "cast.yaml:3:18",
        "cast.yaml:6:19",
        "cast.yaml:11:13",
        "cast.yaml:12:27",
        "cast.yaml:13:50",
        "cast.yaml:18:18",
        "--set swaps.0.seed",
        "--set output.vdeo.crf",
        "--set nonsense",
    ]
    assert found[6] == "--set swaps.0.seed: must be at least 0, but is -3"
    assert found[7] == "--set output.vdeo.crf: output.vdeo: unknown key. Did you mean 'video'?"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\na: 2\n", 'cast.yaml:2:1: found duplicate key "a"'),
        ("a: [1\nb: 2\n", "cast.yaml:2:2: expected ',' or ']'"),
        ("a:\n\t- b\n", "cast.yaml:2:1: found character '\\t'"),
        ("a: *b\n", "cast.yaml:1:4: found undefined alias 'b'"),
        ("a: \x01\n", "cast.yaml:1:1: unacceptable character #x0001"),
        ("", "cast.yaml:1:1: is empty; begin with: understudy: 1"),
        ("- a\n", "cast.yaml:1:1: must be a mapping (key: value); begin with: understudy: 1"),
        ("understudy: 2\nnew: x\n", "cast.yaml:1:13: understudy: the format is 2, but Understudy"),
        ("a: " + "[" * 60 + "]" * 60, "cast.yaml:1:1: nested too deeply"),
    ],
)
def test_what_is_no_project_at_all(project_file, fake_registry, text, problem):
    (found,) = problems(project_file(text=text), fake_registry)
    assert found.startswith(problem)


def test_text_in_another_coding(tmp_path, fake_registry):
    path = tmp_path / "cast.yaml"
    path.write_bytes("name: Frühling".encode("latin-1"))
    assert problems(path, fake_registry) == ["cast.yaml:1:1: is not text in UTF-8"]


@pytest.mark.parametrize(("name", "words"), [("gone.yaml", "there is no project file"), (".", "is a folder")])
def test_no_such_file(tmp_path, fake_registry, name, words):
    with pytest.raises(RequestError, match=words):
        load_project(tmp_path / name, fake_registry)


def test_an_output_that_is_an_input_by_another_way(project_file, fake_registry, tmp_path):
    path = project_file(("out/done.mp4", "out/link.mp4"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link.mp4").symlink_to(tmp_path / "anna.mp4")
    (found,) = problems(path, fake_registry)
    assert found == f"cast.yaml:17:9: output.path: would write over {tmp_path}/anna.mp4, which the project reads"


def test_two_clips_of_one_name(project_file, fake_registry, tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "scene.mp4").touch()
    path = project_file(("[scene.mp4]", "[scene.mp4, b/scene.mp4]"), ("done.mp4", "{clip}.mp4"))
    (found,) = problems(path, fake_registry)
    assert "would both be written to" in found


def test_a_file_in_the_work_folders_place(project_file, fake_registry, tmp_path):
    path = project_file()
    (tmp_path / "cast.work").touch()
    (found,) = problems(path, fake_registry)
    assert found == "cast.yaml:1:1: the work folder cast.work cannot be made: a file of that name is in the way"


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("output.path", "--set output.path: must look like KEY=VALUE"),
        ("=3", "--set =3: must look like KEY=VALUE"),
        ("swaps.1.seed=3", "--set swaps.1.seed: swaps is a list with positions 0 to 0, so it has no '1'"),
        ("swaps.0.source.x=3", "--set swaps.0.source.x: swaps.0.source is 'anna', which holds no 'x'"),
        ("name=[a", "--set name: '[a' is not a YAML value"),
        ("swaps.0.model.use=lerner", "--set swaps.0.model.use: no model is called 'lerner'. Did you mean 'learner'?"),
        ("extract.masker=3", "--set extract.masker: must be a mapping (key: value), but is 3"),
        ("facesets.scene.clips=[x.mp4]", "--set facesets.scene.clips: facesets.scene.clips.0: there is no file"),
    ],
)
def test_a_wrong_override_is_named_by_its_key(project_file, fake_registry, override, problem):
    (found,) = problems(project_file(), fake_registry, [override])
    assert found.startswith(problem)


def test_a_plugin_that_failed_is_told_with_its_reason(project_file):
    row = PluginRow("learner", "a-house", "1.0", "", "", "", "failed", "ModuleNotFoundError: No module named 'x'")
    (found,) = [line for line in problems(project_file(), Registry([], [row])) if "model" in line]
    assert found.endswith(
        "The plugin 'learner' of a-house is listed as failed: ModuleNotFoundError: No module named 'x'"
    )


def test_settings_whose_check_itself_breaks_are_the_plugins_fault(project_file, fake_registry):
    class Careless(StageConfig):
        depth: int = 1

        @field_validator("depth")
        @classmethod
        def _check(cls, value: int) -> int:
            return [1][value]

    spec = StageSpec(name="learner", summary="", config=Careless, tiny=StageConfig(), build=print, learns=True)
    rest = [fake_registry.offers(stage).values() for stage in ("detector", "aligner", "masker", "merger")]
    registry = Registry([Offer("model", spec, Origin("e", "a-house", "1")), *(o for offers in rest for o in offers)])
    (found,) = problems(project_file(), registry)
    assert found.startswith("cast.yaml:12:5: swaps.0.model.with: the model 'learner' (from a-house) failed while")
    assert "IndexError" in found
