"""The commands as a user calls them: what they write, what they say, how they exit."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
import soundfile

from standpartner import __version__
from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.demo.bundled import load_canon, load_menuet
from standpartner.hear import write_audio
from standpartner.perform import PerformanceStyle, perform, render, soundfonts
from standpartner.score import read_score

KEYS = ["time_s", "strip_x_px", "page", "system", "measure", "page_x_px", "page_y_px", "page_x", "page_y", "confidence"]
KEYS += ["lost"]
PIANO = Path(__file__).parents[1] / "score" / "data" / "piano.musicxml"
SCORE = load_menuet().score


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """The first ten seconds of the bundled recording."""
    audio, rate = soundfile.read(load_menuet().recording, dtype="float32", frames=10 * SAMPLE_RATE_HZ)
    assert rate == SAMPLE_RATE_HZ
    path = tmp_path_factory.mktemp("short") / "short.flac"
    write_audio(path, audio)
    return path


def refused(result, *words):
    """Exit code 1, nothing on standard output, one sentence with these words on standard error."""
    code, out, err = result
    assert code == 1, err
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    for word in words:
        assert word in err
    return True


def test_follow_writes_positions_and_page(call, short, tiny_bundle, tmp_path):
    jsonl, page = tmp_path / "out.jsonl", tmp_path / "out.html"
    code, out, err = call("follow", SCORE, short, "--agent", tiny_bundle, "--json", jsonl, "--html", page)
    assert (code, err) == (0, "")
    rows = [json.loads(line) for line in jsonl.read_text().splitlines()]
    assert len(rows) == 200
    assert all(list(row) == KEYS for row in rows)
    assert [row["time_s"] for row in rows] == pytest.approx(np.arange(200) / 20)
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert "10.0 s" in out
    assert "last measure reached" in out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.html", "out.jsonl"]


def test_places_are_fractions_of_the_page_whose_size_is_told(call, short, tiny_bundle, tmp_path):
    jsonl, info = tmp_path / "out.jsonl", tmp_path / "info.json"
    assert call("follow", SCORE, short, "--agent", tiny_bundle, "--json", jsonl, "--info", info)[0] == 0
    told = json.loads(info.read_text())
    assert (told["title"], len(told["pages"])) == ("Menuet in G", 2)
    for row in map(json.loads, jsonl.read_text().splitlines()):
        page = told["pages"][row["page"] - 1]
        assert row["page_x"] * page["width_px"] == pytest.approx(row["page_x_px"], abs=0.05)
        assert row["page_y"] * page["height_px"] == pytest.approx(row["page_y_px"], abs=0.05)


def test_it_is_told_which_page_of_the_file_a_page_is(call, short, tiny_bundle, tmp_path):
    with_cover, info = tmp_path / "with-cover.pdf", tmp_path / "info.json"
    with pypdfium2.PdfDocument(load_canon().score) as pages, pypdfium2.PdfDocument.new() as made:
        made.new_page(595, 842)
        made.import_pages(pages)
        made.save(with_cover)
    assert call("follow", with_cover, short, "--agent", tiny_bundle, "--info", info)[0] == 0
    told = json.loads(info.read_text())["pages"]
    assert [(page["file"], page["picture"]) for page in told] == [("with-cover.pdf", 2), ("with-cover.pdf", 3)]


def test_bars_of_printed_pages_count_from_the_number_given(call, short, tiny_bundle, tmp_path):
    jsonl, picture = tmp_path / "out.jsonl", load_canon().score
    words = ("follow", picture, short, "--agent", tiny_bundle, "--no-wait", "--json", jsonl)
    assert call("read", picture, "--out", tmp_path / "read")[0] == 0
    assert call(*words, "--layout", tmp_path / "read" / "layout.json", "--first-measure", 5)[0] == 0
    assert json.loads(jsonl.read_text().splitlines()[0])["measure"] == 5
    notation = ("follow", SCORE, short, "--agent", tiny_bundle, "--first-measure", 5)
    refused(call(*notation), "is notation, which knows its systems, bars and notes")


def test_printed_pages_with_their_notation_have_its_measures(call, short, tiny_bundle, tmp_path):
    jsonl, canon = tmp_path / "out.jsonl", load_canon().score
    words = ("follow", canon, short, "--agent", tiny_bundle, "--no-wait", "--json", jsonl)
    code, said, _ = call(*words, "--notation", canon.with_suffix(".krn"), "--from-measure", 20)
    assert code == 0
    assert "Joined to canon.krn: 37 measures" in said
    assert json.loads(jsonl.read_text().splitlines()[0])["measure"] == 20


def test_follow_from_a_measure_and_to_standard_output(call, short, tiny_bundle):
    words = ("follow", SCORE, short, "--agent", tiny_bundle, "--from-measure", 17, "--no-wait")
    done = subprocess.run(
        [sys.executable, "-m", "standpartner.cli", *map(str, words), "--json", "/dev/stdout"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[0])["measure"] == 17
    refused(call(*words[:-2], "soon"), "no measure soon in Menuet in G: its measures are 1 to 48")


def test_demo(call, tiny_bundle, tmp_path):
    code, out, _ = call("demo", "--out", tmp_path / "new" / "demo", "--agent", tiny_bundle)
    assert code == 0
    assert (tmp_path / "new" / "demo" / "index.html").stat().st_size < 1_500_000
    for words in ("Pachelbel: Canon in D", "R_on (strict)", "mean error", "within 0.5 s", "right system", "to the end"):
        assert words in out
    (tmp_path / "file").write_text("")
    refused(call("demo", "--out", tmp_path / "file" / "demo"), "cannot make the folder")


def test_the_demo_replaces_only_its_own_page(call, tmp_path):
    page = tmp_path / "index.html"
    page.write_text("<title>My shop</title>")
    refused(call("demo", "--out", tmp_path, "--agent", "nobody"), "is a page of another origin")
    assert page.read_text() == "<title>My shop</title>"
    page.write_text("<title>An earlier one · standpartner</title>")
    refused(call("demo", "--out", tmp_path, "--agent", "nobody"), "no agent 'nobody'")


def test_engrave(call, tmp_path):
    code, out, _ = call("engrave", SCORE, "--out", tmp_path / "engraved")
    assert code == 0
    assert "2 pages, 8 systems, 48 measures, 204 onsets" in out
    names = {path.name for path in (tmp_path / "engraved").iterdir()}
    assert {"strip.png", "page-001.png", "page-002.png", "overlay.png", "onsets.json"} <= names
    onsets = json.loads((tmp_path / "engraved" / "onsets.json").read_text())
    assert len(onsets) == 204
    assert onsets[0]["pitches"] == [74]


def test_agents(call, tiny_bundle, tmp_path, monkeypatch):
    folder = tmp_path / "tiny"
    shutil.copytree(tiny_bundle, folder)
    content = json.loads((folder / "agent.json").read_text())
    measures = {"r_tue": 0.97, "r_on": 0.981, "error_cm_mean": 0.1234, "within_s": {"0.5": 0.95}, "agent": "tiny"}
    measures |= {"corpus": "birds", "split": "test", "sound": "room", "game": "piano"}
    rows = [measures | {"runs": 1}, measures | {"runs": 10, "r_on": 0.5}, measures | {"agent": "oracle", "runs": 1}]
    content["about"] = {"name": "tiny", "purpose": "whistling", "corpus": "birds", "measures": rows}
    (folder / "agent.json").write_text(json.dumps(content))
    monkeypatch.setattr("standpartner.agent.find.bundled_agents", lambda: {"tiny": folder})
    code, out, _ = call("agents")
    assert code == 0
    title, _, row = (" ".join(line.split()) for line in out.strip().splitlines())
    assert (title, row) == ("tiny, for whistling", "birds test room piano 0.970 0.981 0.123 cm 0.950")
    (folder / "agent.json").write_text("{")
    refused(call("agents"), "found no readable agent.json")
    monkeypatch.setattr("standpartner.agent.find.bundled_agents", dict)
    assert "No agent is bundled" in call("agents")[1]


def test_version_help_and_wrong_usage(call):
    assert call("--version")[:2] == (0, f"standpartner {__version__}\n")
    code, out, _ = call("--help")
    assert code == 0
    assert all(command in out for command in ("follow", "demo", "engrave", "agents"))
    assert call("follow", SCORE)[0] == 2
    assert call("fly")[0] == 2


def test_interrupt(call, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("standpartner.score.read_score", interrupt)
    assert call("engrave", SCORE, "--out", "nowhere")[0] == 130


def test_help_needs_nothing_heavy():
    code = (
        "import sys; sys.argv = ['standpartner', '--help']\nfrom standpartner.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([name for name in ('torch', 'onnxruntime', 'verovio', 'scipy', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


def test_following_needs_no_torch(short, tiny_bundle):
    code = (
        f"import sys; sys.argv = ['standpartner', 'follow', {str(SCORE)!r}, {str(short)!r}, '--agent', "
        f"{str(tiny_bundle)!r}]\nfrom standpartner.cli import main\n"
        "try: main()\nexcept SystemExit as stop: assert not stop.code, stop.code\n"
        "print([name for name in ('torch', 'scipy', 'pretty_midi', 'midirenderer') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.fixture(scope="module")
def bad(tmp_path_factory, short):
    """Files that cannot be followed, by what is wrong with them."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "empty.wav").write_bytes(b"")
    soundfile.write(folder / "nothing.wav", np.zeros(0, np.float32), SAMPLE_RATE_HZ)
    soundfile.write(folder / "silence.flac", np.zeros(3 * SAMPLE_RATE_HZ, np.float32), SAMPLE_RATE_HZ)
    noise = np.random.default_rng(0).normal(0.0, 0.005, 3 * SAMPLE_RATE_HZ)
    soundfile.write(folder / "noise.wav", noise, SAMPLE_RATE_HZ)
    soundfile.write(folder / "whole.mp3", soundfile.read(short)[0], SAMPLE_RATE_HZ)
    whole = (folder / "whole.mp3").read_bytes()
    (folder / "cut.mp3").write_bytes(whole[: len(whole) // 2])
    (folder / "letter.musicxml").write_text("Dear Clara,\nthe menuet is in G.\n")
    (folder / "rests.abc").write_text("X:1\nT:Rests\nM:4/4\nL:1/4\nK:C\nz4|z4|]\n")
    with zipfile.ZipFile(folder / "hollow.mxl", "w") as archive:
        archive.writestr("readme.txt", "no score here")
    music = "GABc dedB|" * 5_600
    (folder / "endless.abc").write_text("X:1\nT:Endless\nM:4/4\nL:1/8\nK:G\n" + music.replace("|", "|\n") + "\n")
    return folder


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("empty.wav", ("empty.wav is empty",)),
        ("nothing.wav", ("nothing.wav", "no sound")),
        ("silence.flac", ("nothing to follow", "silence.flac is silent throughout")),
        ("letter.musicxml", ("letter.musicxml is no audio",)),
        ("missing.wav", ("there is no file", "missing.wav")),
    ],
)
def test_bad_recordings(name, words, call, bad, tiny_bundle, tmp_path):
    out = tmp_path / "out.jsonl"
    refused(call("follow", SCORE, bad / name, "--agent", tiny_bundle, "--json", out), *words)
    assert not out.exists()


