"""The map, its page and the findings about the value."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("captum")
pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

import torch

from standpartner.errors import ConfigError
from standpartner.explain.activations.recording import record_activations
from standpartner.explain.activations.registry import explained
from standpartner.explain.embedding.findings import find_all
from standpartner.explain.embedding.page import MapPage, write_map_page
from standpartner.explain.embedding.points import Points
from standpartner.explain.embedding.tsne_map import draw_map, place_on_map
from standpartner.game.rules import PIANO
from standpartner.networks.read_once import ReadOnceNetwork


@pytest.fixture(scope="module")
def points(tiny_network_config, tiny_pieces) -> Points:
    torch.manual_seed(0)
    network = explained(ReadOnceNetwork(tiny_network_config))
    tracks = [piece.tracks()[0] for piece in tiny_pieces]
    return Points.of(tiny_pieces, record_activations(network, tracks, game=PIANO), window_px=512)


def invented(frames: int = 400, episodes: int = 6) -> Points:
    """Episodes of 20 s over systems of 500 px, all values 0."""
    second = np.tile(np.arange(frames) / 20, episodes)
    x, nothing = second * 100, np.zeros(frames * episodes)
    system_px = np.minimum(x % 500, 500 - x % 500)
    episode, frame = np.repeat(np.arange(episodes), frames), np.tile(np.arange(frames), episodes)
    left_s = frames / 20 - second
    return Points(episode, frame, nothing[:, None], x, nothing, second, left_s, nothing, system_px, *[nothing] * 3)


def test_points_know_where_they_are(points, tiny_pieces, tiny_network_config):
    first = tiny_pieces[0].tracks()[0]
    assert points.frame[0] == first.first_frame
    assert points.begun_s[0] == 0
    assert points.place[0] == 0
    assert points.left_s[0] == pytest.approx((first.last_frame - first.first_frame) / 20)
    assert points.system_px[0] == pytest.approx(first.onset_x_px[0])
    assert points.onsets[0] == np.sum(first.onset_x_px < first.onset_x_px[0] + 256)
    assert points.embedding.shape[1] == tiny_network_config.policy_hidden + tiny_network_config.memory


def test_points_are_thinned_evenly(points):
    few = points.thinned(10)
    assert len(few) == 10
    assert set(few.episode) == {0, 1}
    assert points.thinned(10**6) is points


def test_findings_say_what_holds():
    points = invented()
    noise = np.random.default_rng(0).normal(size=len(points))
    usual = 0.9 + 0.01 * noise
    planted = np.where(points.system_px < 60, usual + 0.1 * noise, usual)
    planted = np.where(points.begun_s < 2, usual + 0.1, np.where(points.left_s < 2, usual - 0.3, planted))
    assert [finding.holds for finding in find_all(replace(points, value=planted))] == ["yes", "yes", "yes"]
    assert [finding.holds for finding in find_all(replace(points, value=-planted))] == ["no", "no", "yes"]
    assert all(abs(finding.effect) < 0.3 for finding in find_all(replace(points, value=usual)))


def test_an_effect_is_in_standard_deviations():
    points = invented()
    values = np.where(points.begun_s < 2, 1.0, 0.0) + np.where(np.arange(len(points)) % 2, 0.5, -0.5)
    finding = find_all(replace(points, value=values))[0]
    assert finding.effect == pytest.approx(2.0)
    assert finding.spread_ratio == pytest.approx(1.0)
    assert (finding.frames, finding.rest) == (240, 2160)


def test_a_map_keeps_clusters_and_repeats_itself():
    rng = np.random.default_rng(0)
    embedding = rng.normal(size=(60, 8)).astype(np.float32)
    embedding[30:] += 20
    places = place_on_map(embedding, seed=1)
    np.testing.assert_array_equal(places, place_on_map(embedding, seed=1))
    inside = np.linalg.norm(places[:30] - places[:30].mean(axis=0), axis=1).max()
    assert np.linalg.norm(places[:30].mean(axis=0) - places[30:].mean(axis=0)) > inside
    with pytest.raises(ConfigError, match="at least 4"):
        place_on_map(embedding[:3], seed=1)


def test_a_map_is_drawn(points, tmp_path):
    few = points.thinned(40)
    draw_map(few.embedding[:, :2], few, title="a map", paths=[tmp_path / "map.png", tmp_path / "map.svg"])
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "map.svg").read_text()


PROBE = """
<script>
(async () => {
  const pause = () => new Promise(done => setTimeout(done, 25));
  const until = async test => { for (let k = 0; k < 400 && !test(); k++) await pause(); };
  const spot = k => {
    const box = map.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
    return {clientX: box.left + places[k][0] / ratio, clientY: box.top + places[k][1] / ratio, bubbles: true};
  };
  await until(() => places.length);
  map.dispatchEvent(new PointerEvent("pointermove", spot(7)));
  await until(() => document.body.dataset.shown);
  map.dispatchEvent(new MouseEvent("click", spot(7)));
  await until(() => document.body.dataset.played);
  const pixels = $("score").getContext("2d").getImageData(0, 0, 256, 80).data;
  const k = Number(document.body.dataset.shown);
  return {when: $("when").textContent, frame: data.frame[k], played: Number(document.body.dataset.played),
          dark: pixels.filter((value, i) => i % 4 === 0 && value < 100).length, same: [k, nearest(spot(7))]};
})().catch(error => ({error: String(error)}))
  .then(result => fetch("{{report}}", {method: "POST", mode: "no-cors", body: JSON.stringify(result)}));
</script>
</body>
"""


def test_the_page_shows_and_plays_a_moment(points, tiny_pieces, tmp_path, browser):
    few = points.thinned(30)
    path = tmp_path / "map.html"
    sounds = [np.zeros(22_050 * 12, np.float32)] * 2
    tracks = [piece.tracks()[0] for piece in tiny_pieces]
    places = np.stack([np.arange(30) % 6, np.arange(30) // 6], axis=1).astype(np.float64)
    write_map_page(path, MapPage("A map", places, few, tracks=tracks, sounds=sounds, window_px=512))
    path.write_text(path.read_text().replace("</body>", PROBE.replace("{{report}}", browser.report_url)))
    said = browser.browse(path.as_uri())
    assert said["same"] == [7, 7]
    assert said["when"].startswith(f"frame {said['frame']},")
    assert said["played"] == pytest.approx(max(0, said["frame"] / 20 - 1))
    assert said["dark"] > 200
