"""Defines the commands follow, demo, engrave and agents, which import what they need when they run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from standpartner.agent.find import DEFAULT_AGENT
from standpartner.cli.read import FirstMeasure, LayoutFile, MaxPages, NotationFile, join_words, read_pages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from standpartner.follow import Follower, Following
    from standpartner.hear import FileSource
    from standpartner.score import MusicChoice, PrintOptions, Score
    from standpartner.score.print.layout import PageLayout

ScorePath = Annotated[
    Path,
    typer.Argument(
        metavar="SCORE",
        help="MusicXML (.musicxml, .mxl), MEI, Humdrum, ABC, LilyPond with --trust, or print (PDF, PNG, JPEG, ...).",
    ),
]
AudioPath = Annotated[
    Path, typer.Argument(metavar="AUDIO", help="A recording (wav, flac, ogg, mp3, m4a, ...) or a video.")
]
InfoFile = Annotated[
    Path | None,
    typer.Option("--info", metavar="FILE", help="Write title, agent and pages (size, file, page in it) as JSON."),
]
AgentChoice = Annotated[
    str,
    typer.Option("--agent", metavar="NAME|PATH", help="A bundled agent or the folder of one."),
]
Trust = Annotated[
    bool, typer.Option("--trust", help="Read a LilyPond file, which can run any program with your rights.")
]
Part = Annotated[
    str, typer.Option("--part", metavar="N|NAME|all", help="The part to take of notation; default: the piano.")
]
Movement = Annotated[
    str, typer.Option("--movement", metavar="N|NAME", help="The movement to take of notation; default: the first.")
]
Tune = Annotated[
    str,
    typer.Option("--tune", metavar="N|TITLE", help="The tune to take of an ABC collection: its X: number or title."),
]
FromMeasure = Annotated[
    str | None,
    typer.Option(
        "--from-measure",
        metavar="N|auto",
        help="The printed number of the measure in which it begins; auto finds it by listening.",
    ),
]
Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Wait for the first note, or let the music begin at once.")
]
PositionsFile = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="The file for positions as JSON lines, one a frame.")
]
PageFile = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="The file for a page that shows the score being followed."),
]


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command()(follow)
    app.command()(demo)
    app.command()(engrave)
    app.command()(agents)


def follow(
    score: ScorePath,
    audio: AudioPath,
    *,
    agent: AgentChoice = DEFAULT_AGENT,
    from_measure: FromMeasure = None,
    wait: Wait = True,
    json_path: PositionsFile = None,
    html_path: PageFile = None,
    info: InfoFile = None,
    notation: NotationFile = None,
    layout: LayoutFile = None,
    first_measure: FirstMeasure = 1,
    max_pages: MaxPages = 60,
    trust: Trust = False,
    part: Part = "",
    movement: Movement = "",
    tune: Tune = "",
) -> None:
    """Follow a recording in its score.

    It gives a position for every 1/20 s: the place on the page, the measure, the confidence, and whether it is lost.
    """
    from standpartner.agent.bundle import load_agent
    from standpartner.follow import Follower, FollowerConfig, write_page, write_positions
    from standpartner.hear import FileSource
    from standpartner.score import MusicChoice, PrintOptions
    from standpartner.support.files import check_apart, check_writable

    check_apart(json_path, html_path, info, inputs=(score, audio, notation, layout))
    for path in filter(None, (json_path, html_path, info)):
        check_writable(path)
    loaded = load_agent(agent)  # raises before a score is engraved if it is damaged
    source = FileSource(audio)
    engraved, words, layouts = read_any_score(
        score,
        PrintOptions(max_pages, layout=layout, first_measure=first_measure),
        notation=notation,
        choice=MusicChoice(part, movement, tune),
        trusted=trust,
    )
    if info is not None:
        _write_info(info, engraved, layouts, agent=loaded.name)
    follower = Follower(engraved, loaded, config=FollowerConfig(wait=wait), from_measure=from_measure)
    following = _follow(follower, source)
    if json_path is not None:
        write_positions(json_path, following.positions)
    if html_path is not None:
        write_page(html_path, engraved, positions=following.positions, sound=source, start_frame=following.start_frame)
    _print(_summary(following, score.name, agent=loaded.name))
    for sentence in filter(None, (_foreign_words(following), _remark(source), words)):
        typer.echo(sentence)
    say_selection(engraved)


def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder for the page; made if missing.")] = Path(
        "demo"
    ),
    agent: AgentChoice = DEFAULT_AGENT,
) -> None:
    """Follow the bundled piano piece in a scan of it, and write DIR/index.html with its position and the true one."""
    from dataclasses import replace

    from standpartner.agent.bundle import load_agent
    from standpartner.demo.bundled import load_canon
    from standpartner.demo.following import measure_following, printed_onsets, true_positions
    from standpartner.follow import Follower, write_page
    from standpartner.game.rules import PIANO
    from standpartner.hear import FileSource
    from standpartner.score import read_print
    from standpartner.support.files import make_folder
    from standpartner.support.progress import passing_bar

    piece = load_canon()
    make_folder(out)
    page = out / "index.html"
    _check_own(page)
    loaded = load_agent(agent)
    with passing_bar(f"Reading {piece.score.name}", None):
        reading = read_print([piece.score])
    score = replace(reading.score, title=piece.title)
    source = FileSource(piece.recording)
    following = _follow(Follower(score, loaded), source)
    onset_x_px = printed_onsets(piece, reading)
    write_page(
        page,
        score,
        positions=following.positions,
        sound=source,
        truth_x_px=true_positions(piece, onset_x_px, frames=len(following.positions)),
        start_frame=following.start_frame,
    )
    measures = measure_following(piece, following, score=score, onset_x_px=onset_x_px, rules=PIANO)
    _print(_summary(following, score.title, agent=loaded.name), _measures(measures))
    typer.echo(f"Watch it: open {page} in a browser.")


def _check_own(page: Path) -> None:
    """Check that a page, if it is there, is one of standpartner's: a folder may be called demo for other reasons."""
    from standpartner.errors import OutputError

    if page.is_file() and b"standpartner</title>" not in page.read_bytes()[:4096]:
        raise OutputError(f"{page} is a page of another origin that would be replaced; give another folder with --out")