def test_noise_has_no_first_note(call, bad):
    words = ("nothing to follow", "no first note was heard in noise.wav", "--no-wait")
    refused(call("follow", SCORE, bad / "noise.wav", "--agent", "piano"), *words)


def test_a_cut_recording_is_followed_as_far_as_it_goes(call, bad, tiny_bundle):
    code, out, err = call("follow", SCORE, bad / "cut.mp3", "--agent", tiny_bundle, "--no-wait")
    assert code == 0, err
    assert "cut" in out


@pytest.mark.parametrize("command", ["follow", "engrave"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("letter.musicxml", ("letter.musicxml",)),
        ("rests.abc", ("rests.abc", "no notes")),
        ("hollow.mxl", ("hollow.mxl",)),
        ("missing.musicxml", ("missing.musicxml",)),
    ],
)
def test_bad_scores(command, name, words, call, bad, short, tiny_bundle, tmp_path):
    if command == "follow":
        result = call("follow", bad / name, short, "--agent", tiny_bundle)
    else:
        result = call("engrave", bad / name, "--out", tmp_path / "engraved")
    refused(result, *words)
    assert not (tmp_path / "engraved").exists()


@pytest.mark.parametrize("command", ["follow", "engrave", "piece"])
def test_a_lilypond_file_is_not_run_unless_it_is_trusted(command, call, short, tiny_bundle, tmp_path):
    (tmp_path / "evil.ly").write_text(f'#(open-file "{tmp_path}/made" "w")\n{{ c }}')
    words = {
        "follow": ("follow", tmp_path / "evil.ly", short, "--agent", tiny_bundle),
        "engrave": ("engrave", tmp_path / "evil.ly", "--out", tmp_path / "engraved"),
        "piece": ("piece", "add", tmp_path / "evil.ly", short, "--beats", tmp_path / "beats.txt"),
    }
    refused(call(*words[command]), "evil.ly is LilyPond, which can run any program", "--trust", "MusicXML")
    assert not (tmp_path / "made").exists()


