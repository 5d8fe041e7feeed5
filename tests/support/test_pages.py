"""Pages say what they are given, whatever it holds."""

import html
import json
from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from standpartner.support.pages import render_page

TEMPLATES = ["follow/page.html", "explain/traces/viewer.html", "explain/embedding/page.html", "play/page.html"]
TITLES = [
    "</script><b>bold</b>",
    "</title><h1>other</h1>",
    "{{data}}",
    "{{ title }}",
    "{% raw %}",
    "<!--<script>",
    "a & b &amp; \"c\" 'd'",
    "one\u2028two\u2029three",
]


def filled(template, title):
    """A page whose data says the title too; only what all templates put in themselves is there."""
    return render_page(template, {"title": title, "data": data_with(title)})


def data_with(title):
    return {"said": title, "agent": title, "rules": title, "sound": title, "framesInView": 40, "frameRate": 20}


class Elements(HTMLParser):
    """The text of each element."""

    def __init__(self, page):
        super().__init__()
        self.open, self.texts = [], {}
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "link", "input"):
            self.open.append(dict(attributes).get("id", tag))

    def handle_endtag(self, tag):
        self.open.pop()

    def handle_data(self, text):
        self.texts[self.open[-1] if self.open else ""] = text


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_page_says_its_title_and_its_data(template, title):
    page = filled(template, title)
    texts = Elements(page).texts
    assert texts["title"].startswith(f"{title} · ")
    assert json.loads(texts["data"]) == data_with(title)
    assert "<" not in texts["data"]
    assert not {"\u2028", "\u2029"} & set(texts["data"])
    assert page.count("<script") == page.count("</script>") == 2
    assert page.count("</body>") == 1


def test_a_browser_reads_every_page_as_it_was_meant(browser, tmp_path):
    title = " ".join(TITLES)
    pages = [filled(template, title) for template in TEMPLATES]
    frames = "".join(f'<iframe srcdoc="{html.escape(page)}"></iframe>' for page in pages)
    probe = """<script>addEventListener("load", () => {
  const read = ({contentDocument: page}) => [page.title, page.querySelector("h1").textContent,
    JSON.parse(page.getElementById("data").textContent), page.querySelectorAll("b:not([id])").length];
  const found = [...document.querySelectorAll("iframe")].map(read);
  fetch("%s", {method: "POST", mode: "no-cors", body: JSON.stringify(found)});
});</script>"""
    path = tmp_path / "frames.html"
    path.write_text(f"<!DOCTYPE html><meta charset=utf-8>{frames}{probe % browser.report_url}")
    for shown, heading, data, bold in browser.browse(path.as_uri()):
        assert shown.startswith(title)
        assert heading == title
        assert data == data_with(title)
        assert bold == 0


def test_a_value_that_is_missing_or_that_json_cannot_say_is_an_error():
    with pytest.raises(UndefinedError, match="title"):
        render_page("follow/page.html", {"data": {}})
    with pytest.raises(ValueError, match="not JSON compliant"):
        render_page("follow/page.html", {"title": "x", "data": {"x": [float("nan")]}})


def test_the_colours_of_pages_are_those_of_pictures():
    from standpartner.support import palette

    assert f"--agent: {palette.AGENT.css};" in filled("play/page.html", "x")
    assert palette.AGENT.css == "#0072b2"
    assert tuple(palette.AGENT) == (0, 114, 178)
