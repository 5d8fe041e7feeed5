"""The numbers that the game and the data fix. Anything else is configuration."""

from typing import Final

SAMPLE_RATE_HZ: Final = 22_050
FRAME_RATE_HZ: Final = 20
FRAME_SIZE_SAMPLES: Final = 2_048
HOP_SAMPLES: Final = SAMPLE_RATE_HZ / FRAME_RATE_HZ  # 1102.5: frame k is centred on sample int(k * HOP_SAMPLES)

BANDS_PER_OCTAVE: Final = 12
BAND_MIN_HZ: Final = 60.0
BAND_MAX_HZ: Final = 6_000.0
BAND_COUNT: Final = 78

STRIP_HEIGHT_PX: Final = 160
STAFF_SPACING_PX: Final = 7.0
CM_PER_STRIP_PX: Final = 0.035277778

FRAMES_IN_VIEW: Final = 40
SPEED_CHANGES_PX: Final = (-1, 0, 1)  # what an agent's three actions do to its reading speed, in strip px a frame
LOWEST_KEY: Final = 21  # MIDI number of the piano's lowest key
KEY_COUNT: Final = 88
