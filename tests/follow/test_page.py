"""The page: complete in itself, and in a real browser the cursor is where the positions say."""

import base64
import io
import json
import re

import numpy as np
import pytest
import soundfile
from PIL import Image

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.demo.bundled import load_menuet
from standpartner.errors import ConfigError
from standpartner.follow import write_page
from standpartner.follow.position import FramePosition, place_all
from standpartner.game.rules import target_x_px
from standpartner.hear import ArraySource, read_audio

SECONDS = 40
START_FRAME = 24
LOST = range(500, 540)
TRUTH_S = np.linspace(1.2, 66.0, 204)

PROBE = """
<script>
const times = %s, report = [];
const within = (mark, name) => parseFloat(mark.style[name]) / 100;
function look(time) {
  const mark = marks.here, page = mark.parentNode, number = +page.dataset.page, size = data.pages[number];
  const box = page.getBoundingClientRect(), at = mark.getBoundingClientRect(), other = marks.true;
  report.push({
    time, page: number + 1, x: within(mark, "left") * size.width,
    shown: (at.left + at.width / 2 - box.left) / box.width,
    top: within(mark, "top") * size.height, height: within(mark, "height") * size.height, width: size.width,
    seen: box.width > 0 && at.height > 10, measure: $("measure").textContent, state: document.body.dataset.state,
    percent: $("percent").textContent, trueSeen: other.style.display !== "none",
    trueX: other.parentNode ? within(other, "left") * data.pages[+other.parentNode.dataset.page].width : null,
  });
}
async function run() {
  if (audio.readyState < 3) await new Promise(done => audio.addEventListener("canplay", done, {once: true}));
  for (const time of times) {
    await new Promise(done => { audio.addEventListener("seeked", done, {once: true}); seek(time); });
    draw();
    look(audio.currentTime);
  }
  seek(times[1]);
  const page = slots.find(slot => slot.dataset.page === "0"), box = page.getBoundingClientRect(), s = data.systems[2];
  const x = box.left + .5 * (s.left + s.right) / data.pages[0].width * box.width;
  const y = box.top + .5 * (s.top + s.bottom) / data.pages[0].height * box.height;
  page.dispatchEvent(new MouseEvent("click", {clientX: x, clientY: y, bubbles: true}));
  const clicked = audio.currentTime;
  const press = key => document.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
  press("ArrowRight");
  const later = audio.currentTime;
  press("ArrowLeft");
  const back = audio.currentTime;
  press(" ");
  const playing = !audio.paused;
  press(" ");
  return {report, clicked, later, back, playing, stopped: audio.paused, duration: audio.duration};
}
const send = result => fetch("%s", {method: "POST", mode: "no-cors", body: JSON.stringify(result)});
run().then(send, error => send({error: String(error.stack)}));
</script>
</body>
"""


@pytest.fixture(scope="module")
def audio():
    return read_audio(load_menuet().recording)[: SECONDS * SAMPLE_RATE_HZ]


@pytest.fixture(scope="module")
def positions(menuet):
    """A reading at an uneven pace over both pages."""
    frames = np.arange(SECONDS * 20)
    x = np.clip(60 + np.cumsum(6.5 + 3 * np.sin(frames / 40)), 0, menuet.width_px - 1)
    x[: START_FRAME + 1] = menuet.onsets.x_px[0]
    return place_all(menuet, [FramePosition(k, float(x[k]), 0.25 + k / 2000, k in LOST) for k in frames])


@pytest.fixture(scope="module")
def page(menuet, positions, audio, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "index.html"
    write_page(
        path,
        menuet,
        positions=positions,
        sound=ArraySource(audio),
        truth_x_px=truth_x_px(menuet),
        start_frame=START_FRAME,
    )
    return path


def truth_x_px(menuet):
    return target_x_px(np.arange(SECONDS * 20), TRUTH_S, onset_x_px=menuet.onsets.x_px)


def embedded(page):
    text = page.read_text()
    return json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.DOTALL)[1])


def content(uri):
    return base64.b64decode(uri.split(",", 1)[1])


def test_needs_nothing_else(page):
    text = page.read_text()
    assert not re.search(r"https?://|src=[\"'](?!data:)|@import|url\(", text)
    assert len(text) < 1_500_000
    assert "{{" not in text


def test_holds_pages_and_sound(page, menuet, audio):
    data = embedded(page)
    assert "<h1>Menuet in G</h1>" in page.read_text()
    for shown, drawn in zip(data["pages"], menuet.pages, strict=True):
        image = np.asarray(Image.open(io.BytesIO(content(shown["image"]))).convert("L")).astype(int)
        assert np.abs(image - drawn).max() <= 9, "sixteen greys"
        assert len(content(shown["image"])) < 60_000
    sound, rate = soundfile.read(io.BytesIO(content(data["audio"])))
    assert (rate, len(sound)) == (SAMPLE_RATE_HZ, len(audio))
    assert np.corrcoef(sound, audio)[0, 1] > 0.98


