"""The WebSocket: devices join, listen, show, and misbehave."""

import asyncio
import contextlib
import itertools
import json
import random
import socket
import time

import jsonschema
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from standpartner.demo.bundled import load_canon
from standpartner.live.protocol import messages
from standpartner.live.scores.library import Library
from standpartner.score import read_print
from tests.live.conftest import SCORE, put_into
from tests.live.protocol.small_client import play

NOISE = np.random.default_rng(0).normal(0, 0.01, 22_050).astype(np.float32)


def last_words(connection, *, seconds=20.0):
    """The last message before the server closed the connection, and the code of its closing."""
    text = None
    try:
        while True:
            text = connection.recv(timeout=seconds)
    except ConnectionClosed as closed:
        return json.loads(text) if text else None, closed.rcvd.code if closed.rcvd else None


def test_a_listening_device_is_told_where_the_music_is(server):
    device = server.client()
    assert device.welcome["state"] == "idle"
    assert device.welcome["page"] == 1
    assert device.start() == {
        "type": "state",
        "state": "waiting",
        "listening": True,
        "take": device_take(server, device),
    }
    device.sound(NOISE)
    position = device.told("position")
    assert (position["page"], position["bar"], position["strip_x_px"]) == (1, 1, 40.0)
    device.say(type="stop")
    assert device.told("state")["state"] == "idle"
    take = device.told("take")
    assert take["duration_s"] == pytest.approx(1.0, abs=0.1)
    assert len(server.json("GET", f"/api/takes/{take['id']}.json")["positions"]) >= 19


def device_take(server, device):
    return server.app.hub.sessions[device.welcome["session"]].take


def test_all_that_the_server_says_fits_the_schema(server):
    schema = {**messages.schema(), "$ref": "#/$defs/ServerMessage"}
    device = server.client()
    device.start()
    device.sound(NOISE)
    device.say(type="move", bar=20)
    device.say(type="turn_page", page=1)
    device.say(type="nonsense")
    device.say(type="stop")
    kinds = set()
    while "take" not in kinds:
        message = json.loads(device.connection.recv(timeout=20))
        jsonschema.validate(message, schema)
        kinds.add(message["type"])
    jsonschema.validate(device.welcome, schema)
    assert {"state", "position", "turn", "error", "take"} <= kinds


def test_two_showing_devices_show_the_same_place_within_200_ms(server):
    device = server.client()
    shows = [server.client("show"), server.client("show", score=None)]
    device.start()
    delays = []
    for bar in (5, 9, 17, 2):
        device.sound(NOISE[:4410])
        asked_s = time.monotonic()
        device.say(type="move", bar=bar)
        for show in shows:
            position = show.told("position")
            while position["bar"] != bar:
                position = show.told("position")
            delays.append(time.monotonic() - asked_s)
    assert max(delays) < 0.2 or np.median(delays) < 0.1, delays  # one delay may be another program's


def test_a_showing_device_may_turn_pages_and_all_are_told(server):
    device, show = server.client(), server.client("show")
    assert show.welcome["session"] == device.welcome["session"]
    show.say(type="turn_page", page=3)
    assert device.told("turn") == {"type": "turn", "page": 3, "reason": "player"}
    show.say(type="start")
    assert "only a listening device starts" in show.told("error")["sentence"].lower()


def test_a_showing_device_without_music_is_welcomed_again_when_it_begins(server):
    show = server.client("show", score=None)
    assert (show.welcome["session"], show.welcome["score"]) == (None, None)
    device = server.client()
    device.start()
    assert show.told("welcome")["session"] == device.welcome["session"]
    device.sound(NOISE)
    assert show.told("position")["page"] == 1


def test_a_device_that_comes_back_goes_on(server):
    device = server.client()
    device.start()
    device.say(type="move", bar=7)
    device.sound(NOISE)
    while device.told("position")["bar"] != 7:
        pass
    device.close()
    again = server.client(session=device.welcome["session"])
    assert again.welcome["listening"]
    assert again.welcome["position"]["bar"] == 7
    again.say(type="audio", sample_rate_hz=48_000, channels=2)
    again.connection.send(np.zeros(9600, "<f4").tobytes())
    assert again.told("position")["bar"] == 7


def test_a_second_listener_of_a_session_takes_the_place_of_the_first(server):
    first = server.client()
    second = server.client(session=first.welcome["session"])
    assert first.told("error")["code"] == "ended"
    second.start()
    first.connection.send(NOISE.tobytes())
    assert "only shows" in first.told("error")["sentence"]


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (b"\x00\x01", "must be a hello"),
        ('{"type": "stop"}', "must be a hello"),
        ('{"type": "hello", "version": 99, "role": "show"}', "speaks version 1"),
        ('{"type": "hello", "version": 1, "role": "listen"}', "names the score"),
        ('{"type": "hello", "version": 1, "role": "listen", "score": "nothing"}', "no such score"),
        ('{"type": "hello", "version": 1, "role": "listen", "session": "gone"}', "session is over"),
    ],
)
def test_a_hello_that_cannot_be_ends_with_a_sentence(server, first, words):
    with server.socket() as connection:
        connection.send(first)
        message, code = last_words(connection)
        assert (message["type"], message["fatal"], code) == ("error", True, 1008)
        assert words in message["sentence"]


