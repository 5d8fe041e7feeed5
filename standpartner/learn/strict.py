"""Makes configurations from TOML or JSON tables, and refuses unknown names, wrong types and numbers out of range.

msgspec checks every single value against its type and range. It takes dataclasses, too, but ignores names that they
do not have, and cannot tell two of them apart in a union. So the tables are checked here.
"""

from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from standpartner.agent.config import AnyNetworkConfig, NetworkConfig, WindowNetworkConfig
from standpartner.errors import ConfigError
from standpartner.networks.paper import PAPER_NETWORKS

T = TypeVar("T")


def strictly(kind: type[T], table: Any, where: str) -> T:
    """Make a dataclass from a table.

    Args:
        kind: The dataclass.
        table: The table with its values; missing ones get their defaults.
        where: The name of the table, for errors.

    Raises:
        ConfigError: A name is unknown or missing, or a value is not of its type or not in its range.
    """
    if not isinstance(table, dict):
        raise ConfigError(f"{where}: expected a table, got {table!r}")
    known = {entry.name: entry for entry in fields(kind)}  # type: ignore[arg-type]  # a dataclass
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise ConfigError(f"{where}: unknown setting {', '.join(unknown)}; expected some of {', '.join(known)}")
    needed = [name for name, entry in known.items() if entry.default is entry.default_factory is MISSING]
    missing = [name for name in needed if name not in table]
    if missing:
        raise ConfigError(f"{where}: expected a value for {', '.join(missing)}, got none")
    types = get_type_hints(kind, include_extras=True)
    made = {name: _value(types[name], value, f"{where}.{name}") for name, value in table.items()}
    try:
        return kind(**made)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


def _value(kind: Any, value: Any, where: str) -> Any:
    if kind == AnyNetworkConfig:
        return _network(value, where)
    if isinstance(kind, type) and is_dataclass(kind):
        return strictly(kind, value, where)
    parts = get_args(kind)
    if get_origin(kind) is tuple and is_dataclass(parts[0]) and isinstance(value, list | tuple):
        return tuple(_value(parts[0], part, f"{where}[{number}]") for number, part in enumerate(value))
    if get_origin(kind) is Literal and value not in parts:
        raise ConfigError(f"{where}: expected one of {', '.join(parts)}, got {value!r}")
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        expected = str(error).replace("Expected", "expected").partition(", got")[0].partition(" - at")[0]
        raise ConfigError(f"{where}: {expected.replace('`', '')}, got {value!r}") from error


def _network(value: Any, where: str) -> AnyNetworkConfig:
    """Make a window network's settings from its name or layers, or a read-once network's from the changed sizes."""
    if isinstance(value, str):
        if value not in PAPER_NETWORKS:
            raise ConfigError(f"{where}: no network {value!r}; expected one of {', '.join(PAPER_NETWORKS)} or a table")
        return PAPER_NETWORKS[value]
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: expected a table or a name, got {value!r}")
    if "kind" in value:
        return strictly(WindowNetworkConfig, value, where)
    return strictly(NetworkConfig, value, where)