@pytest.mark.needs("lilypond")
def test_a_trusted_lilypond_file_is_read(call, tmp_path):
    text = f'\\version "2.24.0"\n#(close-port (open-file "{tmp_path}/made" "w"))\n'
    text += "\\score { { c'4 d' e' f' } \\layout { } \\midi { } }"
    (tmp_path / "mine.ly").write_text(text)
    code, out, err = call("engrave", tmp_path / "mine.ly", "--out", tmp_path / "engraved", "--trust")
    assert (code, err) == (0, "")
    assert "1 page, 1 system, 1 measure, 4 onsets" in out
    assert (tmp_path / "made").exists()  # its code ran


def test_two_hundred_pages(call, bad, short, tiny_bundle):
    refused(call("follow", bad / "endless.abc", short, "--agent", tiny_bundle), "200 pages", "--max-pages")


def test_too_many_pages_is_what_the_user_says(call, short, tiny_bundle):
    refused(call("follow", SCORE, short, "--agent", tiny_bundle, "--max-pages", 1), "pages")
    assert call("follow", SCORE, short, "--agent", tiny_bundle, "--max-pages", 0)[0] == 2


def test_unknown_agent(call, short):
    refused(call("follow", SCORE, short, "--agent", "nobody"), "no agent 'nobody'")


