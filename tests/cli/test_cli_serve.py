"""The commands serve and listen."""

import re

import pytest
from typer.testing import CliRunner

from standpartner.cli import app
from standpartner.errors import ConfigError, MissingExtraError, OutputError, StandpartnerError
from standpartner.live.scores.library import Library
from standpartner.live.sound_card.microphone import MicrophoneSource


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_without_the_extra_there_is_one_sentence(monkeypatch):
    monkeypatch.setattr("standpartner.support.requirements.find_spec", lambda name: None if name == "uvicorn" else 1)
    error = run("serve").exception
    assert isinstance(error, MissingExtraError)
    assert str(error) == 'Uvicorn is not installed; install it with: pip install "standpartner[live]"'


def test_a_port_that_is_taken_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("standpartner.live.web.server.uvicorn.Server.run", lambda *_, **__: None)
    error = run("serve", "--host", "192.0.2.1", "--library", tmp_path, "--no-browser").exception
    assert isinstance(error, ConfigError)
    assert "cannot listen on 192.0.2.1 port 8765" in str(error)


def test_a_library_that_another_server_uses_is_one_sentence(tmp_path):
    library = Library(tmp_path)
    error = run("serve", "--port", 0, "--library", tmp_path, "--no-browser").exception
    library.close()
    assert isinstance(error, OutputError)
    assert "another server uses the library" in str(error)


@pytest.mark.parametrize("tls", [False, True])
def test_off_this_machine_there_is_a_token_and_a_code(tmp_path, monkeypatch, tls):
    monkeypatch.setattr("standpartner.live.web.server.uvicorn.Server.run", lambda *_, **__: None)
    monkeypatch.setattr("standpartner.live.web.addresses.own_addresses", lambda: ["192.0.2.7"])
    options = ["--tls"] if tls else []
    said = run("serve", "--host", "0.0.0.0", "--port", 0, "--library", tmp_path, "--no-browser", *options)  # noqa: S104
    assert said.exit_code == 0, said.exception
    scheme = "https" if tls else "http"
    assert f"The page is at {scheme}://127.0.0.1:" in said.output
    assert f"For other devices: {scheme}://192.0.2.7:" in said.output
    assert said.output.count("?token=") == 2
    assert ("start with --tls" in said.output) is not tls
    assert (tmp_path / "certificate.pem").exists() is tls


def test_a_device_that_was_let_in_is_let_in_after_a_restart(tmp_path, monkeypatch):
    monkeypatch.setattr("standpartner.live.web.server.uvicorn.Server.run", lambda *_, **__: None)
    monkeypatch.setattr("standpartner.live.web.addresses.own_addresses", lambda: ["192.0.2.7"])
    options = ["--host", "0.0.0.0", "--port", 0, "--library", tmp_path, "--no-browser"]  # noqa: S104
    first, second = (re.findall(r"token=([\w-]+)", run("serve", *options).output) for _ in range(2))
    assert len(set(first)) == 1
    assert first == second
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600
    (tmp_path / "token").write_bytes(b"\xff")
    error = run("serve", *options).exception
    assert isinstance(error, OutputError)
    assert "delete that file" in str(error)


def test_listen_needs_a_score_and_an_input(tmp_path):
    try:
        MicrophoneSource()
    except StandpartnerError as error:
        expected = type(error)
    else:
        pytest.skip("this machine has a sound card")
    assert isinstance(run("listen", "--library", tmp_path).exception, ConfigError)
    tune = tmp_path / "tune.abc"
    tune.write_text("X:1\nK:C\nCDEF|]\n")
    assert isinstance(run("listen", tune, "--library", tmp_path).exception, expected)
