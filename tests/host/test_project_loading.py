"""Does a right project file come out as what it says, defaults included?"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from understudy.errors import PluginFailedError, RequestError
from understudy.plugins import Offer, Origin, Registry
from understudy.project import Chosen, Consent, load_project
from understudy_sdk import FaceType, Resources, StageConfig, StageSpec


def test_a_whole_project(project_file, fake_registry, tmp_path):
    project = load_project(project_file(), fake_registry)
    assert (project.path, project.root, project.work) == (
        tmp_path / "cast.yaml",
        tmp_path,
        tmp_path / "cast.work",
    )
    assert (project.name, project.consent, project.device) == ("cast", None, "auto")
    anna = project.facesets["anna"]
    assert anna.clips == (tmp_path / "anna.mp4",)
    assert (anna.extract.face_type, anna.extract.crop_size) == (FaceType.WHOLE_FACE, 256)
    assert (anna.extract.detector.name, anna.extract.detector.config.min_score) == ("finder", 0.25)
    (swap,) = project.swaps
    assert (swap.index, swap.source, swap.target) == (0, anna, project.facesets["scene"])
    assert (str(swap.face), swap.seed, swap.iterations, swap.model.name) == ("largest", 0, 10, "learner")
    (part,) = swap.ranges
    assert (str(part.start), str(part.end)) == ("5", "9")
    assert project.output.path == "out/done.mp4"
    assert project.registry is fake_registry


def test_consent_and_what_is_stated_over_defaults(project_file, fake_registry):
    path = project_file(
        (
            "facesets:",
            "name: A Winter\ndevice: cuda:1\nconsent: {basis: synthetic, statement: No one}\nfacesets:",
        ),
        ("target: scene\n", "target: scene\n    face: all\n    seed: 7\n"),
    )
    project = load_project(path, fake_registry)
    assert (project.name, project.device, project.consent) == ("A Winter", "cuda:1", Consent("synthetic", "No one"))
    assert (str(project.swaps[0].face), project.swaps[0].seed) == ("all", 7)


def test_a_range_changes_single_settings_of_the_merger(project_file, fake_registry):
    (swap,) = load_project(project_file(), fake_registry).swaps
    assert swap.merger.config.model_dump() == {"mask_erode_px": 4, "mask_blur_px": 8}
    assert swap.ranges[0].merger.config.model_dump() == {"mask_erode_px": 4, "mask_blur_px": 2}


def test_a_range_with_another_merger_starts_afresh(project_file, fake_registry):
    path = project_file(("merger: {with: {mask_blur_px: 2}}", "merger: {use: paster}"))
    (swap,) = load_project(path, fake_registry).swaps
    assert (swap.ranges[0].merger.name, swap.ranges[0].merger.config.model_dump()) == ("paster", {})


@pytest.mark.parametrize(
    ("own", "detector", "settings"),
    [
        ("{with: {range: short}}", "finder", {"min_score": 0.25, "range": "short"}),
        ("{use: finder, with: {range: short}}", "finder", {"min_score": 0.25, "range": "short"}),
        ("{use: seeker}", "seeker", {}),
    ],
)
def test_a_faceset_lays_its_extraction_over_the_projects(project_file, fake_registry, own, detector, settings):
    path = project_file(
        ("scene: {clips: [scene.mp4]}", f"scene: {{clips: [scene.mp4], extract: {{detector: {own}, crop_size: 128}}}}")
    )
    project = load_project(path, fake_registry)
    extract = project.facesets["scene"].extract
    assert (extract.detector.name, extract.detector.config.model_dump()) == (detector, settings)
    assert (extract.crop_size, extract.aligner.name) == (128, "placer")
    assert project.facesets["anna"].extract.detector.config.range == "full"


def test_facesets_alone_can_name_every_stage(project_file, fake_registry):
    stages = "extract: {detector: {use: seeker}, aligner: {use: placer}, masker: {use: outline}}"
    text = f"understudy: 1\nfacesets:\n  anna: {{clips: [anna.mp4], {stages}}}\n"
    project = load_project(project_file(text=text), fake_registry)
    assert project.swaps == ()
    assert project.facesets["anna"].extract.detector.name == "seeker"


def test_clips_may_lie_elsewhere(project_file, fake_registry, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    path = project_file(("[anna.mp4]", f"['~/anna.mp4', {tmp_path}/scene.mp4]"))
    assert load_project(path, fake_registry).facesets["anna"].clips == (tmp_path / "anna.mp4", tmp_path / "scene.mp4")


def test_a_path_from_the_working_folder_gives_absolute_ones(project_file, fake_registry, tmp_path, monkeypatch):
    project_file()
    monkeypatch.chdir(tmp_path)
    project = load_project(Path("cast.yaml"), fake_registry)
    assert (project.root, project.facesets["anna"].clips) == (tmp_path, (tmp_path / "anna.mp4",))


@pytest.mark.parametrize(
    ("stated", "meant"),
    [("24", Fraction(24)), ("23.976", Fraction(24000, 1001)), ("24000/1001", Fraction(24000, 1001)),
     ("59.94", Fraction(60000, 1001)), ("12.5", Fraction(25, 2))],
)  # fmt: skip
def test_a_rate_near_televisions_is_televisions(project_file, fake_registry, stated, meant):
    path = project_file(("{clips: [anna.mp4]}", f"{{clips: [anna.mp4], rate: {stated}}}"))
    assert load_project(path, fake_registry).facesets["anna"].rate == meant


def test_each_target_clip_has_one_output(project_file, fake_registry, tmp_path):
    (tmp_path / "late.mov").touch()
    path = project_file(("[scene.mp4]", "[scene.mp4, late.mov]"), ("out/done.mp4", "out/{clip}-new.mkv"))
    project = load_project(path, fake_registry)
    assert project.clips_to_merge() == (tmp_path / "scene.mp4", tmp_path / "late.mov")
    assert project.output_for(tmp_path / "late.mov") == tmp_path / "out" / "late-new.mkv"


@pytest.mark.parametrize(
    ("video", "options"),
    [
        ("{}", {}),
        ("{codec: libx265, preset: slow}", {"preset": "slow"}),
        ("{crf: 20, preset: fast, options: {tune: grain}}", {"crf": "20", "preset": "fast", "tune": "grain"}),
        ("{codec: ffv1, options: {level: 3}}", {"level": "3"}),
        ("{codec: prores_ks, options: {profile: hq}}", {"profile": "hq"}),
    ],
)
def test_what_is_stated_for_an_encoder_is_told_it(project_file, fake_registry, video, options):
    path = project_file(("path: out/done.mp4", f"path: out/done.mov\n  video: {video}"))
    assert load_project(path, fake_registry).output.video.stated_options() == options


def test_a_recipe_leaves_out_what_may_change(project_file, fake_registry):
    (swap,) = load_project(project_file(), fake_registry).swaps
    assert swap.model.config.batch_size == 4
    made_by = {"name": "learner", "from": "understudy-fakes", "revision": 3}
    assert swap.model.recipe() == {**made_by, "settings": {"resolution": 96}}


def test_building_lends_resources_and_blames_the_plugin(project_file, fake_registry):
    (swap,) = load_project(project_file(), fake_registry).swaps
    resources = Resources("cpu", lambda weight: Path(weight.name))
    assert swap.model.build(resources) == (swap.model.config, resources)

    def fail(config, resources):
        raise RuntimeError("out of luck")

    spec = StageSpec(name="unlucky", summary="", config=StageConfig, tiny=StageConfig(), build=fail)
    chosen = Chosen("model", Offer("model", spec, Origin("e", "a-house", "1")), StageConfig())
    with pytest.raises(PluginFailedError, match=r"'unlucky' \(from a-house\) failed while being built: .*out of luck"):
        chosen.build(resources)


@pytest.mark.parametrize(
    ("override", "read"),
    [
        ("swaps.0.iterations=2", None),
        ("swaps.0.model.iterations=25", lambda project: project.swaps[0].iterations == 25),
        ("swaps.0.merger.with.mask_erode_px=8", lambda project: project.swaps[0].merger.config.mask_erode_px == 8),
        ("swaps.0.model.with.batch_size=1", lambda project: project.swaps[0].model.config.batch_size == 1),
        ("output.video.crf=30", lambda project: project.output.video.crf == 30),
        ("name=12:30", lambda project: project.name == "12:30"),
        ("swaps=[]", lambda project: project.swaps == ()),
        ("facesets.scene.clips.0=anna.mp4", lambda project: project.facesets["scene"].clips[0].name == "anna.mp4"),
    ],
)
def test_overrides(project_file, fake_registry, override, read):
    path = project_file()
    before = path.read_bytes()
    if read is None:
        with pytest.raises(RequestError, match=r"  --set swaps.0.iterations: unknown key"):
            load_project(path, fake_registry, [override])
    else:
        assert read(load_project(path, fake_registry, [override]))
    assert path.read_bytes() == before


def test_the_later_override_holds(project_file, fake_registry):
    project = load_project(project_file(), fake_registry, ["output.video.crf=30", "output.video.crf=31"])
    assert project.output.video.crf == 31


def test_an_empty_registry_offers_nothing(project_file):
    with pytest.raises(RequestError, match=r"no model is called 'learner'. Offered: none"):
        load_project(project_file(), Registry())
