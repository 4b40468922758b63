"""Is the page whole: every picture in it, nothing outside it, and no text that becomes markup?"""

from html.parser import HTMLParser

import numpy as np
import pytest

from understudy.errors import RequestError
from understudy.faceset import Faceset
from understudy.facesets.groups import Grouping
from understudy.facesets.viewing import View, timecode, write_sheet
from understudy.progress import Silent


class Page(HTMLParser):
    """What a browser would fetch and show."""

    def __init__(self, text):
        super().__init__()
        self.links, self.images, self.figures, self.headings, self.tags = [], [], [], [], set()
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        of_tag = dict(attrs)
        self.tags.add(tag)
        self.inside = tag
        if tag == "img":
            self.images.append(of_tag["src"])
        elif "src" in of_tag or "href" in of_tag:
            self.links.append(attrs)
        if tag == "figure":
            self.figures.append(of_tag)

    def handle_data(self, data):
        if self.inside == "h2" and data.strip():
            self.headings.append(data.strip())


@pytest.fixture
def page(tmp_path):
    def write(folder, **view):
        with Faceset(folder, writable=True) as index:
            sheet = write_sheet(index, tmp_path / "pages" / "faces.html", View(**view), Silent())
        text = sheet.path.read_text(encoding="utf-8")
        return sheet, text, Page(text)

    return write


def test_every_picture_is_in_the_page_and_nothing_outside(make_faceset, drawn, page):
    sheet, text, found = page(make_faceset([drawn(frame=at, seed=at, yaw=at) for at in range(5)]))
    assert (sheet.shown, sheet.faces, len(found.images)) == (5, 5, 5)
    assert all(source.startswith("data:image/jpeg;base64,/9j/") for source in found.images)
    assert (found.links, "http:" in text, "https:" in text, "url(" in text) == ([], False, False, False)
    assert [(figure["data-yaw"], figure["data-rank"]) for figure in found.figures[:2]] == [("0.0", "0"), ("1.0", "1")]


def test_faces_come_in_the_order_that_was_asked_for(make_faceset, drawn, page):
    folder = make_faceset([drawn(frame=at, sharpness=value) for at, value in enumerate((5, 9, 7))])
    _, _, found = page(folder, order="sharpness")
    assert [figure["data-sharpness"] for figure in found.figures] == ["9.00", "7.00", "5.00"]


def test_a_chain_is_kept_for_the_next_page(make_faceset, drawn, page):
    folder = make_faceset([drawn(frame=at, light=0.3 + 0.3 * (at % 2)) for at in range(4)])
    _, _, found = page(folder, order="hist")
    with Faceset(folder, writable=True) as index:
        kept = index.measures("order:hist")
        index.set_measures("order:hist", {name: -rank for name, rank in kept.items()})
    _, _, again = page(folder, order="hist")
    assert [figure["title"] for figure in again.figures] == [figure["title"] for figure in reversed(found.figures)]


def test_groups_have_headings(make_faceset, drawn, page):
    folder = make_faceset([drawn(frame=at, track=at % 2) for at in range(4)])
    _, _, found = page(folder, group=Grouping("track"))
    assert found.headings == ["track 0 (2)", "track 1 (2)"]


def test_a_large_set_is_shown_in_part_and_says_so(make_faceset, drawn, page):
    folder = make_faceset([drawn(frame=at, seed=at) for at in range(11)])
    sheet, text, found = page(folder, limit=3)
    assert (sheet.shown, len(found.images)) == (3, 3)
    assert [figure["data-time"] for figure in found.figures] == ["0.000", "0.200", "0.400"]
    assert "3 of 11 faces, evenly spread" in text
    assert page(folder, limit=0)[0].shown == 11


def test_text_never_becomes_markup(make_faceset, drawn, page):
    bad = '<script>"x"&\'</script>'
    folder = make_faceset([drawn()], people={0: (bad, np.ones(2, np.float32))}, clip='a"<b>')
    with Faceset(folder, writable=True) as index:
        index.mark([next(index.all_rows()).name], bad)
    _, text, found = page(folder, group=Grouping("person"))
    assert bad not in text
    assert bad in found.figures[0]["data-words"]
    assert found.figures[0]["class"] == "marked"
    assert "b" not in found.tags - {"b"}
    assert text.count("<script>") == 1


def test_a_damaged_picture_is_shown_as_such(make_faceset, drawn, damage, page):
    folder = make_faceset([drawn(frame=at) for at in range(2)])
    name = damage(folder, 1)
    sheet, text, found = page(folder)
    assert (sheet.damaged, len(found.images), len(found.figures)) == ((name,), 1, 2)
    assert "<div class='damaged'>damaged</div>" in text


def test_no_faces_no_page(make_faceset, tmp_path, page):
    with pytest.raises(RequestError, match="no faces to show"):
        page(make_faceset([]))
    assert not (tmp_path / "pages").exists()


def test_time_is_written_as_projects_write_it():
    assert [timecode(time_s) for time_s in (0, 59.9996, 3723.25)] == ["00:00:00.000", "00:01:00.000", "01:02:03.250"]
