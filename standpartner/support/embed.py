"""Embeds sound and pictures in data addresses, so that pages need no other files."""

import base64
import io
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image

from standpartner.constants import SAMPLE_RATE_HZ

TILE_PX: Final = 2_048  # browsers refuse very wide pictures
_GREYS: Final = 16  # enough for anti-aliased notation, and four bits a pixel
_BLOCK_SAMPLES: Final = 1 << 18
_BYTES_A_PART: Final = 3 << 18  # base64 turns three bytes into four characters


def data_uri(content: bytes, media_type: str) -> str:
    """Return an address that holds the content itself; the media type is for example ``image/png``."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def vorbis_uri(audio: NDArray[np.float32]) -> str:
    """Compress mono samples at 22 050 Hz, (n,), to Ogg Vorbis and embed them."""
    return "".join(vorbis_uri_parts([audio]))


def vorbis_uri_parts(blocks: Iterable[NDArray[np.float32]]) -> Iterator[str]:
    """Compress a long sound that comes in blocks of mono samples at 22 050 Hz, and yield its address part by part."""
    stream = io.BytesIO()
    with soundfile.SoundFile(stream, "w", SAMPLE_RATE_HZ, 1, format="OGG", subtype="VORBIS") as sound:
        for block in blocks:
            # libsndfile's Vorbis encoder overflows its stack on one long write.
            for first in range(0, len(block), _BLOCK_SAMPLES):
                sound.write(np.clip(block[first : first + _BLOCK_SAMPLES], -1.0, 1.0))
    yield data_uri(b"", "audio/ogg")
    with stream.getbuffer() as content:
        for first in range(0, len(content), _BYTES_A_PART):
            yield base64.b64encode(content[first : first + _BYTES_A_PART]).decode()


def grey_png(picture: NDArray[np.uint8]) -> bytes:
    """Write a grey picture, (height, width), as a PNG with all its shades."""
    return _png(Image.fromarray(np.ascontiguousarray(picture)))


def notation_png(picture: NDArray[np.uint8]) -> bytes:
    """Write a grey picture of notation, (height, width), as a small PNG in 16 shades."""
    step = 255 / (_GREYS - 1)
    level_of = np.rint(np.arange(256) / step).astype(np.uint8)  # a table, as floats of a page would take much memory
    levels = Image.fromarray(level_of[picture], mode=None)
    indexed = Image.frombytes("P", levels.size, levels.tobytes())
    indexed.putpalette([round(level * step) for level in range(_GREYS) for _ in range(3)])
    return _png(indexed, bits=4)


def drawing_png(picture: NDArray[np.uint8]) -> bytes:
    """Write a drawn picture, (height, width, 3), as a small PNG in 256 colours."""
    # Maximum coverage keeps rare colours apart, such as those for and against; median cut would merge them.
    drawn = Image.fromarray(picture).quantize(method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    return _png(drawn)


def _png(image: Image.Image, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True, **options)
    return stream.getvalue()


def embedded_notation(picture: NDArray[np.uint8]) -> dict[str, Any]:
    """Embed a grey picture of notation, (height, width): its address and its size in px, for JSON."""
    height, width = picture.shape
    return {"image": data_uri(notation_png(picture), "image/png"), "width": width, "height": height}


def tiles(picture: NDArray[np.uint8], width_px: int = TILE_PX) -> list[NDArray[np.uint8]]:
    """Cut a wide picture into tiles of at most ``width_px``, left to right."""
    return [picture[:, left : left + width_px] for left in range(0, picture.shape[1], width_px)]
