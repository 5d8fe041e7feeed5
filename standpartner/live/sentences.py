"""Makes sentences for people of the words of errors."""


def sentence_of(words: str) -> str:
    """Return words in one line, with a capital and a full stop."""
    line = " ".join(words.split())
    return line[:1].upper() + line[1:] + ("" if line.endswith((".", "!", "?")) else ".")
