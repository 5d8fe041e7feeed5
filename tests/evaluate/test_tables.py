"""Tables of reports beside the published numbers, and reports piece by piece."""

import csv
import io
import json
import re

import numpy as np
import pytest

from standpartner.errors import ConfigError
from standpartner.evaluate.measures.episode import Episode
from standpartner.evaluate.measures.measures import evaluate_runs
from standpartner.evaluate.measures.tally import TOLERANCES_S
from standpartner.evaluate.tables import (
    command_of,
    make_tables,
    published_rows,
    read_report,
    report_row,
    rows_as_csv,
)

KNOWN = {"r_tue_as_published", "r_on_as_published", "error_cm_mean", "error_cm_std", "system_accuracy", "bar_accuracy"}
KNOWN |= {f"within_s {tolerance}" for tolerance in TOLERANCES_S}


def episode(name, lost_frame=None):
    onset_s, x_px = np.array([0.0, 1.0, 2.0]), np.array([10.0, 50.0, 90.0])
    edges = np.array([0.0, 45.0])
    return Episode(name, onset_s, x_px, np.linspace(10, 90, 41), lost_frame, edges, edges)


def report(corpus="nottingham", agent="tiny_agent", **more):
    runs = [[episode("a"), episode("b", lost_frame=30), episode("c/1"), episode("c/2")]]
    about = {"agent": agent, "corpus": corpus, "split": "test", "sound": "as-built", "game": "piano"}
    return evaluate_runs(runs) | about | {"seed": 0, "limit": None, "seconds": 1.0} | more


def cells(text, player):
    line = next(line for line in text.splitlines() if line.startswith(f"| {player}"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_report_is_a_row_with_intervals():
    row = report_row(report())
    assert (row.player, row.data) == ("tiny_agent", "nottingham test, 3 pieces, 4 performances, as-built, piano rules")
    assert row.cells["r_tue"].startswith("0.750 (")
    assert re.fullmatch(r"0\.917 \(0\.\d{3} to 1\.000\)", row.cells["r_on"])
    assert row.cells["within_s 0.05"] == row.cells["bar_accuracy"] == "1.000 (1.000 to 1.000)"
    assert report_row(report(runs=10)).player == "tiny_agent, 10 runs"


def test_what_a_report_does_not_know_is_left_open():
    unknown = report(within_s=None, system_accuracy=None, bar_accuracy=None, system_within_1_s=None)
    assert not set(report_row(unknown).cells) & {"within_s 1", "system_accuracy"}
    text = make_tables([unknown], published=False)
    assert "**Following**" in text
    assert "right bar" not in text
    text = make_tables([unknown, report(agent="other")], published=False)
    assert cells(text.split("right bar")[1], "other")[2] != "-"
    assert "| tiny_agent |" not in text.split("right bar")[1]


def test_published_rows_stand_beside_reports_on_their_corpus():
    text = make_tables([report(), report(agent="otw")])
    assert cells(text, "A2C [1]")[1:] == [
        "Nottingham, 46 test tunes of 296",
        "-",
        "-",
        "0.96",
        "0.99",
        "2.17 px",
        "3.53 px",
    ]
    assert (
        "1. Dorfer, Henkel, Widmer, ISMIR 2018, Table 2 (https://arxiv.org/abs/1807.06391), read in the original"
        in text
    )
    assert "CYOLO" not in text
    assert "A2C" not in make_tables([report()], published=False)
    assert "A2C" not in make_tables([report(corpus="asap")])
    msmd = make_tables([report(corpus="msmd")])
    assert cells(msmd, "PPO [2]")[4:6] == ["0.81", "0.80"]
    assert cells(msmd, "RL [3]")[2:7] == ["0.409", "0.433", "0.797", "0.878", "0.972"]
    assert "as others quote it" in msmd


def test_each_row_has_its_command():
    assert command_of(report()) == (
        "standpartner evaluate --agent tiny_agent --corpus nottingham --split test --sound as-built --game piano "
        "--runs 1 --seed 0"
    )
    limited = report(limit=20, runs=10)
    assert command_of(limited).endswith("--runs 10 --seed 0 --limit 20")
    assert command_of(limited) in make_tables([limited])


def test_latex_has_the_same_rows():
    text = make_tables([report()], style="latex")
    assert text.count(r"\begin{tabular}{llrrr") == text.count(r"\end{tabular}") == 2
    assert r"tiny\_agent & nottingham test" in text
    assert r"R\_tue as published" in text
    assert "A2C [1] & Nottingham, 46 test tunes of 296 & - & - & 0.96 & 0.99 & 2.17 px & 3.53 px" in text
    assert all(line.endswith(r"\\") for line in text.splitlines() if " & " in line)
    assert not re.search(r"(?<!\\)[_#$]", "".join(line for line in text.splitlines(True) if not line.startswith("%")))


def test_bad_tables_are_refused():
    with pytest.raises(ConfigError, match="at least one report"):
        make_tables([])
    with pytest.raises(ConfigError, match="markdown, latex"):
        make_tables([report()], style="html")


def test_reports_are_read_back_and_others_refused(tmp_path):
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report()))
    assert make_tables([read_report(path)]) == make_tables([report()])
    path.write_text(json.dumps({"agent": "x", "rows": []}))
    with pytest.raises(ConfigError, match=r"no report.*corpus, split.* missing"):
        read_report(path)
    path.write_text("[]")
    with pytest.raises(ConfigError, match="no report"):
        read_report(path)
    path.write_text("{")
    with pytest.raises(ConfigError, match="cannot read the report"):
        read_report(path)
    with pytest.raises(ConfigError, match="cannot read the report"):
        read_report(tmp_path / "none.json")


def test_csv_has_a_line_for_every_performance():
    rows = list(csv.DictReader(io.StringIO(rows_as_csv(report()))))
    assert [row["name"] for row in rows] == ["a", "b", "c/1", "c/2"]
    assert [float(row["r_tue"]) for row in rows] == [1, 0, 1, 1]
    assert float(rows[1]["r_on"]) == pytest.approx(2 / 3)
    assert {"onsets", "error_cm_mean", "within_s 0.05", "bar_accuracy"} <= set(rows[0])
    cut = {"rows": [{"name": "a", "r_on": 0.5, "within_s": None}, {"name": "b", "r_on": None, "within_s": {"1": 1.0}}]}
    assert rows_as_csv(cut) == "name,r_on,within_s 1\na,0.5,\nb,,1.0\n"


def test_published_numbers_are_well_formed():
    rows = published_rows(["nottingham", "msmd"])
    assert len(rows) > 30
    for row in rows:
        numbers = {key: text for key, text in row.cells.items() if key != "player"}
        assert numbers
        assert set(numbers) <= KNOWN
        for key, text in numbers.items():
            value, _, unit = text.partition(" ")
            assert unit in ("", "px")
            assert "error" in key or 0 <= float(value) <= 1
        shares = [float(text) for key, text in numbers.items() if key.startswith("within_s")]
        assert shares == sorted(shares)  # a wider tolerance holds more
