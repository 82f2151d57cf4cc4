"""Records to and from the plain values of JSON, with complaints that name the place."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

Record = TypeVar("Record")

FLAT = "metrics"
"""A record's field of this name is a dictionary whose entries stand beside the other fields."""


class UnfitError(ValueError):
    """The values are not those of the record; the message says where and why."""


def to_plain(value: Any) -> Any:
    """Return what JSON can hold: records become dictionaries, tuples lists."""
    if is_dataclass(value):
        plain: dict[str, Any] = {}
        for one in fields(value):
            inner = to_plain(getattr(value, one.name))
            plain |= inner if one.name == FLAT else {one.name: inner}
        return plain
    if isinstance(value, tuple):
        return [to_plain(one) for one in value]
    return value


def from_plain(record: type[Record], value: Any) -> Record:
    """Return the record that ``to_plain`` made ``value`` of.

    Raises:
        UnfitError: a key is missing or too many, or a value is not what the record wants.
    """
    made: Record = _read(record, value, "")
    return made


def _read(kind: Any, value: Any, place: str) -> Any:
    if is_dataclass(kind):
        return _read_record(kind, value, place)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is types.UnionType:  # something or None
        return None if value is None else _read(arguments[0], value, place)
    if origin is tuple:
        _require(isinstance(value, list), place, "a list")
        return tuple(_read(arguments[0], one, f"{place}[{i}]") for i, one in enumerate(value))
    if origin is dict:
        _require(isinstance(value, dict), place, "an object")
        return {name: _read(arguments[1], one, _inside(place, name)) for name, one in value.items()}
    if kind is float:
        _require(isinstance(value, int | float) and not isinstance(value, bool), place, "a number")
        return float(value)
    if kind is int:
        _require(isinstance(value, int) and not isinstance(value, bool), place, "a whole number")
    if kind is str:
        _require(isinstance(value, str), place, "a text")
    return value


def _read_record(kind: Any, value: Any, place: str) -> Any:
    _require(isinstance(value, dict), place, "an object")
    kinds = get_type_hints(kind)
    rest = dict(value)
    made = {}
    for name in kinds:
        if name == FLAT:
            continue
        if name not in rest:
            raise UnfitError(f"{_inside(place, name)} is missing")
        made[name] = _read(kinds[name], rest.pop(name), _inside(place, name))
    if FLAT in kinds:
        made[FLAT] = _read(kinds[FLAT], rest, place)
    elif rest:
        raise UnfitError(f"{_inside(place, next(iter(rest)))} is unknown")
    return kind(**made)


def _inside(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _require(holds: bool, place: str, expected: str) -> None:
    if not holds:
        raise UnfitError(f"{place or 'the whole'} is not {expected}")
