"""Defines the style of performances: ranges to draw from, and the values that were drawn."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Self

import numpy as np

from standpartner.errors import ConfigError

# These are drawn apart from the others, so that their defaults leave all else as it is.
_DRAWN_APART: Final = (
    "detune_range_cents",
    "wrong_share_range",
    "missing_share_range",
    "extra_share_range",
    "arpeggio_share_range",
    "hesitation_share_range",
    "hesitation_range_s",
    "rubato_depth_range",
    "fermata_share_range",
    "fermata_range_s",
    "pedal_share_range",
    "pedal_length_range_s",
    "top_voice_range",
)
_LENGTHS: Final = {
    "hesitation_share_range": "hesitation_range_s",
    "fermata_share_range": "fermata_range_s",
    "pedal_share_range": "pedal_length_range_s",
}
_SIGNED: Final = ("gain_range_db", "detune_range_cents")
_MAX_DETUNE_CENTS: Final = 100.0


@dataclass(frozen=True)
class PerformanceStyle:
    """The style of performances. Ranges are (lowest, highest); each performance draws one value from each.

    Attributes:
        tempo_factor_range: The speed relative to the score's own tempo, drawn evenly on a logarithmic scale.
        tempo_walk_depth_range: The standard deviation of the slow walk of the logarithm of the local tempo.
        tempo_walk_period_s: The score time over which that walk loses its memory.
        phrase_depth_range: The depth of the phrase arches: the tempo is slower by this share at the ends of phrases.
        phrase_length_range_s: The length of a phrase in score time.
        timing_jitter_range_s: The standard deviation of an onset's deviation from the tempo curve.
        chord_spread_range_s: The mean delay of a chord's other notes after its first.
        velocity_mean_range: The mean MIDI velocity.
        velocity_walk_range: The standard deviation of the slow walk of the velocity.
        velocity_jitter_range: The standard deviation of a single note's velocity.
        articulation_range: The sounding share of the written duration: 0.3 is staccato, 1 legato, above 1 pedalled.
        lead_silence_range_s: The silence before the first onset.
        soundfonts: The names of soundfonts to choose from, as :func:`standpartner.perform.soundfonts` gives them.
        programs: The General MIDI programs to choose from, with their weights.
        gain_range_db: The level of the recording relative to the synthesiser's.
        detune_range_cents: The tuning of the whole instrument relative to a' = 440 Hz, within 100 cents.
        wrong_share_range: The share of notes for which a neighbouring key is struck.
        missing_share_range: The share of notes that are left out.
        extra_share_range: The share of notes with which a neighbouring key is brushed.
        arpeggio_share_range: The share of chords that are rolled upwards.
        hesitation_share_range: The share of onsets before which the player hesitates.
        hesitation_range_s: The mean length of such a pause; one is half to one and a half times as long.
        rubato_depth_range: The standard deviation of a fast walk of the logarithm of the local tempo.
        rubato_period_s: The score time over which that walk loses its memory.
        fermata_share_range: The share of onsets before which the player stays on what sounds.
        fermata_range_s: The mean length of such a stay; one is half to one and a half times as long.
        pedal_share_range: The share of the playing time during which the pedal is down.
        pedal_length_range_s: The mean time from one change of the pedal to the next.
        top_voice_range: The velocity by which the highest note of each chord is louder.
    """

    tempo_factor_range: tuple[float, float] = (0.6, 1.5)
    tempo_walk_depth_range: tuple[float, float] = (0.0, 0.15)
    tempo_walk_period_s: float = 8.0
    phrase_depth_range: tuple[float, float] = (0.0, 0.2)
    phrase_length_range_s: tuple[float, float] = (6.0, 16.0)
    timing_jitter_range_s: tuple[float, float] = (0.0, 0.015)
    chord_spread_range_s: tuple[float, float] = (0.0, 0.012)
    velocity_mean_range: tuple[float, float] = (50.0, 90.0)
    velocity_walk_range: tuple[float, float] = (0.0, 14.0)
    velocity_jitter_range: tuple[float, float] = (2.0, 10.0)
    articulation_range: tuple[float, float] = (0.4, 1.15)
    lead_silence_range_s: tuple[float, float] = (0.2, 2.0)
    soundfonts: tuple[str, ...] = ("timgm6mb", "fluidr3", "musescore")
    programs: tuple[tuple[int, float], ...] = ((0, 0.8), (1, 0.15), (3, 0.05))
    gain_range_db: tuple[float, float] = (-10.0, 6.0)
    detune_range_cents: tuple[float, float] = (0.0, 0.0)
    wrong_share_range: tuple[float, float] = (0.0, 0.0)
    missing_share_range: tuple[float, float] = (0.0, 0.0)
    extra_share_range: tuple[float, float] = (0.0, 0.0)
    arpeggio_share_range: tuple[float, float] = (0.0, 0.0)
    hesitation_share_range: tuple[float, float] = (0.0, 0.0)
    hesitation_range_s: tuple[float, float] = (0.0, 0.0)
    rubato_depth_range: tuple[float, float] = (0.0, 0.0)
    rubato_period_s: float = 1.0
    fermata_share_range: tuple[float, float] = (0.0, 0.0)
    fermata_range_s: tuple[float, float] = (0.0, 0.0)
    pedal_share_range: tuple[float, float] = (0.0, 0.0)
    pedal_length_range_s: tuple[float, float] = (0.0, 0.0)
    top_voice_range: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        for name in (entry.name for entry in fields(self) if "_range" in entry.name):
            low, high = getattr(self, name)
            if not (np.isfinite([low, high]).all() and low <= high) or (low < 0 and name not in _SIGNED):
                raise ConfigError(f"expected {name} as (lowest, highest), not negative, got ({low}, {high})")
            if "_share_" in name and high > 1:
                raise ConfigError(f"expected {name} as shares from 0 to 1, got ({low}, {high})")
        if np.abs(self.detune_range_cents).max() > _MAX_DETUNE_CENTS:
            raise ConfigError(
                f"expected detune_range_cents within {_MAX_DETUNE_CENTS:g} cents, got {self.detune_range_cents}"
            )
        for share, length in _LENGTHS.items():
            if getattr(self, share)[1] > 0 and getattr(self, length)[0] <= 0:
                raise ConfigError(f"expected {length} of positive lengths, got {getattr(self, length)}")
        positive = (self.tempo_factor_range[0], self.phrase_length_range_s[0], self.articulation_range[0])
        if min(*positive, self.tempo_walk_period_s, self.rubato_period_s) <= 0 or self.phrase_depth_range[1] >= 1:
            raise ConfigError("tempo factor, periods, lengths and articulation must be positive, phrase depth below 1")
        if not self.soundfonts or not self.programs or min(weight for _, weight in self.programs) <= 0:
            raise ConfigError("expected at least one soundfont and one program, with positive weights")
        if not all(0 <= program <= 127 for program, _ in self.programs):
            raise ConfigError(f"expected General MIDI programs from 0 to 127, got {self.programs}")

    @classmethod
    def mechanical(cls) -> Self:
        """Return the style of a notation program: the score's tempo and durations, one loudness, no silence before."""
        still = (0.0, 0.0)
        return cls(
            tempo_factor_range=(1.0, 1.0),
            tempo_walk_depth_range=still,
            phrase_depth_range=still,
            timing_jitter_range_s=still,
            chord_spread_range_s=still,
            velocity_mean_range=(72.0, 72.0),
            velocity_walk_range=still,
            velocity_jitter_range=still,
            articulation_range=(1.0, 1.0),
            lead_silence_range_s=still,
            soundfonts=("timgm6mb",),
            programs=((0, 1.0),),
            gain_range_db=still,
        )


