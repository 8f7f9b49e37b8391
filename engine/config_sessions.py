"""The scenario's table `sessions`: where the web tier keeps what it knows of a user between two requests."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from .config_base import Positive, Seconds
from .config_machines import Sized

__all__ = ["SessionsPart"]

Store = Literal["", "memory", "files", "shared", "database", "cookie"]


class SessionsPart(Sized, frozen=True):
    """store: memory or files of a web server, shared store nodes, the database, a signed cookie; "" = there are no sessions.

    life: idle seconds until a session expires. stay: mean seconds until a user logs out (exponential), 0 = users never do.
    lost: what becomes of a request whose session is gone. sticky: balancers send users back to the server of their last request
    while sessions live on servers. migrate: what is found in the old place moves to the new one. bytes: of one session's data.
    """

    store: Store = ""
    life: Positive = 1_800.0  # chapter section 9; PHP and Tomcat: 24 to 30 min
    stay: Seconds = 0.0
    bytes: Annotated[int, Meta(ge=1, le=10_000_000)] = 1_000
    lost: Literal["login", "error"] = "login"
    sticky: bool = True
    migrate: bool = False
    nodes: Annotated[int, Meta(ge=0, le=1_000)] = 0  # store nodes
    service_us: Annotated[float, Meta(ge=0.0, le=1e6)] = 21.7  # Redis 7.0 GET: 46k/s a core, measured
    timeout: Positive = 0.1  # of the web servers' library for one look-up
    capacity: Annotated[int, Meta(ge=0, le=100_000_000)] = 0  # sessions a store node has room for, 0 = no limit
    virtual_nodes: Annotated[int, Meta(ge=1, le=2_000)] = 160  # ketama: 160 points a server
    disk_us: Annotated[float, Meta(ge=0.0, le=1e6)] = 150.0  # SSD random read: Dean and Norvig's latency numbers
    sign_us: Annotated[float, Meta(ge=0.0, le=1e6)] = 1.7  # HMAC-SHA256 of a kilobyte, measured (Python 3.12, OpenSSL 3)
    price: float = 0.126  # r5.large an hour
