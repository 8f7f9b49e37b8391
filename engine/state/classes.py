"""Which classes may be part of the world's state, and how an instance is taken apart and put together.

The white list is: every class of this package, and any class marked `@stateful`. A saved state names classes by module and
name; a name that is not on the list is refused, so that a file can never reach for anything else. Instances are rebuilt
without running `__init__`, attribute by attribute.
"""

from __future__ import annotations

import dataclasses
import enum
import importlib
import re
import sys
from typing import TypeVar

import msgspec

_T = TypeVar("_T")

_PACKAGE = __name__.partition(".")[0]
_MARKED: dict[str, type] = {}
_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_BUILTIN_BASES = (BaseException, type, dict, list, tuple, set, frozenset, str, bytes, int, float)


class StateError(Exception):
    """A state that cannot be read: damaged, of another version, or not a state at all. The message is one sentence."""


def stateful(cls: type[_T]) -> type[_T]:
    """Class decorator: instances of `cls` may be saved as part of the state (classes of the engine need no mark)."""
    _MARKED[class_name(cls)] = cls
    return cls


def class_name(cls: type) -> str:
    """`module:qualified.name`, the way in which a saved state names a class."""
    return f"{cls.__module__}:{cls.__qualname__}"


def is_stateful(cls: type) -> bool:
    """Whether instances of `cls` may be saved: a class of this package or a marked one, that a fresh process can find by name."""
    if class_name(cls) in _MARKED:
        return True
    if cls.__module__.partition(".")[0] != _PACKAGE or "<locals>" in cls.__qualname__:
        return False
    return issubclass(cls, enum.Enum) or is_named_tuple(cls) or not issubclass(cls, _BUILTIN_BASES)


def is_named_tuple(cls: type) -> bool:
    """Whether `cls` is a named tuple, a value that is written where it stands."""
    return issubclass(cls, tuple) and hasattr(cls, "_fields")


def build_named_tuple(cls: type, values: list[object]) -> object:
    """A named tuple from its values; StateError if it has another number of fields now."""
    if not issubclass(cls, tuple) or len(getattr(cls, "_fields", ())) != len(values) or not values:
        raise StateError(f"the state was saved by another version: {cls.__name__} has other fields now")
    return tuple.__new__(cls, values)


def resolve(name: str) -> type:
    """The class that a saved state names; StateError if there is none or it may not be there."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise StateError("the state names a class in a way that no class is named")
    if name in _MARKED:
        return _MARKED[name]
    module_name, _, qualified = name.partition(":")
    if module_name.partition(".")[0] != _PACKAGE or "__" in module_name:
        raise StateError(f"the state holds a {name!r}, which is not a part of this program")
    try:
        found: object = sys.modules.get(module_name) or importlib.import_module(module_name)
        for part in qualified.split("."):
            found = vars(found)[part]
    except (ImportError, KeyError, TypeError):
        found = None
    if not isinstance(found, type) or class_name(found) != name or not is_stateful(found):
        raise StateError(f"the state holds a {name!r}, which this version of the program does not know")
    return found


def slot_names(cls: type) -> list[str]:
    """Attributes that `cls` and its bases keep in slots, base first, as they are really named (private names mangled)."""
    names: list[str] = []
    for base in reversed(cls.__mro__):
        slots = vars(base).get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            if slot in ("__dict__", "__weakref__"):
                continue
            private = slot.startswith("__") and not slot.endswith("__")
            names.append(f"_{base.__name__.lstrip('_')}{slot}" if private else slot)
    return names


def is_frozen(obj: object) -> bool:
    """Whether `obj` is a frozen dataclass or a frozen struct: a value, whose identity means nothing."""
    if isinstance(obj, msgspec.Struct):
        return bool(obj.__struct_config__.frozen)
    return dataclasses.is_dataclass(obj) and bool(vars(type(obj))["__dataclass_params__"].frozen)


def attributes(obj: object) -> tuple[list[str], list[object]]:
    """Names and values of all that `obj` keeps: its fields (struct), else its slots that are set, then its `__dict__`."""
    if isinstance(obj, msgspec.Struct):
        fields = list(obj.__struct_fields__)
        return fields, [getattr(obj, name) for name in fields]
    names = [name for name in slot_names(type(obj)) if hasattr(obj, name)]
    values = [getattr(obj, name) for name in names]
    own: dict[str, object] = getattr(obj, "__dict__", {})
    return names + list(own), values + list(own.values())


def blank(cls: type) -> object:
    """An instance of `cls` with nothing in it yet; StateError if the class cannot be one."""
    try:
        made: object = object.__new__(cls)
    except TypeError:
        raise StateError(f"the state holds a {class_name(cls)!r}, of which this version makes no instances") from None
    return made


def fill(obj: object, names: list[str], values: list[object]) -> None:
    """Give a blank instance its attributes, around frozen-ness and properties; StateError if it has no such attribute."""
    slots = set(slot_names(type(obj)))
    own: dict[str, object] | None = getattr(obj, "__dict__", None)
    declared = {f.name for f in dataclasses.fields(obj)} if dataclasses.is_dataclass(obj) else None
    if declared is not None and not declared <= set(names):
        missing = ", ".join(sorted(declared - set(names)))
        raise StateError(f"the state was saved by another version: its {type(obj).__name__} has no {missing}")
    for name, value in zip(names, values, strict=True):
        if name in slots:
            object.__setattr__(obj, name, value)
        elif own is not None and name.isidentifier() and (declared is None or name in declared):
            own[name] = value
        else:
            raise StateError(f"the state was saved by another version: {type(obj).__name__} keeps no {name!r}")


def build_struct(cls: type, names: list[str], values: list[object]) -> object:
    """A struct from its fields; StateError if they are not the fields of the class."""
    if not issubclass(cls, msgspec.Struct) or list(cls.__struct_fields__) != names:
        raise StateError(f"the state was saved by another version: {cls.__name__} has other fields now")
    made: object = cls(**dict(zip(names, values, strict=True)))
    return made