def test_a_title_cannot_break_out(menuet, positions, audio, tmp_path):
    from dataclasses import replace

    path = tmp_path / "index.html"
    write_page(path, replace(menuet, title='</script><b>"x'), positions=positions, sound=ArraySource(audio[:100]))
    assert "<title>&lt;/script&gt;&lt;b&gt;&#34;x" in path.read_text()
    assert "<b>&#34;" not in path.read_text()
    assert embedded(path)["truth"] is None


def test_wrong_input(menuet, positions, audio, tmp_path):
    with pytest.raises(ConfigError, match="at least one position"):
        write_page(tmp_path / "x.html", menuet, positions=[], sound=ArraySource(audio))
    with pytest.raises(ConfigError, match="expected 800 true positions"):
        write_page(tmp_path / "x.html", menuet, positions=positions, sound=ArraySource(audio), truth_x_px=[1.0, 2.0])


@pytest.mark.parametrize("name", ["picture", "picture_without_bars"])
def test_a_picture_is_shown_with_the_measures_that_are_known(name, audio, browser, request, tmp_path):
    score = request.getfixturevalue(name)
    positions = place_all(score, [FramePosition(k, 300.0 + 5 * k, 0.9, False) for k in range(40)])
    path = tmp_path / "index.html"
    write_page(path, score, positions=positions, sound=ArraySource(audio[: 2 * SAMPLE_RATE_HZ]))
    look = """<script>
const look = () => ({shown: $("inMeasure").style.display !== "none", measure: $("measure").textContent,
  x: parseFloat(marks.here.style.left) / 100 * data.pages[0].width});
let result;
try { draw(1); result = look(); } catch (error) { result = {error: String(error.stack)}; }
fetch("%s", {method: "POST", mode: "no-cors", body: JSON.stringify(result)});
</script></body>"""
    path.write_text(path.read_text().replace("</body>", look % browser.report_url))
    found = browser.browse(path.as_uri())
    assert found["x"] == pytest.approx(positions[20].page_x_px, abs=0.2)
    if score.bars is None:
        assert (found["shown"], found["measure"]) == (False, "–")
    else:
        assert (found["shown"], found["measure"]) == (True, str(positions[20].measure))


@pytest.mark.parametrize("size", ["1440,900", "700,1000"])
def test_the_cursor_is_where_the_positions_are(size, page, menuet, positions, browser, tmp_path):
    frames = [0, 23, 40, 201, 350, 505, 620, 790]
    probed = tmp_path / "probed.html"
    probe = PROBE % (json.dumps([frame / 20 for frame in frames]), browser.report_url)
    probed.write_text(page.read_text().replace("</body>", probe))
    found = browser.browse(probed.as_uri(), size)
    assert found["duration"] == pytest.approx(SECONDS, abs=0.1)
    for frame, seen in zip(frames, found["report"], strict=True):
        expected = positions[frame]
        assert seen["time"] == pytest.approx(expected.time_s, abs=1e-4)
        assert seen["page"] == expected.page
        assert seen["x"] == pytest.approx(expected.page_x_px, abs=0.2)
        assert seen["shown"] == pytest.approx(expected.page_x_px / seen["width"], abs=0.004)
        assert seen["top"] < expected.page_y_px < seen["top"] + seen["height"]
        assert seen["seen"]
        assert seen["measure"] == str(expected.measure)
        state = "waiting" if frame < START_FRAME else "lost" if frame in LOST else "following"
        assert seen["state"] == state
        assert seen["percent"] == ("–" if state == "waiting" else f"{round(100 * expected.confidence)} %")
        true = menuet.place(np.interp(frame / 20, TRUTH_S, menuet.onsets.x_px))
        if seen["trueSeen"]:
            assert seen["trueX"] == pytest.approx(float(true.page_x_px), abs=0.2)
        else:
            assert int(true.page) + 1 != seen["page"], "hidden only when its page is not shown"
    system = menuet.systems
    middle = (system.strip_left_px[2] + system.strip_right_px[2]) / 2
    there = positions[round(found["clicked"] * 20)]
    assert there.system == 3
    assert abs(there.strip_x_px - middle) < 10
    assert found["later"] == pytest.approx(found["clicked"] + 2, abs=0.01)
    assert found["back"] == pytest.approx(found["clicked"], abs=0.01)
    assert found["playing"]
    assert found["stopped"]