def test_a_first_message_that_is_nonsense_ends_with_a_sentence(server):
    with server.socket() as connection:
        connection.send("nonsense")
        message, code = last_words(connection)
        assert (message["code"], code) == ("bad_message", 1008)


def test_silence_instead_of_a_hello_ends(run_server):
    server = run_server(hello_s=0.2)
    with server.socket() as connection:
        message, code = last_words(connection)
        assert ("No hello came" in message["sentence"], code) == (True, 1008)


def test_the_token_may_come_in_the_hello(run_server):
    server = run_server(token="right")  # noqa: S106
    for token, welcome in (("right", True), ("wrong", False), (None, False)):
        with server.socket() as connection:
            connection.send(json.dumps({"type": "hello", "version": 1, "role": "show", "token": token}))
            message = json.loads(connection.recv(timeout=20))
            assert (message["type"] == "welcome") == welcome
            assert welcome or message["code"] == "not_allowed"


def test_other_sites_get_no_socket(server):
    with pytest.raises(InvalidStatus) as refused, server.socket(origin="http://evil.example"):
        pass
    assert refused.value.response.status_code == 403


def test_sound_that_cannot_be_heard_is_one_sentence_and_the_session_lives(server):
    device = server.client()
    device.connection.send(NOISE.tobytes())
    assert "before its rate" in device.told("error")["sentence"]
    device.start()
    time.sleep(1.1)  # the same sentence comes once a second at most
    device.connection.send(b"12345")
    assert "5 bytes are not" in device.told("error")["sentence"]
    device.connection.send(np.full(4410, np.nan, "<f4").tobytes())
    assert "not finite numbers" in device.told("error")["sentence"]
    device.connection.send(np.full(4410, 1e30, "<f4").tobytes())
    device.sound(NOISE)
    assert device.told("position")["page"] == 1


