"""The one exception tree. Each message says what was expected, what came, and what to do."""


class StandpartnerError(Exception):
    """Base of every error that standpartner raises on purpose."""


class ConfigError(StandpartnerError):
    """A configuration or an argument has a value that cannot work."""


class ScoreError(StandpartnerError):
    """A score cannot be read, engraved or used."""


class AudioError(StandpartnerError):
    """Audio cannot be read, synthesised or used."""


class PieceError(StandpartnerError):
    """A piece, its alignment or its file is damaged or inconsistent."""


class CorpusError(StandpartnerError):
    """A corpus is missing, incomplete, or its split is violated."""


class GameError(StandpartnerError):
    """The game was set up or stepped against its rules."""


class AgentError(StandpartnerError):
    """An agent or a checkpoint is missing, damaged or does not fit."""


class ToolError(StandpartnerError):
    """An external program or child process failed; its own words are in the message."""


class TimeLimitError(ToolError):
    """An external program or child process took longer than it may."""


class MemoryLimitError(ToolError):
    """A child process needed more memory than it may take."""


class BrokenOffError(ToolError):
    """A child process ended without an answer: it aborted or was killed."""


class MissingExtraError(StandpartnerError):
    """An optional part is not installed; the message names the command that installs it."""

    def __init__(self, what: str, command: str, *, several: bool = False) -> None:
        verb, pronoun = ("are", "them") if several else ("is", "it")
        super().__init__(f"{what} {verb} not installed; install {pronoun} with: {command}")
        self.command = command


class OutputError(StandpartnerError):
    """A result cannot be written."""