def engrave(
    score: ScorePath,
    *,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder for the files; made if missing.")],
    max_pages: MaxPages = 60,
    trust: Trust = False,
    part: Part = "",
    movement: Movement = "",
    tune: Tune = "",
) -> None:
    """Engrave a score and write strip.png, page-001.png ..., overlay.png (what was found on it) and onsets.json."""
    from standpartner.errors import ConfigError
    from standpartner.score import MusicChoice
    from standpartner.score.overlay import write_engraving
    from standpartner.score.print.files import is_print

    if is_print(score):
        raise ConfigError(f"{score.name} is printed already; standpartner read shows what is found on it")
    engraved = _read_score(score, max_pages, choice=MusicChoice(part, movement, tune), trusted=trust)
    write_engraving(engraved, out)
    typer.echo(
        f"{engraved.title or score.name}: {_count(len(engraved.pages), 'page')}, "
        f"{_count(len(engraved.systems), 'system')}, {_count(len(engraved.measures), 'measure')}, "
        f"{_count(len(engraved.onsets), 'onset')} -> {out}"
    )
    say_selection(engraved)


def say_selection(score: Score) -> None:
    """Print which part and movement were taken, where there is a choice."""
    if score.has_notation:
        for sentence in score.notation.selection.sentences():
            typer.echo(sentence)


def agents() -> None:
    """List the bundled agents, and how well they play the game on unseen pieces."""
    from standpartner.agent.description import read_description
    from standpartner.agent.find import bundled_agents

    for name, folder in bundled_agents().items():
        _print(_about_table(name, read_description(folder)["about"]))
    if not bundled_agents():
        typer.echo("No agent is bundled; train one, or give the folder of one with --agent.")


def _about_table(name: str, about: dict[str, Any]) -> Table:
    from rich.table import Table

    title = f"{name}, for {about.get('purpose', 'an unknown purpose')}"
    table = Table(title=title, box=None, title_justify="left", pad_edge=False)
    for heading in ("corpus", "sound", "rules"):
        table.add_column(heading, min_width=10)
    for heading in ("R_tue", "R_on", "error", "within 0.5 s"):
        table.add_column(heading, justify="right")
    for cells in _about_rows(about):
        table.add_row(*cells)
    return table


def _about_rows(about: dict[str, Any]) -> list[list[str]]:
    """Return the cells of an agent, a row for each greedy evaluation of it, or one without numbers."""
    greedy = [row for row in about.get("measures", []) if row["runs"] == 1 and row["agent"] == about.get("name")]
    return [
        [
            f"{row.get('corpus', about.get('corpus', '–'))} {row.get('split', '')}".strip(),
            str(row.get("sound", "–")),
            str(row.get("game", "–")),
            _number(row.get("r_tue")),
            _number(row.get("r_on")),
            _number(row.get("error_cm_mean"), unit=" cm"),
            _number((row.get("within_s") or {}).get("0.5")),
        ]
        for row in greedy or [{}]
    ]


