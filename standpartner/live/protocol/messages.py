"""Defines the messages of the live protocol, which docs/reference/live-protocol.md describes.

Each message is a JSON object whose ``type`` names it. These classes check what comes in, write what goes out, and make
the JSON schema (`schema`) that lies beside them in ``protocol.schema.json``.
"""

from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

from standpartner.errors import ConfigError

PROTOCOL_VERSION: Final = 1

Page: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=10_000, description="The page, counted from 1.")]
Bar: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=1_000_000, description="The bar, counted from 1 in the layout.")]
Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Identifier: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[0-9a-z]{1,32}$")]
Words: TypeAlias = Annotated[str, msgspec.Meta(max_length=200)]
Confidence: TypeAlias = Literal["sure", "unsure", "lost"]
SessionState: TypeAlias = Literal["idle", "waiting", "following", "finished"]
ErrorCode: TypeAlias = Literal[
    "bad_message", "bad_audio", "not_allowed", "no_score", "version", "too_fast", "too_slow", "failed", "ended"
]


class Message(msgspec.Struct, tag_field="type", forbid_unknown_fields=True, kw_only=True, omit_defaults=False):
    """A message of the protocol."""


class Hello(Message, tag="hello"):
    """Opens the connection; it is the first message of a client.

    Attributes:
        version: The version of the protocol that the client speaks.
        role: Whether the client sends sound (``listen``) or only shows (``show``).
        score: The score to play; without it a showing client is shown what is played now.
        session: The session to join or, after a broken connection, to go on with.
        token: The token of the server; see the section on tokens.
    """

    version: int
    role: Literal["listen", "show"]
    score: Identifier | None = None
    session: Identifier | None = None
    token: Words | None = None


class Audio(Message, tag="audio"):
    """Says what the following binary frames hold; it may be sent again in mid-stream when that changes.

    Attributes:
        sample_rate_hz: The samples a second and channel, as they really are.
        channels: The number of interleaved channels.
    """

    sample_rate_hz: Annotated[int, msgspec.Meta(ge=4_000, le=400_000)]
    channels: Annotated[int, msgspec.Meta(ge=1, le=8)] = 1


class Start(Message, tag="start"):
    """Starts a take: the server waits for the first note and follows.

    Attributes:
        bar: The bar in which the music begins; None stands for where the cursor is; at first, and after
            the end of the music, that is the first note.
        anywhere: Whether it may begin anywhere; then the follower finds the place by listening.
        keep_audio: Whether the sound of this take is kept on the server's disk.
    """

    bar: Bar | None = None
    anywhere: bool = False
    keep_audio: bool = False


class Stop(Message, tag="stop"):
    """Ends the take."""


class Move(Message, tag="move"):
    """Puts the cursor at a bar or at a place on a page, as a tap does; the follower goes on from there.

    Attributes:
        bar: The bar; if it is None, ``page`` is needed.
        page: The page.
        page_x: The share of the page's width, 0 to 1.
        page_y: The share of the page's height, 0 to 1.
    """

    bar: Bar | None = None
    page: Page | None = None
    page_x: Share = 0.0
    page_y: Share = 0.0


class TurnPage(Message, tag="turn_page"):
    """Says that the player turned to a page by hand; this wins over the follower, which is set to that page.

    Attributes:
        page: The page that the player sees now.
    """

    page: Page


class Settings(Message, tag="settings"):
    """Changes how early pages are turned in this session; what is None stays.

    Attributes:
        lead_systems: The part of a system before a page's end at which the next page is shown.
        lead_by_page: The same for single pages, by page number.
    """

    lead_systems: Annotated[float, msgspec.Meta(ge=0.0, le=4.0)] | None = None
    lead_by_page: dict[Page, Annotated[float, msgspec.Meta(ge=0.0, le=4.0)]] | None = None


class Position(Message, tag="position"):
    """The place of the music.

    Attributes:
        time_s: The second of the take.
        heard_s: The end of the sound, in seconds since the take's start, by which the place was decided.
        page: The page.
        system: The system, counted from 1 over all pages.
        bar: The bar, counted from 1; None where the score's bars are unknown.
        measure: The printed name of the bar.
        page_x: The share of the page's width, 0 to 1.
        page_y: The share of the page's height at the middle of the system, 0 to 1.
        strip_x_px: The place on the strip in strip px.
        probability: The probability that the place is right.
        confidence: The same in one word: ``sure``, ``unsure`` or ``lost``.
        jumped: Whether the music was found here after being elsewhere, by ear, by a link or by a tap.
    """

    time_s: float
    heard_s: float
    page: Page
    system: int
    bar: Bar | None
    measure: int | str | None
    page_x: Share
    page_y: Share
    strip_x_px: float
    probability: Share
    confidence: Confidence
    jumped: bool = False


