"""The page in a real browser: it shows what the rules say, in time with the sound."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from standpartner.game import BatchedGame
from standpartner.play import PlayServer

PROBE = """
<script>
{  // with names of its own
const state = () => document.body.dataset.state, frame = () => standpartner.views.at(-1).frame;
const press = key => document.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
const until = test => new Promise((done, fail) => {
  const began = Date.now(), timer = setInterval(() => {
    if (test()) { clearInterval(timer); done(); }
    else if (Date.now() - began > 30000) { clearInterval(timer); fail(new Error("waited in vain for " + test)); }
  }, 5);
});
const pause_ms = time => new Promise(done => setTimeout(done, time));
const text = id => document.getElementById(id).textContent;
function column(red, green, blue) {  /* middle of the line of a colour, as a share of the window's width */
  const canvas = document.getElementById("score"), ratio = canvas.height / canvas.clientHeight;
  const row = canvas.getContext("2d").getImageData(0, Math.round(26 * ratio), canvas.width, 1).data, found = [];
  for (let x = 0; x < canvas.width; x++) {
    const near = [red, green, blue].every((value, k) => Math.abs(row[4 * x + k] - value) < 40);
    if (near) found.push(x);
  }
  return found.length ? (found[0] + found.at(-1) + 1) / 2 / canvas.width : null;
}
const lines = () => ({you: column(0, 114, 178), target: column(213, 94, 0)});
async function run() {
  await until(() => state() !== "loading");
%s
}
const send = result => fetch("%s", {method: "POST", mode: "no-cors", body: JSON.stringify(result)});
run().then(send, error => send({error: String(error.stack) + " in state " + state()}));
}
</script>
</body>
"""
FOLLOW = """
  const before = {state: state(), told: text("sheet")};
  press(" ");
  await until(() => state() === "following");
  press("ArrowRight");
  press("ArrowRight");
  await until(() => frame() >= 14);
  press(" ");
  await until(() => !busy);
  const stands = frame(), told = text("sheet");
  await pause_ms(200);
  const paused = {state: state(), told, stood: stands === frame(), button: text("go")};
  press(" ");
  await until(() => frame() >= 30);
  press("ArrowLeft");
  const late_s = [];  // now and then another program is in the way
  await until(() => { late_s.push(standpartner.audio.currentTime - frame() / 20); return frame() >= 38; });
  press("ArrowRight");
  await until(() => state() === "finished");
  return {before, paused, late_s, views: standpartner.views, measures: standpartner.measures, told: text("sheet"),
    speed: text("speed"), total: text("total"), lines: lines()};
"""
LOSE = """
  press("t");
  press(" ");
  await until(() => state() === "lost");
  const hidden = lines(), offBy = text("error"), told = text("sheet"), views = standpartner.views;
  press("t");
  const shown = lines();
  press(" ");
  await until(() => state() === "following" && frame() >= 12);
  return {hidden, shown, offBy, told, views, again: standpartner.views[0], button: text("go")};
"""


class Recorded(PlayServer):
    """Keeps the actions that were asked for."""

    def __init__(self, music):
        super().__init__(music)
        self.rounds = []

    def start_round(self):
        self.rounds.append([])
        return super().start_round()

    def step(self, *, number, frame, actions):
        answer = super().step(number=number, frame=frame, actions=actions)
        self.rounds[-1] += actions[: len(answer["views"])]
        return answer


@pytest.fixture
def watch(browser):
    def run(music, script):
        with Recorded(music) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                kind, page = server.contents["/"]
                probe = PROBE % (script, browser.report_url)
                server.contents["/"] = kind, page.replace(b"</body>", probe.encode())
                return browser.browse(server.url), server.rounds
            finally:
                server.shutdown()
                thread.join()

    return run


def check_by_the_rules(views, actions, music):
    """Every moment that the page showed is what the rules make of the actions."""
    game = BatchedGame([music.track], music.config)
    game.reset(0, 0)
    assert (views[0]["frame"], views[0]["position_px"]) == (game.frame[0], game.position_px[0])
    assert len(views) == len(actions) + 1
    for view, action in zip(views[1:], actions, strict=True):
        result = game.step(np.array([action]))
        assert view["frame"] == game.frame[0]
        assert view["position_px"] == game.position_px[0]
        assert view["error_px"] == pytest.approx(game.error_px[0])
        assert view["speed"] == game.speed[0]
        assert view["reward"] == pytest.approx(float(result.reward[0]))
        assert view["state"] == result.state(0)


def test_following_to_the_end(watch, music):
    found, [actions] = watch(music, FOLLOW)
    assert found["before"]["state"] == "not started"
    assert "← and → change it" in found["before"]["told"]
    assert found["paused"] == {"state": "paused", "told": "PausedSpace goes on.", "stood": True, "button": "Go on"}
    check_by_the_rules(found["views"], actions, music)
    assert [action - 1 for action in actions if action != 1] == [1, 1, -1, 1], "each press counts once"
    assert actions[0] == actions[1] == 2, "pressed in the lead-in: in the first frames, one a frame"
    assert -0.001 <= min(found["late_s"]) < 0.5
    last = found["views"][-1]
    assert last["state"] == "finished"
    assert found["speed"] == "+2 px a frame"
    assert found["total"] == f"{last['score']:.1f} of 48"
    assert found["told"].startswith("Finished: you followed to the last note")
    assert found["measures"]["you"]["score"] == last["score"] < found["measures"]["oracle"]["score"]
    assert found["lines"]["you"] == pytest.approx(0.5, abs=0.003)
    offset = (last["target_px"] - last["position_px"]) / music.config.window_width_px
    assert found["lines"]["target"] == pytest.approx(0.5 + offset, abs=0.006)


def test_losing_with_the_target_hidden_and_starting_again(watch, music):
    found, [actions, again] = watch(music, LOSE)
    check_by_the_rules(found["views"], actions, music)
    assert set(actions) == {1}
    assert found["views"][-1]["state"] == "lost"
    assert len(actions) == 26
    assert found["told"].startswith("Lost: the target was more than 50 px away")
    assert "target shown" not in found["told"]
    assert (found["hidden"]["target"], found["offBy"]) == (None, "hidden")
    assert found["shown"]["target"] == pytest.approx(0.5 + 52 / 150, abs=0.006)
    assert found["again"]["position_px"] == found["views"][0]["position_px"]
    assert len(again) >= 2
    assert found["button"] == "Pause"


def test_a_sound_that_cannot_be_played_is_told(watch, music):
    broken = replace(music, audio=np.zeros(0, np.float32))
    found, _ = watch(
        broken, '  return {state: state(), told: text("sheet"), off: document.getElementById("go").disabled};'
    )
    assert found["state"] == "failed"
    assert "The sound cannot be played." in found["told"]
    assert found["off"]
