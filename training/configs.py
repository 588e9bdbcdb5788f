"""Dataclasses from JSON: what a user writes into a file of settings, with errors that name the field."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
_PLAIN = (bool, int, float, str)


def made(kind: type[T], d: Mapping, path: str = "") -> T:
    """A dataclass from its fields by name, dataclasses in it likewise; values that are one already stay. ValueError
    names a field that it has not, or a value of another type."""
    if not isinstance(d, Mapping):
        what = repr(path.rstrip(".")) if path else "settings"
        raise ValueError(f"{what} must be an object with fields of {kind.__name__}, got {d!r}")
    hints, known = get_type_hints(kind), [field.name for field in fields(kind)]
    values = {}
    for name, value in d.items():
        if name not in known:
            raise ValueError(f"{kind.__name__} has no field {path + str(name)!r}; known: {', '.join(known)}")
        values[name] = _value(hints[name], value, path + name)
    try:
        return kind(**values)
    except ValueError as error:
        raise ValueError(f"{path.rstrip('.')!r}: {error}" if path else str(error)) from error


def _value(hint: Any, value: Any, path: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if any(isinstance(value, argument) for argument in arguments if _holds_itself(argument)):
            return value
        (hint,) = (argument for argument in arguments if argument is not type(None))
        return _value(hint, value, path)
    if is_dataclass(hint):
        return value if isinstance(value, hint) else _nested(hint, value, path)
    if origin in (dict, Mapping):
        if not isinstance(value, Mapping):
            raise _wrong(path, "an object", value)
        return {str(key): _value(arguments[1], entry, f"{path}.{key}") for key, entry in value.items()}
    if origin is tuple:
        endless = arguments[-1] is Ellipsis
        if not isinstance(value, list | tuple) or not (endless or len(value) == len(arguments)):
            raise _wrong(path, "a list" if endless else f"a list of {len(arguments)}", value)
        return tuple(_value(arguments[0 if endless else i], entry, f"{path}[{i}]") for i, entry in enumerate(value))
    if hint in _PLAIN:
        accepted = (int, float) if hint is float else (hint,)
        if not isinstance(value, accepted) or isinstance(value, bool) != (hint is bool):
            raise _wrong(path, hint.__name__, value)
    return value


def _holds_itself(hint: Any) -> bool:
    """Whether a value of this type is what the field holds, with nothing to be made of it."""
    return hint is type(None) or is_dataclass(hint)


def _nested(kind: type, d: Any, path: str) -> Any:
    """A dataclass in a field; one that checks its own fields does so."""
    if not hasattr(kind, "from_dict"):
        return made(kind, d, f"{path}.")
    try:
        return kind.from_dict(d)
    except ValueError as error:
        raise ValueError(f"{path!r}: {error}") from error


def _wrong(path: str, wanted: str, value: Any) -> ValueError:
    return ValueError(f"{path!r} must be {wanted}, got {value!r}")
