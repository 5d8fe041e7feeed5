"""Says that a decoder cannot read a file, so that another one may try."""


class Refusal(Exception):  # noqa: N818 (it is no error of the package: it never leaves this room)
    """A decoder cannot open or decode a file; the words say why."""
