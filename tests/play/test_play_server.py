"""The server: what it gives, what it plays, what it refuses."""

import http.client
import io
import json
import re
import threading
from functools import partial

import numpy as np
import pytest
import soundfile
from PIL import Image

from standpartner.errors import ConfigError
from standpartner.game import OraclePolicy
from standpartner.game.rendering import loudness_grey
from standpartner.play import PlayServer, Round, play_round
from standpartner.play import server as server_module
from standpartner.support.embed import tiles

SAME, FASTER = 1, 2


@pytest.fixture
def server(music):
    with PlayServer(music) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(server, method, path, body=None, headers=None):
    """Status, kind and body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers["Content-Type"], content


def post(server, path, **values):
    status, _, content = ask(server, "POST", path, json.dumps(values))
    return status, json.loads(content)


def test_the_page_needs_nothing_from_elsewhere(server, music):
    status, kind, content = ask(server, "GET", "/")
    page = content.decode()
    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert not re.search(r"https?://|src=[\"'](?!data:)|@import|url\(|\{\{", page)
    assert "<title>A &lt;ramp&gt;" in page
    assert "<h1>A &lt;ramp&gt;</h1>" in page
    data = json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)[1])
    assert data["boundPx"] == 50
    assert data["start"] == Round(music).view()


def test_pictures_and_sound_are_those_of_the_track(server, music, monkeypatch):
    monkeypatch.setattr(server_module, "tiles", partial(tiles, width_px=70))
    contents = server_module._contents(music)

    def joined(kind):
        kept = [contents[path][1] for path in sorted(contents) if path.startswith(f"/{kind}/")]
        return np.concatenate([np.asarray(Image.open(io.BytesIO(tile))) for tile in kept], axis=1)

    np.testing.assert_array_equal(joined("strip"), music.track.strip)
    np.testing.assert_array_equal(joined("heard"), loudness_grey(music.track.spectrogram).T[::-1])
    sound, rate_hz = soundfile.read(io.BytesIO(ask(server, "GET", "/sound.flac")[2]))
    assert (rate_hz, len(sound)) == (22_050, len(music.audio))


def test_steps_are_played_by_the_rules_and_end_beside_the_oracle(server, music):
    expected = Round(music)
    _, first = post(server, "/start")
    assert first == {"round": 1, **expected.view()}
    actions = [FASTER, FASTER, *[SAME] * 60]  # more than there are frames
    status, some = post(server, "/step", round=1, frame=10, actions=actions[:5])
    assert status == 200
    assert some == {"views": [expected.step(action) for action in actions[:5]], "measures": None}
    _, rest = post(server, "/step", round=1, frame=15, actions=actions[5:])
    assert len(rest["views"]) == 43
    assert rest["views"] == [expected.step(action) for action in actions[5 : 5 + 43]]
    assert rest["views"][-1]["state"] == "finished"
    oracle = play_round(OraclePolicy(), music).measures()
    assert rest["measures"] == {"you": expected.measures(), "oracle": oracle}
    assert post(server, "/step", round=1, frame=58, actions=[SAME])[0] == 409


def test_a_request_that_comes_twice_is_played_once(server):
    post(server, "/start")
    assert post(server, "/step", round=1, frame=10, actions=[FASTER])[0] == 200
    status, answer = post(server, "/step", round=1, frame=10, actions=[FASTER])
    assert status == 409
    assert "stands at frame 11, not 10" in answer["error"]


def test_a_new_round_ends_the_one_before(server):
    post(server, "/start")
    _, second = post(server, "/start")
    assert second["round"] == 2
    status, answer = post(server, "/step", round=1, frame=10, actions=[SAME])
    assert status == 409
    assert "another was started" in answer["error"]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{",
        '{"round": 1, "frame": 10}',
        '{"round": 1, "frame": 10, "actions": []}',
        '{"round": 1, "frame": 10, "actions": [3]}',
        '{"round": 1, "frame": 10, "actions": [-1]}',
        '{"round": 1, "frame": 10, "actions": [true]}',
        '{"round": 1, "frame": 10.5, "actions": [1]}',
        '{"round": 1, "frame": 10, "actions": "11"}',
        '{"round": 1, "frame": 10, "actions": 1}',
        "[" * 50_000,
    ],
)
def test_nonsense_is_refused_and_changes_nothing(server, body):
    post(server, "/start")
    status, kind, content = ask(server, "POST", "/step", body)
    assert (status, kind) == (400, "application/json")
    assert json.loads(content)["error"].startswith("expected")
    assert post(server, "/step", round=1, frame=10, actions=[SAME])[0] == 200


def test_what_is_not_there_is_not_found(server):
    assert ask(server, "GET", "/strip/99.png")[0] == 404
    assert ask(server, "GET", "/../pyproject.toml")[0] == 404
    assert ask(server, "POST", "/")[0] == 404


def test_only_this_machine_is_served(server):
    assert server.server_address[0] == "127.0.0.1"
    for method in ("GET", "POST"):
        status, _, content = ask(server, method, "/", headers={"Host": "elsewhere.example:80"})
        assert status == 403
        assert server.url in json.loads(content)["error"]
    assert ask(server, "GET", "/", headers={"Host": f"localhost:{server.server_port}"})[0] == 200


def test_a_port_that_is_taken_is_told(server, music):
    with pytest.raises(ConfigError, match=f"cannot listen on port {server.server_port}"):
        PlayServer(music, port=server.server_port)
