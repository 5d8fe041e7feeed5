"""Defines how piano music is engraved and performed in each split, alike in all sets."""

from dataclasses import replace

from standpartner.corpus.build import render_performance, seed_of
from standpartner.perform import SOUNDS, TRAINING_SOUNDS, PerformanceStyle, SoundConfig
from standpartner.piece import Performance
from standpartner.score import EngravingStyle, Score

_PIANOS = ((0, 0.4), (1, 0.2), (2, 0.2), (3, 0.2))
TRAIN_STYLE = PerformanceStyle(tempo_factor_range=(0.5, 2.0), soundfonts=("timgm6mb", "fluidr3"), programs=_PIANOS)
VALID_STYLE = PerformanceStyle(tempo_factor_range=(0.6, 1.6), soundfonts=("fluidr3",), programs=((0, 1.0),))
TEST_STYLE = replace(PerformanceStyle.mechanical(), soundfonts=("musescore",))
FREE_TEST_STYLE = replace(VALID_STYLE, soundfonts=("musescore",))
RUBATO_TEST_STYLE = replace(
    FREE_TEST_STYLE,
    tempo_walk_depth_range=(0.2, 0.3),
    tempo_walk_period_s=4.0,
    phrase_depth_range=(0.3, 0.45),
    arpeggio_share_range=(0.1, 0.2),
    hesitation_share_range=(0.03, 0.06),
    hesitation_range_s=(0.3, 1.2),
)
SLIPS_STYLE = replace(
    TRAIN_STYLE,
    detune_range_cents=(-30.0, 30.0),
    wrong_share_range=(0.0, 0.03),
    missing_share_range=(0.0, 0.03),
    extra_share_range=(0.0, 0.03),
    arpeggio_share_range=(0.0, 0.2),
    hesitation_share_range=(0.0, 0.03),
    hesitation_range_s=(0.3, 1.2),
)
# The ranges come near to what `benchmarks/human_playing.py` finds in training pieces of ASAP. Stays on a chord are
# longer and come more often than people's, as an agent meets few of them otherwise.
PEOPLE_STYLE = replace(
    SLIPS_STYLE,
    tempo_factor_range=(0.5, 1.6),
    tempo_walk_depth_range=(0.0, 0.3),
    tempo_walk_period_s=6.0,
    phrase_depth_range=(0.0, 0.15),
    timing_jitter_range_s=(0.008, 0.03),
    chord_spread_range_s=(0.008, 0.022),
    velocity_mean_range=(42.0, 72.0),
    velocity_walk_range=(6.0, 18.0),
    velocity_jitter_range=(6.0, 14.0),
    articulation_range=(0.4, 1.0),
    hesitation_share_range=(0.0, 0.02),
    rubato_depth_range=(0.02, 0.3),
    fermata_share_range=(0.0, 0.01),
    fermata_range_s=(1.0, 4.0),
    pedal_share_range=(0.0, 0.9),
    pedal_length_range_s=(0.4, 1.6),
    top_voice_range=(3.0, 16.0),
)
_ROOMS = tuple(SOUNDS[name] for name in TRAINING_SOUNDS)
SOUNDFONTS = ("timgm6mb", "fluidr3", "musescore")


def engraving_style(name: str, split: str) -> EngravingStyle:
    """Return the style in which Verovio draws a piece: random by its name for training, else Verovio's own."""
    return EngravingStyle.draw(seed_of(name, "engraving")) if split == "train" else EngravingStyle()


def performance_styles(
    split: str, *, times: int = 2, free_test: bool = False
) -> list[tuple[PerformanceStyle, tuple[SoundConfig, ...]]]:
    """Return the styles and surroundings of the performances of a split, one entry for each performance.

    Training pieces are played ``times`` times with expression on several pianos, as often with playing errors and
    hesitations, recorded in rooms, and as often in the manner of people, in rooms, too. Validation pieces are played
    once. Test pieces are played as in the paper, in the score's own time, or freely, on a piano that neither training
    nor validation uses.

    Args:
        split: The split: "train", "valid" or "test".
        times: The number of times that a training piece is played in each way.
        free_test: Whether test pieces are played as freely as those of validation.
    """
    if split == "train":
        return [(TRAIN_STYLE, ())] * times + [(SLIPS_STYLE, _ROOMS)] * times + [(PEOPLE_STYLE, _ROOMS)] * times
    return [({"valid": VALID_STYLE, "test": FREE_TEST_STYLE if free_test else TEST_STYLE}[split], ())]


def perform_on_piano(
    score: Score, split: str, *, name: str, times: int = 2, free_test: bool = False
) -> tuple[Performance, ...]:
    """Play a score in the styles of its split (see `performance_styles`), seeded by the name of the piece."""
    return tuple(
        render_performance(score, style, name=f"performance-{i}", seed=seed_of(name, str(i)), sounds=sounds)
        for i, (style, sounds) in enumerate(performance_styles(split, times=times, free_test=free_test))
    )
