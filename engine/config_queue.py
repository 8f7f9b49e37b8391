"""The scenario's table `queue`: brokers that keep messages, workers that do the jobs that the messages stand for."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from .config_base import Count, Positive, Seconds, Service, Table


class QueuePart(Table, frozen=True):
    """The message queue; 0 brokers = there is none, and jobs are done by the web servers.

    Defaults of Amazon SQS (its API reference and guide): a message that was received is hidden for 30 s, one that was received
    10 times in vain becomes a dead letter, a consumer's call waits up to 20 s for a message. A broker's operation is a durable
    write: 150 us, a random access of an SSD (Dean, Norvig). backlog: seconds of work that may wait for each worker before the
    autoscaler adds one ("backlog per instance", Amazon EC2 Auto Scaling guide); it looks once a minute, as its metrics come.
    """

    brokers: Annotated[int, Meta(ge=0, le=64)] = 0
    workers: Annotated[int, Meta(ge=0, le=5_000)] = 4
    threads: Annotated[int, Meta(ge=1, le=1_000)] = 2  # jobs a worker does at once: a c5.large has 2 virtual CPUs
    job: Service = Service(mean_ms=400.0, floor_ms=50.0, cv2=1.0)
    mode: Literal["inline", "queue"] = "queue"
    visibility: Positive = 30.0
    max_receives: Annotated[int, Meta(ge=1, le=1_000)] = 10
    capacity: Annotated[int, Meta(ge=0, le=100_000_000)] = 0  # messages that may be kept; 0 = no limit
    poll_wait: Positive = 20.0
    persistent: bool = True  # messages survive a broker's crash
    service: Service = Service(mean_ms=0.15, floor_ms=0.15, cv2=0.0)
    broker_threads: Count = 4
    timeout: Positive = 1.0  # of a send, at the web server
    autoscale: bool = False
    backlog: Positive = 30.0
    scale_interval: Positive = 60.0
    most_workers: Annotated[int, Meta(ge=1, le=5_000)] = 20
    warm_up: Seconds = 30.0  # from the order of a worker until it asks for its first message
    broker_price: float = 0.096  # m5.large an hour, EC2 us-east-1
    worker_price: float = 0.085  # c5.large an hour
