"""The type of the arrays that pass between the steps of reading; the docstrings say what they hold."""

from typing import Any, TypeAlias

from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