class Welcome(Message, tag="welcome"):
    """Answers a hello, and tells a showing client that it is shown another session now.

    Attributes:
        version: The version of the protocol that the server speaks.
        server: The name and version of the program.
        session: The session, to be given in the next hello; None while a showing client waits for one.
        score: The score; None likewise.
        role: The role of the client.
        state: The state of the session.
        listening: Whether a take is going on; a listening client that comes back goes on sending sound.
        position: The last position, or None before the first.
        page: The page to show.
        lead_systems: The part of a system before a page's end at which the next page is shown.
    """

    version: int
    server: str
    session: Identifier | None
    score: Identifier | None
    role: Literal["listen", "show"]
    state: SessionState
    listening: bool
    position: Position | None
    page: Page
    lead_systems: float


class State(Message, tag="state"):
    """The state of the session has changed.

    Attributes:
        state: ``idle`` before a take, ``waiting`` for the first note, ``following``, ``finished`` at the score's end.
        listening: Whether a take is going on.
        take: The take that is going on.
    """

    state: SessionState
    listening: bool
    take: Identifier | None = None


class Turn(Message, tag="turn"):
    """Another page is to be shown.

    Attributes:
        page: The page.
        reason: ``ahead``: the music comes near the end of the page before; half-page layouts now show the upper half of
            this page above the old lower half. ``arrived``: the music is on this page, which is shown whole. ``back``:
            the music went back to it. ``jump``: it is found there. ``player``: a player turned to it by hand.
    """

    page: Page
    reason: Literal["ahead", "arrived", "back", "jump", "player"]


class Take(Message, tag="take"):
    """A take was saved.

    Attributes:
        id: The take, for ``/api/takes/{id}``.
        score: The score.
        duration_s: Its length in seconds.
    """

    id: Identifier
    score: Identifier
    duration_s: float


class ScoreChanged(Message, tag="score_changed"):
    """The score was corrected: clients fetch it again.

    Attributes:
        score: The score.
    """

    score: Identifier


class Error(Message, tag="error"):
    """Something is wrong.

    Attributes:
        code: The kind of error, for programs.
        sentence: What is wrong and what to do, for people.
        fatal: Whether the server closes the connection now.
    """

    code: ErrorCode
    sentence: str
    fatal: bool = False


class Busy(Message, tag="busy"):
    """The server has no room for one more listener; those that play already are kept. The connection closes.

    Attributes:
        sentence: What is wrong and what to do.
        retry_s: The seconds after which to try again.
    """

    sentence: str
    retry_s: float


class Alive(Message, tag="alive"):
    """Tells a client that was told nothing for five seconds that the connection lives; nothing needs to be done."""


ClientMessage: TypeAlias = Hello | Audio | Start | Stop | Move | TurnPage | Settings
ServerMessage: TypeAlias = Welcome | State | Position | Turn | Take | ScoreChanged | Error | Busy | Alive

_decoder = msgspec.json.Decoder(ClientMessage)
_server_decoder = msgspec.json.Decoder(ServerMessage)
_encoder = msgspec.json.Encoder()


def decode(text: str | bytes) -> ClientMessage:
    """Read a message of a client.

    Raises:
        ConfigError: It is no JSON, or no message of the protocol.
    """
    try:
        message: ClientMessage = _decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ConfigError(
            f"this is no message of the live protocol, version {PROTOCOL_VERSION} ({error}); see its JSON schema"
        ) from error
    return message


def decode_from_server(text: str | bytes) -> ServerMessage:
    """Read a message of a server; see `decode`."""
    try:
        message: ServerMessage = _server_decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ConfigError(f"this is no message of a server of the live protocol ({error})") from error
    return message


def encode(message: ServerMessage | ClientMessage) -> str:
    """Write a message as JSON."""
    return _encoder.encode(message).decode()


def schema() -> dict[str, Any]:
    """Return the JSON schema of the protocol.

    Its definitions ``ClientMessage`` and ``ServerMessage`` are the messages of either side.
    """
    (client, server), definitions = msgspec.json.schema_components(
        [ClientMessage, ServerMessage], ref_template="#/$defs/{name}"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"standpartner live protocol, version {PROTOCOL_VERSION}",
        "anyOf": [{"$ref": "#/$defs/ClientMessage"}, {"$ref": "#/$defs/ServerMessage"}],
        "$defs": {"ClientMessage": client, "ServerMessage": server, **definitions},
    }
