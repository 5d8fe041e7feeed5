"""Model cards say what agent.json says, and evaluations of one kind replace each other."""

import json
import shutil

import pytest

from standpartner.agent.bundle import load_agent
from standpartner.agent.calibration import Calibration
from standpartner.agent.card import record_calibration, record_measures, write_card
from standpartner.agent.find import bundled_agents
from standpartner.errors import AgentError


def report(agent="tiny", runs=1, r_on=0.5, sound="as-built"):
    return {
        "agent": agent,
        "corpus": "birds",
        "split": "test",
        "sound": sound,
        "game": "piano",
        "runs": runs,
        "pieces": 3,
        "onsets": 40,
        "r_tue": 0.25,
        "r_on": r_on,
        "r_on_as_published": 0.75,
        "error_cm_mean": 0.125,
        "error_cm_std": 0.5,
        "within_s": {"0.5": 0.375},
        "spread": {},
        "intervals": {"r_tue": (0.0, 1.0), "r_on": (0.1, 0.9), "error_cm_mean": (0.1, 0.2)},
    }


@pytest.fixture
def folder(tiny_bundle, tmp_path):
    shutil.copytree(tiny_bundle, tmp_path / "tiny")
    return tmp_path / "tiny"


def test_evaluations_are_recorded_and_replaced(folder):
    record_measures(folder, report(agent=str(folder)))
    record_measures(folder, report(r_on=0.625))
    record_measures(folder, report(runs=10))
    record_measures(folder, report(agent="oracle"))
    measures = json.loads((folder / "agent.json").read_text())["about"]["measures"]
    assert [(row["agent"], row["runs"], row["r_on"]) for row in measures] == [
        ("tiny", 1, 0.625),
        ("tiny", 10, 0.5),
        ("oracle", 1, 0.5),
    ]
    card = (folder / "MODEL_CARD.md").read_text()
    line = "| tiny | birds test | as-built | piano | 1 | 3 | 40 | 0.250 (0.000-1.000) | 0.625 (0.100-0.900) |"
    assert line + " 0.750 | 0.125 (0.100-0.200) | 0.375 |" in card


def test_evaluations_in_other_sound_stand_beside_each_other(folder):
    record_measures(folder, report())
    content = json.loads((folder / "agent.json").read_text())
    del content["about"]["measures"][0]["sound"]  # as written before there were others
    (folder / "agent.json").write_text(json.dumps(content))
    record_measures(folder, report(sound="room", r_on=0.125))
    record_measures(folder, report(agent="otw", sound="room"))
    record_measures(folder, report(r_on=0.25))
    measures = json.loads((folder / "agent.json").read_text())["about"]["measures"]
    assert [(row["agent"], row["sound"], row["r_on"]) for row in measures] == [
        ("tiny", "room", 0.125),
        ("otw", "room", 0.5),
        ("tiny", "as-built", 0.25),
    ]


def test_a_card_without_results_has_no_table(folder):
    write_card(folder)
    card = (folder / "MODEL_CARD.md").read_text()
    assert card.startswith("# Agent tiny")
    assert "## Results" not in card


def test_no_agent_no_card(tmp_path):
    with pytest.raises(AgentError, match="expected an agent"):
        record_measures(tmp_path, report())


def test_a_calibration_is_kept_and_used(folder):
    assert load_agent(str(folder)).calibration == Calibration()
    write_card(folder)
    assert "not calibrated" in (folder / "MODEL_CARD.md").read_text()
    record_calibration(folder, Calibration(search=0.5, tracker=0.1, bias=-0.25), how="calibrated on birds")
    assert "| confidence | calibrated on birds |" in (folder / "MODEL_CARD.md").read_text()
    assert load_agent(str(folder)).calibration == Calibration(search=0.5, tracker=0.1, bias=-0.25)


def describe(folder, **about):
    content = json.loads((folder / "agent.json").read_text())
    content["about"] |= about
    (folder / "agent.json").write_text(json.dumps(content))
    write_card(folder)
    return (folder / "MODEL_CARD.md").read_text()


def test_a_card_names_the_stages_that_ran_and_how_the_checkpoint_was_chosen(folder):
    card = describe(
        folder,
        stages=[{"stage": "pretrain", "steps": 40, "minutes": 3.4}, {"stage": "ppo", "steps": 7, "note": "twice"}],
        left_out=[{"stage": "a2c", "steps": 5}],
        chosen="by hand",
        command="standpartner train x",
        command_note="It takes a while",
    )
    assert "| stages | pretrain (40 steps, 3 minutes); ppo (7 steps, twice) |" in card
    assert "| ran, but not in these weights | a2c (5 steps) |" in card
    assert "| chosen | by hand |" in card
    assert "| command | `standpartner train x`. It takes a while |" in card


def test_a_card_says_that_no_command_makes_the_weights_and_what_was_not_recorded(folder):
    card = describe(folder, command="", command_note="No single command makes these weights")
    assert "| command | No single command makes these weights |" in card
    assert "| stages | not recorded |" in card
    assert "| chosen | not recorded |" in card


@pytest.mark.parametrize("name", bundled_agents())
def test_the_shipped_cards_are_those_of_their_files(name, tmp_path):
    for file in ("agent.json", "MODEL_CARD.md"):
        shutil.copy(bundled_agents()[name] / file, tmp_path)
    shipped = (tmp_path / "MODEL_CARD.md").read_text()
    write_card(tmp_path)
    assert (tmp_path / "MODEL_CARD.md").read_text() == shipped
    assert "not recorded" not in shipped
