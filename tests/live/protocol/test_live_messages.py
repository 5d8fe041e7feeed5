"""The messages of the protocol and their JSON schema."""

import json
import re
from importlib import resources
from pathlib import Path

import jsonschema
import msgspec
import pytest

from standpartner.errors import ConfigError
from standpartner.live.protocol import messages

PROTOCOL = Path(__file__).parents[3] / "docs" / "reference" / "live-protocol.md"
FIT = [
    messages.Hello(version=1, role="listen", score="abc"),
    messages.Hello(version=1, role="show", token="t", session="s1"),  # noqa: S106
    messages.Audio(sample_rate_hz=48_000, channels=2),
    messages.Start(bar=3, keep_audio=True),
    messages.Stop(),
    messages.Move(page=2, page_x=0.5, page_y=1.0),
    messages.TurnPage(page=2),
    messages.Settings(lead_systems=1.0, lead_by_page={2: 0.25}),
]
UNFIT = [
    "",
    "null",
    "[]",
    "{}",
    "[" * 20_000,
    '{"type": "nothing"}',
    '{"type": "hello", "version": 1, "role": "sing"}',
    '{"type": "hello", "version": 1, "role": "show", "more": 1}',
    '{"type": "hello", "version": 1, "role": "show", "score": "../../etc/passwd"}',
    '{"type": "audio", "sample_rate_hz": 0}',
    '{"type": "audio", "sample_rate_hz": 48000.5}',
    '{"type": "audio", "sample_rate_hz": 48000, "channels": 1000}',
    '{"type": "move", "page": 1, "page_x": 1e999}',
    '{"type": "move", "page": 1, "page_x": -0.1}',
    '{"type": "start", "bar": 0}',
]


@pytest.fixture(scope="module")
def schema():
    text = resources.files("standpartner.live.protocol").joinpath("protocol.schema.json").read_text(encoding="utf-8")
    return json.loads(text)


def test_the_schema_in_the_package_is_that_of_the_messages(schema):
    assert schema == messages.schema()
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("message", FIT, ids=lambda message: type(message).__name__)
def test_a_message_survives_and_fits_the_schema(message, schema):
    text = messages.encode(message)
    assert messages.decode(text) == message
    jsonschema.validate(json.loads(text), {**schema, "$ref": "#/$defs/ClientMessage"})


@pytest.mark.parametrize("text", UNFIT, ids=lambda text: text[:60])
def test_what_is_no_message_is_one_sentence(text, schema):
    with pytest.raises(ConfigError, match="no message of the live protocol, version 1"):
        messages.decode(text)


def test_messages_of_the_page_are_those_of_the_code():
    page = PROTOCOL.read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \|(.*)\|$", page, re.MULTILINE)
    classes = msgspec.inspect.multi_type_info([*messages.ClientMessage.__args__, *messages.ServerMessage.__args__])
    assert [name for name, _ in listed] == [kind.tag for kind in classes]
    for (name, fields), kind in zip(listed, classes, strict=True):
        for field in kind.fields:
            assert f"`{field.encode_name}`" in fields, (name, field.encode_name)


def test_the_client_on_the_page_is_the_one_of_the_tests():
    code = Path(__file__).with_name("small_client.py").read_text(encoding="utf-8").split("import websockets\n")[1]
    assert code.strip() in PROTOCOL.read_text(encoding="utf-8")
    assert len(code.strip().splitlines()) <= 30  # some twenty, without blank lines and signatures


def test_examples_on_the_page_are_messages():
    examples = re.findall(r'`(\{"type".*?\})`', PROTOCOL.read_text(encoding="utf-8"))
    assert len(examples) >= 2
    for example in examples:
        messages.decode(example)