def test_a_changed_sample_rate_in_mid_stream_is_followed(server):
    device = server.client()
    device.start()
    for rate_hz in (22_050, 48_000, 44_100):
        device.say(type="audio", sample_rate_hz=rate_hz, channels=2)
        device.sound(np.zeros(2 * rate_hz, np.float32), frame=rate_hz // 25)
    device.say(type="stop")
    assert device.told("take")["duration_s"] == pytest.approx(3.0, abs=0.1)


def test_a_frame_that_is_too_large_closes(run_server):
    server = run_server(most_frame_bytes=50_000)
    device = server.client()
    device.connection.send(bytes(60_000))
    assert last_words(device.connection)[1] == 1009


def test_a_text_that_is_too_large_ends_with_a_sentence(server):
    device = server.client()
    device.connection.send('{"type": "stop", "x": "' + "y" * 70_000 + '"}')
    message, code = last_words(device.connection)
    assert ("too large" in message["sentence"], code) == (True, 1009)


def test_sound_faster_than_it_is_played_ends_with_a_sentence(run_server):
    server = run_server(ahead_s=2.0)
    device = server.client()
    device.start()
    with contextlib.suppress(ConnectionClosed):
        for _ in range(20):  # on a slow machine the clock is ahead of some of it
            device.sound(NOISE)
    message, _ = last_words(device.connection)
    assert "drop the recording on the page" in message["sentence"]


def test_a_flood_of_messages_ends_with_a_sentence(server):
    device = server.client()
    with contextlib.suppress(ConnectionClosed):
        for _ in range(2_000):
            device.say(type="settings")
    message, code = last_words(device.connection)
    assert (message["code"], code) == ("too_fast", 1008)


def test_without_room_a_new_listener_is_told_and_those_who_play_are_kept(run_server):
    server = run_server(most_listeners=1)
    player = server.client()
    player.start()
    with server.socket() as connection:
        connection.send(json.dumps({"type": "hello", "version": 1, "role": "listen", "score": SCORE}))
        message, code = last_words(connection)
        assert (message["type"], message["retry_s"], code) == ("busy", 30.0, 1013)
        assert "those who play go on" in message["sentence"]
    assert server.client("show").welcome["listening"]  # showing devices are always let in
    player.sound(NOISE)
    assert player.told("position")


def test_without_room_for_connections_one_more_is_told(run_server):
    server = run_server(most_connections=1)
    server.client("show")
    with server.socket() as connection:
        assert last_words(connection)[0]["type"] == "busy"


def test_a_device_that_does_not_read_slows_nobody_and_is_dropped(run_server):
    server = run_server(stuck_s=0.5, ahead_s=1e6)
    device, show = server.client(), server.client("show")
    server.listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2048)  # of the next connections, too
    with socket.socket() as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        stuck.connect(("127.0.0.1", server.port))
        stuck.sendall(
            b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        text = b'{"type":"hello","version":1,"role":"show","score":"%s"}' % SCORE.encode()
        assert stuck.recv(1024).startswith(b"HTTP/1.1 101")  # what comes along with the request is lost
        stuck.sendall(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
        session = server.app.hub.sessions[device.welcome["session"]]
        wait_until(lambda: len(session.clients) == 3)
        device.start()
        deadline = time.monotonic() + 30
        while len(session.clients) == 3 and time.monotonic() < deadline:
            device.sound(NOISE)
            while show.told("position")["heard_s"] < 0.5:
                pass
            drain(device, show)
        assert len(session.clients) == 2
        device.sound(NOISE)
        assert show.told("position")


def wait_until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def drain(*devices):
    for device in devices:
        with contextlib.suppress(TimeoutError):
            while True:
                device.connection.recv(timeout=0.0)


def test_a_correction_reaches_all_devices(server):
    device, show = server.client(), server.client("show")
    server.json("PATCH", f"/api/scores/{SCORE}", {"links": [{"from_bar": 2, "to_bar": 1}]})
    assert show.told("score_changed")["score"] == device.told("score_changed")["score"] == SCORE
    server.json("PATCH", f"/api/scores/{SCORE}", {"page_order": [2]})
    show.told("score_changed")
    device.say(type="turn_page", page=2)
    assert "no page 2; the score has 1" in device.told("error")["sentence"]


def test_a_deleted_score_ends_its_sessions(server):
    device = server.client()
    server.request("DELETE", f"/api/scores/{SCORE}")
    assert device.told("error")["code"] == "no_score"
    device.say(type="stop")
    assert "nothing is played" in device.told("error")["sentence"].lower()


def fuzzed(rng: random.Random) -> str | bytes:
    """A message that is right, nearly right, or nothing of the kind."""
    kind = rng.choice(["right", "broken", "bytes", "deep", "wild"])
    fit = rng.choice(
        [
            {"type": "audio", "sample_rate_hz": rng.choice([4000, 44_100, 48_000]), "channels": rng.randint(1, 8)},
            {"type": "start", "bar": rng.choice([None, 1, 7, 24, 25]), "anywhere": rng.random() < 0.3},
            {"type": "stop"},
            {"type": "move", "bar": rng.randint(1, 30)},
            {"type": "move", "page": rng.randint(1, 4), "page_x": rng.random(), "page_y": rng.random()},
            {"type": "turn_page", "page": rng.randint(1, 5)},
            {"type": "settings", "lead_systems": rng.random() * 5, "lead_by_page": {"2": 0.5}},
        ]
    )
    if kind == "right":
        return json.dumps(fit)
    if kind == "broken":
        text = json.dumps(fit)
        return text[: rng.randint(0, len(text))] + chr(rng.randint(32, 0x2FFF)) + text[rng.randint(0, len(text)) :]
    if kind == "bytes":
        return rng.randbytes(rng.choice([0, 1, 3, 4, 400, 1764, 3528]))
    if kind == "deep":
        return rng.choice(["[", '{"a":']) * rng.randint(1, 3000)
    fit[rng.choice(list(fit))] = rng.choice([None, -1, 1e308, "x" * 300, [], {}, True, "\ud7ff\u0000", 10**30])
    return json.dumps(fit)


def send_fuzz(server, count: int, *, seed: int) -> int:
    """Send messages, on new connections where the server ended the old; return how many it ended."""
    rng, ended, sent = random.Random(seed), 0, 0
    device = server.client()
    while sent < count:
        try:
            device.connection.send(fuzzed(rng))
            sent += 1
            if sent % 100 == 0:
                drain(device)
        except ConnectionClosed:
            ended += 1
            device = server.client()
    return ended


def check_alive(server, caplog) -> None:
    device = server.client()
    device.start()
    device.sound(NOISE)
    assert device.told("position")
    assert [record for record in caplog.records if record.exc_info] == []


def test_random_messages_break_nothing(server, caplog):
    send_fuzz(server, 300, seed=1)
    check_alive(server, caplog)


@pytest.mark.slow
def test_five_thousand_random_messages_break_nothing(server, caplog):
    send_fuzz(server, 5_000, seed=2)
    check_alive(server, caplog)


def test_the_small_client_of_the_documentation_follows_real_music(run_server, tmp_path):
    piece = load_canon()
    library = Library(tmp_path / "library")
    put_into(library, read_print([piece.score]).score, name="canon")
    library.close()
    server = run_server(late_s=1_000.0)
    bars = asyncio.run(play(f"ws://127.0.0.1:{server.port}/ws", "canon", str(piece.recording), seconds_a_second=200))
    assert len(set(bars)) >= 20  # positions that a slow reader misses are replaced by newer ones
    assert bars[-1] >= 36
    assert sum(after < before for before, after in itertools.pairwise(bars)) <= 6  # it may waver about a barline
