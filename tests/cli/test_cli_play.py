"""``standpartner play`` as a person calls it."""

import re
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import pytest

from standpartner.piece import save_piece

COMMAND = (sys.executable, "-m", "standpartner.cli", "play")


def _heed_ctrl_c():
    """Processes in the background of a shell ignore Ctrl-C, and so would the command that they start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def playing(*words):
    """The command, running, and the address that it names."""
    command = subprocess.Popen(
        [*COMMAND, "--no-browser", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_heed_ctrl_c,  # noqa: PLW1509 - no threads here
    )
    try:
        told = command.stdout.readline()
        found = re.fullmatch(r"(.+): open (http://127\.0\.0\.1:\d+/) in a browser; Ctrl-C ends this\.\n", told)
        assert found, told + command.stderr.read()
        with urllib.request.urlopen(found[2], timeout=20) as answer:  # noqa: S310 - http, see above
            page = answer.read().decode()
        yield found[1], page
        command.send_signal(signal.SIGINT)
        out, err = command.communicate(timeout=20)
        assert (command.returncode, out.strip(), err) == (0, "", "")
    finally:
        command.kill()


def test_by_default_the_menuet_is_played_until_ctrl_c():
    with playing() as (title, page):
        assert title == "Menuet in G"
        assert '"rules":"nottingham"' in page
        assert "the bundled recording" in page


@pytest.mark.needs("synthesiser")
def test_a_piece_by_its_folder_with_rules_and_performance(tiny_pieces, tmp_path):
    save_piece(tiny_pieces[0], tmp_path / "tune")
    with playing(tmp_path / "tune", "--game", "nottingham", "--performance", "p1") as (title, page):
        assert title == "Test tune 0"
        assert '"rules":"nottingham"' in page
        assert "notes, synthesised" in page
    with playing(tmp_path / "tune") as (_, page):
        assert '"rules":"piano"' in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["no-such-piece"], "no piece 'no-such-piece' is built"),
        (["--game", "organ"], "expected one of piano, nottingham"),
        (["--performance", "p1"], "expected PIECE with --performance"),
    ],
)
def test_what_cannot_be_played_is_one_sentence(words, message):
    done = subprocess.run([*COMMAND, "--no-browser", *words], capture_output=True, text=True, timeout=100)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
