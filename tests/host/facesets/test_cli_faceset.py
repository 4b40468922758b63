"""Do the commands about facesets find the faceset meant, do what they say, and print what a program can read?"""

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from understudy.cli import main
from understudy.faceset import Faceset


@pytest.fixture
def cli(monkeypatch, capsys):
    """Give a runner of ``understudy faceset``: exit code, stdout, stderr."""

    def run(*arguments: object):
        monkeypatch.setattr(sys, "argv", ["understudy", "faceset", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        return SimpleNamespace(code=stop.value.code or 0, out=out, err=err)

    return run


@pytest.fixture
def folder(make_faceset, drawn):
    """Six faces of two people, each sharper than the one before and turned further."""
    people = {0: ("anna", np.ones(2, np.float32))}
    faces = [drawn(frame=at, seed=at, sharpness=10 * at, yaw=10 * at, track=at // 4) for at in range(6)]
    return make_faceset(faces, people=people)


def marks(folder):
    with Faceset(folder) as index:
        return {row.frame: row.mark for row in index.all_rows() if row.mark}


def test_info_for_people(cli, folder):
    done = cli("info", folder)
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[1] == "6 faces (0 set aside) in 6 frames, 2 tracks"
    assert "pictures: 6 of 128 px" in lines
    assert "origin: found 6" in lines
    assert "clip.mp4  320x240  1000    6           6" in lines
    assert [line.split() for line in lines if line.startswith(("anna", "nobody"))] == [
        ["anna", "1", "4"],
        ["nobody", "named", "1", "2"],
    ]
    (yaw,) = (line for line in lines if line.startswith("yaw_deg"))
    assert yaw.split()[:4] == ["yaw_deg", "0", "30", "50"]
    assert yaw.endswith("1 1 0 1 1 0 1 1")


def test_info_for_programs(cli, folder):
    cli("filter", folder, "--min-sharpness", 20)
    found = json.loads(cli("info", folder, "--json").out)
    assert (found["faces"], found["frames"], found["tracks"]) == (6, 6, 2)
    assert found["marked"] == {"not: sharpness >= 20.0": 2}
    assert found["clips"][0]["with_faces"] == 6
    assert found["spreads"]["size_px"] == {"low": 64, "median": 64, "high": 64, "counts": [6, 0, 0, 0, 0, 0, 0, 0]}
    assert found["bytes"] > 6 * 1000


def test_info_of_an_empty_faceset(cli, make_faceset):
    done = cli("info", make_faceset([]))
    assert (done.code, done.out.splitlines()[1]) == (0, "0 faces (0 set aside) in 0 frames, 0 tracks")


def test_sort_prints_names_and_figures(cli, folder):
    done = cli("sort", folder, "--by", "sharpness", "--limit", 2)
    assert [line.split() for line in done.out.splitlines()] == [
        ["face", "value"],
        ["001-clip_0000005_0.png", "50"],
        ["001-clip_0000004_0.png", "40"],
    ]
    assert "--order sharpness" in done.err
    with Faceset(folder) as index:
        assert len(index.measures("order:sharpness")) == 6


def test_sort_in_groups_for_programs(cli, folder, damage):
    name = damage(folder, 2)
    done = cli("sort", folder, "--by", "brightness", "--group", "track", "--json")
    rows = json.loads(done.out)
    assert [row["group"] for row in rows] == ["track 0"] * 4 + ["track 1"] * 2
    assert rows[3] == {"name": name, "value": None, "group": "track 0"}
    assert f"damaged picture: {name}" in done.err


def test_metrics_are_listed_with_their_names_elsewhere(cli):
    rows = {row["name"]: row for row in json.loads(cli("metrics", "--json").out)}
    assert rows["blur"]["elsewhere"] == "DFL blur"
    elsewhere = " ".join(row["elsewhere"] for row in rows.values())
    for name in ("motion-blur", "face-yaw", "face-pitch", "face-source-rect-size", "hist", "hist-dissim", "brightness",
                 "hue", "black", "origname", "oneface", "absdiff"):  # fmt: skip
        assert f"DFL {name}" in elsewhere
    assert "CPBD" in cli("metrics").out


def test_filter_tries_does_undoes_and_clears(cli, folder):
    tried = cli("filter", folder, "--min-sharpness", 20, "--yaw", "-5:40", "--dry-run")
    assert "would be set aside: 3 of 6 faces; left: 3" in tried.out
    assert marks(folder) == {}
    done = cli("filter", folder, "--min-sharpness", 20, "--yaw", "-5:40")
    assert [line.split()[-1] for line in done.out.splitlines()[:3]] == ["faces", "2", "1"]
    assert sorted(marks(folder)) == [0, 1, 5]
    more = json.loads(cli("filter", folder, "--person", "anna", "--json").out)
    assert more == {
        "failing": ["001-clip_0000004_0.png"], "counts": {"person anna": 1}, "judged": 3, "dry_run": False,
    }  # fmt: skip
    assert cli("filter", folder, "--undo").out == "taken back: 1 faces\n"
    assert sorted(marks(folder)) == [0, 1, 5]
    assert json.loads(cli("filter", folder, "--clear", "--json").out) == {"taken_back": 3}
    assert marks(folder) == {}
    assert len(list((folder / "faces").iterdir())) == 6


def test_filter_without_criteria(cli, folder):
    assert (cli("filter", folder).code, cli("filter", folder, "--yaw", "5").code) == (2, 2)


def test_best_sets_the_rest_aside(cli, folder):
    assert "would be set aside: 4" in cli("best", folder, "-n", 2, "--dry-run").out
    assert marks(folder) == {}
    assert cli("best", folder, "-n", 2).out == "chosen: 2 of 6 faces; set aside: 4\n"
    assert set(marks(folder).values()) == {"not among the best 2 by sharpness"}
    assert len(marks(folder)) == 4


def test_best_copies(cli, folder, tmp_path):
    done = json.loads(cli("best", folder, "-n", 3, "--by", "blur", "--to", tmp_path / "few", "--json").out)
    with Faceset(tmp_path / "few") as index:
        assert sorted(row.name for row in index.all_rows()) == sorted(done["chosen"])
    assert marks(folder) == {}
    again = cli("best", folder, "-n", 3, "--to", tmp_path / "few")
    assert (again.code, "is there already" in again.err) == (2, True)


def test_merge(cli, folder, make_faceset, drawn, tmp_path):
    other = make_faceset([drawn(frame=1), drawn(frame=8)], "other")
    done = cli("merge", folder, other, tmp_path / "out")
    assert done.out == f"{tmp_path / 'out'}: 7 faces\n"
    assert "left out 1 faces" in done.err
    assert cli("merge", folder, tmp_path / "again").code == 2


def test_view(cli, folder, tmp_path):
    done = cli("view", folder, tmp_path / "faces.html", "--order", "yaw", "--group", "person", "--limit", 4)
    assert done.out == f"{tmp_path / 'faces.html'}\n"
    assert "it shows 4 of 6 faces" in done.err
    assert (tmp_path / "faces.html").read_text().count("data:image/jpeg") == 4
    assert json.loads(cli("view", folder, tmp_path / "faces.html", "--json").out)["shown"] == 6
    wrong = cli("view", folder, "--order", "yaw")
    assert (wrong.code, "names the page to write" in wrong.err) == (2, True)


def test_a_faceset_of_a_project(cli, folder, project_file, fake_registry, monkeypatch, tmp_path):
    for where in ("understudy.plugins.discover", "understudy.facesets.opening.discover_for"):
        monkeypatch.setattr(where, lambda *_: fake_registry)
    path = project_file(("scene: {clips: [scene.mp4]}", f"scene: {{clips: [scene.mp4]}}\n  ready: {{faces: {folder}}}"))
    assert json.loads(cli("info", path, "ready", "--json").out)["faces"] == 6
    assert "holds 6 faces" not in cli("info", path, "redy").err
    unknown = cli("info", path, "redy")
    assert (unknown.code, "Did you mean 'ready'" in unknown.err) == (2, True)
    later = cli("info", path, "scene")
    assert (later.code, "not extracted yet" in later.err) == (2, True)
    assert cli("merge", f"{path}:ready", folder, tmp_path / "out").code == 0
    alone = cli("info", path)
    assert (alone.code, "name one of a project's facesets" in alone.err) == (2, True)


def test_no_faceset_there(cli, tmp_path):
    nothing = cli("info", tmp_path / "nowhere")
    assert (nothing.code, "is not there" in nothing.err) == (2, True)
    other = cli("info", tmp_path)
    assert (other.code, "holds no faceset" in other.err) == (2, True)
    assert not (tmp_path / "index.sqlite").exists()


def test_a_busy_faceset_is_said(cli, folder, monkeypatch):
    import sqlite3

    def busy(*_, **__):
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise error

    monkeypatch.setattr("understudy.faceset.Faceset.set_measures", busy)
    done = cli("sort", folder, "--by", "yaw")
    assert (done.code, "cannot be used now: database is locked" in done.err) == (1, True)


def test_help_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['understudy', 'faceset', '--help']\n"
        "from understudy.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in ('numpy', 'cv2', 'skimage', 'av', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
