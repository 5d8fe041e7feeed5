"""The viewer in a real browser: complete in itself, frame by frame where the trace is, switches and keys work."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.explain.traces.presentation import Presentation
from standpartner.explain.traces.trace import Overlay
from standpartner.explain.traces.viewer import write_viewer

PROBE = """
<script>
const frames = %s, report = [];
function columns(canvas, wanted, enough = 60) {  /* CSS px of columns that hold much of a colour */
  const image = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height), found = [];
  for (let x = 0; x < canvas.width; x++) {
    let count = 0;
    for (let y = 0; y < canvas.height; y++) {
      const at = 4 * (y * canvas.width + x);
      if (wanted.every((part, k) => Math.abs(part - image.data[at + k]) < 8)) count++;
    }
    if (count > enough) found.push(x * canvas.getBoundingClientRect().width / canvas.width);
  }
  return found;
}
const middle = list => list.length ? list.reduce((a, b) => a + b) / list.length : null;
function dark(canvas) {  /* how dark the newest column of the spectrogram gets */
  const x = canvas.width - Math.round(canvas.width / 80), ink = canvas.getContext("2d");
  return Math.min(...ink.getImageData(x, 2, 1, canvas.height * .9 | 0).data.filter((_, k) => k %% 4 === 0));
}
const AGENT = [0, 114, 178], TARGET = [213, 94, 0];
function look() {
  return {frame: frameNow(), time: audio.currentTime, width: $("strip").getBoundingClientRect().width,
    height: $("strip").getBoundingClientRect().height, agent: middle(columns($("strip"), AGENT)),
    target: middle(columns($("strip"), TARGET)), dark: dark($("heard")), state: body.dataset.state,
    spoke: middle(columns($("strip"), [234, 174, 38], 30)),
    numbers: $("numbers").innerText, bars: $("bars").innerText};
}
const seeked = () => new Promise(done => audio.addEventListener("seeked", done, {once: true}));
const press = key => document.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
async function go(action) { const there = seeked(); action(); await there; draw(); }
async function run() {
  await ready;
  if (audio.readyState < 3) await new Promise(done => audio.addEventListener("canplay", done, {once: true}));
  for (const frame of frames) { await go(() => toFrame(frame)); report.push(look()); }
  await go(() => toFrame(frames[1]));
  await go(() => press("."));
  const next = frameNow();
  await go(() => press(","));
  const back = frameNow();
  await go(() => press("ArrowRight"));
  const later = frameNow();
  press("1");
  const hidden = columns($("strip"), TARGET).length, pressed = $("switch-target").ariaPressed;
  press("1");
  const shown = columns($("strip"), TARGET).length;
  press("v");
  const view = body.dataset.view, agentOnPage = middle(columns($("page"), AGENT, 30));
  const page = $("page").getBoundingClientRect().width;
  press("v");
  await go(() => press("l"));
  const loss = frameNow();
  press(" ");
  const playing = !audio.paused;
  press(" ");
  return {report, next, back, later, hidden, pressed, shown, view, agentOnPage, page, loss, playing,
    stopped: audio.paused, switches: [...$("switches").children].map(b => b.id), forScore: arrays.forScore?.shape};
}
const send = result => fetch("%s", {method: "POST", mode: "no-cors", body: JSON.stringify(result)});
run().then(send, error => send({error: String(error.stack)}));
</script>
</body>
"""


def probed(page, browser, frames):
    path = page.with_name("probed.html")
    path.write_text(page.read_text().replace("</body>", PROBE % (json.dumps(frames), browser.report_url)))
    return browser.browse(path.as_uri(), "1300,900")


@pytest.fixture
def tune(tiny_pieces, made_up):
    """A real small piece, and an agent that is ahead, is lost for a while, and is back."""
    piece = tiny_pieces[0]
    track = piece.tracks()[0]
    error = np.full(track.last_frame - track.first_frame + 1, 22.0)
    error[70:80] = 80.0
    audio = np.zeros(len(track.spectrogram) * SAMPLE_RATE_HZ // 20, np.float32)
    return Presentation("A </script> tune", "nobody", made_up(track, error), piece.score, audio)


def test_needs_nothing_else(tune, tmp_path):
    write_viewer(tmp_path / "page.html", tune)
    text = (tmp_path / "page.html").read_text()
    assert "locate: by the last seconds" in text  # how many depends on the agent
    assert not re.search(r"https?://|src=[\"'](?!data:)|@import|url\(", text)
    assert "{{" not in text
    assert "<title>A &lt;/script&gt; tune" in text
    assert len(text) < 1_000_000


def test_the_page_shows_the_trace_frame_by_frame(tune, browser, tmp_path):
    write_viewer(tmp_path / "page.html", tune)
    trace, first = tune.trace, tune.trace.first_frame
    frames = [0, first + 40, first + 75, first + 100]
    found = probed(tmp_path / "page.html", browser, frames)
    for frame, seen in zip(frames, found["report"], strict=True):
        state = trace.state_at(frame)
        assert seen["frame"] == frame
        assert seen["agent"] == pytest.approx(seen["width"] / 2, abs=1.5)
        zoom = (seen["height"] - 40 - 38) / 160
        assert (seen["agent"] - seen["target"]) / zoom == pytest.approx(trace.error_px[state], abs=1.5)
        assert seen["state"] == ("waiting" if frame < first else "lost" if trace.lost[state] else "following")
        assert f"({trace.error_px[state]:+.0f} px)" in seen["numbers"]
        if frame > first:
            assert f"{trace.reward[state - 1]:.2f}" in seen["numbers"]
            assert f"{trace.value[state]:.2f}" in seen["numbers"]
            assert "0.80" in seen["bars"]
    assert (found["next"], found["back"], found["later"]) == (frames[1] + 1, frames[1], frames[1] + 40)
    assert (found["hidden"], found["pressed"]) == (0, "false")
    assert found["shown"] > 0
    assert found["view"] == "page"
    assert 0 < found["agentOnPage"] < found["page"]
    assert found["loss"] == first + 70
    assert (found["playing"], found["stopped"]) == (True, True)
    assert found["switches"] == [f"switch-{name}" for name in ("target", "bounds", "locate", "tracker")]


def test_sound_and_spectrogram_are_in_step(clicks, made_up, browser, tmp_path):
    """At the frame of a click, and not before, the newest column of what was heard is dark."""
    error = np.zeros(clicks.trace.states)
    error[50:55] = 60.0
    write_viewer(tmp_path / "page.html", replace(clicks, trace=made_up(clicks.trace.track, error)))
    onsets = clicks.trace.track.onset_frames
    frames = [int(onsets[2]) - 1, int(onsets[2]), int(onsets[5]) - 1, int(onsets[5])]
    found = probed(tmp_path / "page.html", browser, frames)
    assert [seen["dark"] < 100 for seen in found["report"]] == [False, True, False, True]
    for frame, seen in zip(frames, found["report"], strict=True):
        assert seen["time"] == pytest.approx(frame / 20, abs=0.01)
    assert found["view"] == "strip", "without pages there is no page view"


def test_an_attribution_can_be_switched_and_stays_on_its_notes(tune, browser, tmp_path):
    score = np.zeros((2, 160, 512), np.float32)
    score[:, :, 288:304] = 1.0  # 32 to 48 px right of the agent
    spoke = Overlay(np.array([30, 44]), score, np.ones((2, 35, 78), np.float32), ("one", "other"))
    write_viewer(tmp_path / "page.html", replace(tune, attribution=spoke))
    states = [20, 30, 40, 50]
    found = probed(tmp_path / "page.html", browser, [tune.trace.first_frame + state for state in states])
    assert found["switches"][-1] == "switch-attribution"
    assert found["forScore"] == [2, 40, 128]
    assert found["report"][0]["spoke"] is None
    for state, explained, seen in zip(states[1:], [30, 30, 44], found["report"][1:], strict=True):
        zoom = (seen["height"] - 40 - 38) / 160
        right_px = 40 + tune.trace.centre_px(explained) - tune.trace.centre_px(state)
        assert (seen["spoke"] - seen["width"] / 2) / zoom == pytest.approx(right_px, abs=2.5)
