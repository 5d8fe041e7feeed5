import pytest

from tests.score.print.fuzz import is_sentence, mutated_files, read_all


def test_the_same_seed_mutates_alike():
    first, second = dict(mutated_files(8, seed=3)), dict(mutated_files(8, seed=3))
    assert first == second
    assert len(set(first.values())) > 4


def test_what_shows_the_program_is_no_sentence_for_a_user():
    assert is_sentence("a.png is damaged; save it anew.")
    assert not is_sentence("a.png cannot be read: KeyError: 3 (reading.py, line 7); save it anew.")
    assert not is_sentence("a.png is damaged")


@pytest.mark.slow
def test_mutated_files_are_read_or_refused_in_a_sentence():
    outcomes, faults = read_all(mutated_files(60, seed=1), whole_every=15)
    assert faults == []
    assert sum(outcomes.values()) == 60
    assert {"read", "refused in a sentence"} <= set(outcomes)
