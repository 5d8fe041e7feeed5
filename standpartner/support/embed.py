"""What self-contained pages hold: sound, pictures and tables, ready for JSON."""

import base64
import io
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image

from standpartner.constants import SAMPLE_RATE_HZ

_GREYS = 16  # enough for anti-aliased notation, and four bits a pixel
_BLOCK_SAMPLES = 1 << 18


def data_uri(content: bytes, kind: str) -> str:
    """An address that holds the content itself, of a kind such as ``image/png``."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def vorbis_uri(audio: NDArray[np.float32]) -> str:
    """Compressed sound of (n,) mono samples at 22 050 Hz."""
    return data_uri(_vorbis(audio), "audio/ogg")


def _vorbis(audio: NDArray[np.float32]) -> bytes:
    """Compressed sound, written block by block: libsndfile's Vorbis encoder overflows its stack on one long write."""
    stream = io.BytesIO()
    with soundfile.SoundFile(stream, "w", SAMPLE_RATE_HZ, 1, format="OGG", subtype="VORBIS") as sound:
        for first in range(0, len(audio), _BLOCK_SAMPLES):
            sound.write(np.clip(audio[first : first + _BLOCK_SAMPLES], -1.0, 1.0))
    return stream.getvalue()


def page_picture(page: NDArray[np.uint8]) -> dict[str, Any]:
    """A page, or any (height, width) grey picture of notation, as a small PNG with its size."""
    step = 255 / (_GREYS - 1)
    image = Image.fromarray(np.rint(page / step).astype(np.uint8), mode=None)
    indexed = Image.frombytes("P", image.size, image.tobytes())
    indexed.putpalette([round(level * step) for level in range(_GREYS) for _ in range(3)])
    stream = io.BytesIO()
    indexed.save(stream, "PNG", optimize=True, bits=4)
    return {"image": data_uri(stream.getvalue(), "image/png"), "width": image.width, "height": image.height}
