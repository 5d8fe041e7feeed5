"""Reads and writes one dict of whole numbers in a numpy object array as a pickle, without running any of it.

The original data keeps ``coord2onset`` in such arrays. Pickles name the functions that rebuild their objects;
this reader knows four names and gives each a stand-in that only keeps its arguments.
"""

import io
import pickle
import struct
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from standpartner.errors import PieceError

_ADVICE: Final = "expected one dict of whole numbers, as the original data has it; do not trust this file"


class _Kept:
    """Stands in for an array or a data type, and keeps the state that the pickle gives it."""

    state: Any = None

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _reconstruct(*_: Any) -> _Kept:
    return _Kept()


def _scalar(_: Any, content: bytes = b"") -> int:
    """Return a numpy whole number from its bytes, lowest first."""
    if not isinstance(content, bytes) or len(content) > 8:
        raise pickle.UnpicklingError("a number of unexpected size")
    return int.from_bytes(content, "little", signed=True)


_STAND_INS: Final[dict[tuple[str, str], Any]] = {
    (f"numpy.{core}.multiarray", name): stand_in
    for core in ("core", "_core")
    for name, stand_in in (("_reconstruct", _reconstruct), ("scalar", _scalar))
} | {("numpy", "ndarray"): _Kept, ("numpy", "dtype"): _Kept}


class _NamelessUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _STAND_INS[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it asks for an outside object")


def read_int_dict(npy: bytes) -> dict[int, int]:
    """Read the dict from the content of a ``.npy`` file that holds an object array with it alone.

    Raises:
        PieceError: The file holds anything else.
    """
    try:
        file = io.BytesIO(npy)
        version = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        _, _, dtype = read_header(file)
        if not dtype.hasobject:
            raise PieceError(f"the array is of {dtype}: {_ADVICE}")
        # "bytes", because Python 2 wrote strings of bytes, also for numpy's numbers
        array = _NamelessUnpickler(file, encoding="bytes").load()
        (content,) = array.state[-1]
        items = {key: value for key, value in content.items() if type(key) is int and type(value) is int}
        if len(items) != len(content):
            raise PieceError(f"not only whole numbers are in it: {_ADVICE}")
    except PieceError:
        raise
    except Exception as error:  # a hostile pickle can raise any error
        raise PieceError(f"{error or type(error).__name__}: {_ADVICE}") from error
    return items


def write_int_dict(content: Mapping[int, int]) -> bytes:
    """Return the content of a ``.npy`` file with such an array, for every version of numpy and Python.

    It is written opcode by opcode (protocol 2), as numpy's own pickles name modules that older versions lack.
    """
    array_of_one = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR"
    kind = b"cnumpy\ndtype\n(U\x02O8K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x3ftb"
    numbers = b"".join(_number(key) + _number(value) for key, value in content.items())
    state = b"(K\x01K\x01\x85" + kind + b"\x89](}(" + numbers + b"uet"
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    return file.getvalue() + b"\x80\x02" + array_of_one + state + b"b."


def _number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)