@dataclass(frozen=True)
class PerformanceChoices:
    """The values drawn for one performance, as plain numbers and words that can be written beside the audio.

    The attributes are those of `PerformanceStyle` without ``_range``, with one value each.
    """

    tempo_factor: float
    tempo_walk_depth: float
    phrase_depth: float
    phrase_length_s: float
    timing_jitter_s: float
    chord_spread_s: float
    velocity_mean: float
    velocity_walk: float
    velocity_jitter: float
    articulation: float
    lead_silence_s: float
    gain_db: float
    soundfont: str
    program: int
    detune_cents: float = 0.0
    wrong_share: float = 0.0
    missing_share: float = 0.0
    extra_share: float = 0.0
    arpeggio_share: float = 0.0
    hesitation_share: float = 0.0
    hesitation_s: float = 0.0
    rubato_depth: float = 0.0
    fermata_share: float = 0.0
    fermata_s: float = 0.0
    pedal_share: float = 0.0
    pedal_length_s: float = 0.0
    top_voice: float = 0.0

    def record(self) -> dict[str, Any]:
        """Return all values by name; what is drawn apart and 0 is left out."""
        apart = {_choice_name(name) for name in _DRAWN_APART}
        return {name: value for name, value in asdict(self).items() if value or name not in apart}


def draw_choices(style: PerformanceStyle, rng: np.random.Generator) -> PerformanceChoices:
    """Draw one value from each range of a style, in the order of its fields; some use a child of ``rng``.

    Args:
        style: The ranges to draw from.
        rng: The generator.

    Returns:
        The choices.
    """
    drawn: dict[str, Any] = {}
    apart_rng = rng.spawn(1)[0]  # a child does not change the draws of ``rng``
    for entry in fields(style):
        if "_range" in entry.name:
            source = apart_rng if entry.name in _DRAWN_APART else rng
            drawn[_choice_name(entry.name)] = float(source.uniform(*getattr(style, entry.name)))
    # Twice as fast and half as fast are equally far from the score's tempo.
    low, high = np.log(style.tempo_factor_range)
    drawn["tempo_factor"] = float(np.exp(rng.uniform(low, high)))
    programs, weights = zip(*style.programs, strict=True)
    return PerformanceChoices(
        **drawn,
        soundfont=style.soundfonts[rng.integers(len(style.soundfonts))],
        program=int(rng.choice(programs, p=np.array(weights) / sum(weights))),
    )


def _choice_name(range_name: str) -> str:
    """Return the name of the value that is drawn from a range."""
    return range_name.replace("_range", "")
