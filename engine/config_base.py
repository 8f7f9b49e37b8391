"""What all tables of a scenario are made of: their base, the ranges of their figures, the shape of a service demand."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

Share: TypeAlias = Annotated[float, Meta(ge=0.0, le=1.0)]
Seconds: TypeAlias = Annotated[float, Meta(ge=0.0, le=1e7)]
Positive: TypeAlias = Annotated[float, Meta(gt=0.0, le=1e9)]
Millis: TypeAlias = Annotated[float, Meta(ge=0.0, le=1e7)]
Count: TypeAlias = Annotated[int, Meta(ge=1, le=100_000)]
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all scenario tables."""


class Service(Table, frozen=True):
    """A service demand: floor + a random part. `cv2` 0 = constant, 1 = exponential, above 1 = hyperexponential (balanced)."""

    mean_ms: Annotated[float, Meta(ge=0.0, le=1e6)] = 8.0
    floor_ms: Millis = 0.0
    cv2: Annotated[float, Meta(ge=0.0, le=100.0)] = 1.0
