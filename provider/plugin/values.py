"""Between the engine's property values and plain Python values."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from google.protobuf.struct_pb2 import Struct
from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.runtime import rpc

UNKNOWN: str = rpc.UNKNOWN
"""Stands for a value that a preview can't know yet."""

Properties = dict[str, Any]


def from_engine(properties: Struct) -> Properties:
    """Give the properties as plain values: secrets opened, whole numbers as int, unknown ones as UNKNOWN."""
    return {key: _plain(value) for key, value in PropertyValue.unmarshal_map(properties).items()}


def to_engine(properties: Mapping[str, Any], secret: AbstractSet[str]) -> Struct:
    """Give the properties in the engine's form, each text in the properties named by `secret` marked as a secret."""
    return PropertyValue.marshal_map(
        {key: _property_value(value, secret=key in secret) for key, value in properties.items()}
    )


def secret_names(properties: Struct) -> set[str]:
    """Name the top-level properties that hold a secret."""
    return {key for key, value in PropertyValue.unmarshal_map(properties).items() if value.contains_secret()}


def secret_texts(properties: Struct) -> set[str]:
    """Collect the secret texts, so that they can be kept out of messages."""

    def texts(value: PropertyValue, *, secret: bool) -> set[str]:
        secret = secret or value.is_secret
        if isinstance(value.value, str):
            return {value.value} if secret and value.value else set()
        inner: list[PropertyValue] = []
        if isinstance(value.value, Mapping):
            inner = list(value.value.values())
        elif isinstance(value.value, tuple):
            inner = list(value.value)
        return set().union(*(texts(item, secret=secret) for item in inner))

    return set().union(*(texts(value, secret=False) for value in PropertyValue.unmarshal_map(properties).values()))


def is_unknown(value: Any) -> bool:
    """Tell whether a value, or any part of it, is not known yet."""
    if isinstance(value, dict):
        return any(is_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(is_unknown(item) for item in value)
    return bool(value == UNKNOWN)


def _plain(value: PropertyValue) -> Any:
    inner = value.value
    if isinstance(inner, Computed):
        return UNKNOWN
    if isinstance(inner, Mapping):
        return {key: _plain(item) for key, item in inner.items()}
    if isinstance(inner, tuple):
        return [_plain(item) for item in inner]
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    return inner


def _property_value(value: Any, *, secret: bool) -> PropertyValue:
    if isinstance(value, dict):
        return PropertyValue({key: _property_value(item, secret=secret) for key, item in value.items()})
    if isinstance(value, list):
        return PropertyValue([_property_value(item, secret=secret) for item in value])
    if isinstance(value, int) and not isinstance(value, bool):
        value = float(value)  # the wire knows no other number, and PropertyValue refuses an int
    return PropertyValue(value, is_secret=secret and value is not None)
