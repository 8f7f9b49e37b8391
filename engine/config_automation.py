"""The scenario's table `automation`: what acts by itself around the web tier, all of it off unless it is asked for."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from .config_base import Count, Positive, Seconds, Share, Table

__all__ = ["AutomationPart"]


class AutomationPart(Table, frozen=True):
    """Guards of the front door; 0 or off = there is none.

    rate_limit, burst, limit_by: token buckets in each balancer, requests a second that a bucket gets and how many it holds, one
    for each user or city (nginx, limit_req_zone $binary_remote_addr; its documentation's example has burst 5).
    most_open: requests that a balancer has open at web servers; it answers 503 to more (Envoy, max_requests: 1024).
    codel: web servers turn away who would wait too long: `codel_interval_ms`, or only `codel_target_ms` once their queue has not
    been empty for that interval (Maurer, "Fail at Scale", ACM Queue 2015: 100 ms and 5 ms). It needs the queue first come first
    served, where the wait is known on arrival.
    breaker: a web server asks a shard no more for `breaker_sleep` seconds after `breaker_failures` failed queries in a row
    (Envoy, consecutive_5xx: 5), or when a share of `breaker_share` of at least `breaker_requests` queries of the last 10 s has
    failed (Hystrix: 50 % of 20; it sleeps for 5 s). Then one query is the probe.
    scale: by what the autoscaler adds and removes web servers: their CPU (target `scale_cpu`; Amazon EC2 Auto Scaling, target
    tracking: 50 % is the guide's example) or open requests for each of their threads or workers (`scale_open`; Knative: 70 %).
    It decides each `scale_interval` s (CloudWatch: 1 min), adds after so many intervals above the target, removes after so many
    below (AWS: 3 and 15), then waits for the cooldown (AWS: 300 s); `at_once` are ordered at a time, `most` is the quota. One
    boots for `warm_up` s (EC2, Linux: 96.9 s, Mao and Humphrey 2012), and drains for `drain` s (ALB: 300 s).
    bulkhead: queries that a web server has open at once; more fail at once (Envoy, max_connections and max_pending: 1024).
    """

    rate_limit: Annotated[float, Meta(ge=0.0, le=1e6)] = 0.0
    burst: Count = 5
    limit_by: Literal["user", "city"] = "user"
    most_open: Annotated[int, Meta(ge=0, le=10_000_000)] = 0
    codel: bool = False
    codel_target_ms: Positive = 5.0
    codel_interval_ms: Positive = 100.0
    breaker: Literal["off", "consecutive", "share"] = "off"
    breaker_failures: Count = 5
    breaker_share: Share = 0.5
    breaker_requests: Count = 20
    breaker_sleep: Seconds = 5.0
    scale: Literal["off", "cpu", "concurrency"] = "off"
    scale_cpu: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.5
    scale_open: Annotated[float, Meta(gt=0.0, le=1_000.0)] = 0.7
    scale_interval: Annotated[float, Meta(ge=1.0, le=86_400.0)] = 60.0
    scale_out_after: Count = 3
    scale_in_after: Count = 15
    cooldown: Seconds = 300.0
    warm_up: Seconds = 96.9
    drain: Seconds = 300.0
    least: Count = 1
    most: Annotated[int, Meta(ge=1, le=20_000)] = 20
    at_once: Count = 10
    bulkhead: Annotated[int, Meta(ge=0, le=10_000_000)] = 0