def test_results_that_cannot_be_written(call, short, tiny_bundle, tmp_path):
    words = ("follow", SCORE, short, "--agent", tiny_bundle)
    for option in ("--json", "--html"):
        refused(call(*words, option, "/dev/full"), "cannot write /dev/full", "No space left on device")
        refused(call(*words, option, tmp_path / "missing" / "out"), "there is no folder")
        refused(call(*words, option, tmp_path), "it is a folder")
    refused(call("engrave", SCORE, "--out", short), "cannot be written")


def test_neither_the_recording_nor_another_result_is_replaced(call, short, tiny_bundle, tmp_path):
    sound, out = short.read_bytes(), tmp_path / "out"
    words = ("follow", SCORE, short, "--agent", tiny_bundle)
    for option in ("--json", "--html", "--info"):
        refused(call(*words, option, short), f"cannot write {short}: it is read, too")
    assert short.read_bytes() == sound
    refused(call(*words, "--json", out, "--html", out), f"cannot write {out}: something else is written to it, too")


@pytest.mark.needs("synthesiser")
def test_a_piano_score_and_an_expressive_performance(call, tiny_bundle, tmp_path):
    engraved = read_score(PIANO)
    style = PerformanceStyle(soundfonts=(next(iter(soundfonts())),))
    played, _, choices = perform(engraved.notes, engraved.onsets.time_s, style=style, seed=1)
    wav = tmp_path / "performance.wav"
    write_audio(wav, render(played, choices))
    jsonl, page = tmp_path / "out.jsonl", tmp_path / "out.html"
    code, _, err = call("follow", PIANO, wav, "--agent", tiny_bundle, "--json", jsonl, "--html", page)
    assert (code, err) == (0, "")
    length_s = soundfile.info(wav).duration
    assert len(jsonl.read_text().splitlines()) == pytest.approx(20 * length_s, abs=1)
    assert page.stat().st_size > 50_000  # it holds the sound and the pages