def _number(value: float | None, *, unit: str = "") -> str:
    return "–" if value is None else f"{value:.3f}{unit}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _write_info(path: Path, score: Score, layouts: Sequence[PageLayout], *, agent: str) -> None:
    """Write what is known of a score; of printed pages also the file that each is from, and which of its pages."""
    import json

    from standpartner.score.page_data import pages_table
    from standpartner.support.files import write_text

    pages = pages_table(score)
    sources = [{"file": layout.file, "picture": layout.picture} for layout in layouts] or [{}] * len(pages)
    table = [size | source for size, source in zip(pages, sources, strict=True)]
    write_text(path, json.dumps({"title": score.title, "agent": agent, "pages": table}) + "\n")


def read_any_score(
    path: Path, options: PrintOptions, *, notation: Path | None, choice: MusicChoice, trusted: bool
) -> tuple[Score, str, tuple[PageLayout, ...]]:
    """Read notation, or printed pages with or without their notation; also say how these were joined, and the pages."""
    from standpartner.errors import ConfigError
    from standpartner.score.print.files import is_print

    if not is_print(path):
        if options.layout is not None or options.first_measure != 1 or notation is not None:
            raise ConfigError(
                f"{path.name} is notation, which knows its systems, bars and notes; leave out --layout, "
                "--first-measure and --notation"
            )
        return _read_score(path, options.max_pages, choice=choice, trusted=trusted), "", ()
    if notation is None and any((choice.part, choice.movement, choice.tune)):
        raise ConfigError(
            f"{path.name} is a picture, which is followed as a whole; leave out --part, --movement, --tune"
        )
    reading, joined = read_pages([path], options, notation=notation, choice=choice, trusted=trusted)
    words = "" if joined is None or notation is None else join_words(joined, notation)
    return reading.score, words, reading.pages


def _read_score(path: Path, max_pages: int, *, choice: MusicChoice, trusted: bool = False) -> Score:
    from standpartner.score import read_score
    from standpartner.support.progress import passing_bar

    with passing_bar(f"Reading {path.name}", None):
        return read_score(path, max_pages=max_pages, trusted=trusted, choice=choice)


def _foreign_words(following: Following) -> str:
    if not following.seems_foreign:
        return ""
    return f"This recording does not seem to be of this score: {100 * following.lost_share:.0f} % of its time is lost."


def _remark(source: FileSource) -> str:
    return "" if source.remark is None else f"{source.name} {source.remark}."


def _follow(follower: Follower, source: FileSource) -> Following:
    from standpartner.follow import follow_audio
    from standpartner.support.progress import passing_bar

    with passing_bar(f"Following {source.name}", source.duration_s) as advance:
        return follow_audio(follower, source, progress=advance)


def _summary(following: Following, name: str, *, agent: str) -> Table:
    table = _facts(name)
    table.add_row("agent", agent)
    table.add_row("recording", f"{following.duration_s:.1f} s")
    table.add_row("first note heard at", f"{following.started_s:.2f} s")
    table.add_row("followed", f"{following.followed_s:.1f} s")
    end = " (end of the score)" if following.finished else ""
    reached = "unknown" if following.last_measure is None else following.last_measure
    table.add_row("last measure reached", f"{reached}{end}")
    table.add_row("jumps", str(following.jumps))
    table.add_row("lost", f"{100 * following.lost_share:.1f} % of frames")
    return table


def _measures(measures: dict[str, Any]) -> Table:
    """Return a table of the demo's measures against its true positions."""
    table = _facts("against the truth")
    table.add_row("onsets", str(measures["onsets"]))
    table.add_row("R_on (strict)", f"{measures['r_on']:.3f}")
    table.add_row("mean error", _number(measures["error_cm_mean"], unit=" cm"))
    table.add_row("within 0.5 s", f"{measures['within_s']['0.5']:.3f}")
    table.add_row("right system", f"{measures['system_accuracy']:.3f}")
    table.add_row("followed to the end", "yes" if measures["r_tue"] == 1 else "no")
    return table


def _facts(title: str) -> Table:
    from rich.table import Table

    table = Table(title=title, box=None, show_header=False, title_justify="left", pad_edge=False)
    table.add_column(style="dim", min_width=22)
    table.add_column(justify="right", min_width=12)
    return table


def _print(*tables: Table) -> None:
    from rich.console import Console

    console = Console(markup=False)
    for table in tables:
        console.print(table)
        console.print()
