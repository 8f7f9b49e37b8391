"""The scenario's tables `users`, `traffic` and `client`: who asks, for how much, and how patiently."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from .config_base import Name, Positive, Seconds, Share, Table


class Users(Table, frozen=True):
    """Who asks. Users are spread over `cities` in proportion to their populations (engine/data/cities.csv).

    They may become `most` (0: as many as there are), by a key or twice as many every `doubling` seconds (0: by key only).
    curve: (users, requests a second of them all), ascending, straight lines between; empty: in proportion.
    """

    count: Annotated[int, Meta(ge=1, le=20_000_000)] = 200_000
    cities: tuple[Name, ...] = ("Seoul", "Frankfurt", "São Paulo", "Washington", "Pune", "Tokyo", "London", "Sydney")
    most: Annotated[int, Meta(ge=0, le=20_000_000)] = 0
    doubling: Seconds = 0.0
    curve: tuple[tuple[Annotated[int, Meta(ge=1)], Positive], ...] = ()


class Traffic(Table, frozen=True):
    """How much they ask. Open loop: users come at this rate, all together; closed loop: users who think between answers.

    curve: amplitude of the day curve (0 = flat) over `day` seconds, shifted by each city's longitude.
    """

    requests_per_second: Annotated[float, Meta(ge=0.0, le=5e6)] = 2_800.0
    curve: Share = 0.0
    day: Positive = 86_400.0
    keys: Annotated[int, Meta(ge=1, le=20_000_000)] = 100_000
    zipf: Annotated[float, Meta(ge=0.0, le=3.0)] = 0.9
    closed_users: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    think: Seconds = 1.0


class Client(Table, frozen=True):
    """How patient the clients are. Back-off base x 2^attempt up to the cap, with full jitter (AWS builders' library).

    budget: retries allowed as a share of first attempts over the last 10 s (Google SRE book ch. 22: 10 %); 0 = no limit.
    """

    timeout: Positive = 2.0
    retries: Annotated[int, Meta(ge=0, le=20)] = 2
    backoff: Seconds = 0.1
    backoff_cap: Seconds = 10.0
    jitter: Literal["full", "none"] = "full"
    budget: Share = 0.1
