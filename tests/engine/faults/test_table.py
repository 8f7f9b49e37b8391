"""The fault table: complete, in words, and every fault at most three presses away."""

from __future__ import annotations

import pytest

from engine.faults import FAULTS, FaultRow, Rejected
from engine.faults.targets import ANY_KIND, Target

WANTED = {  # promised to people: they must not vanish
    "crash", "slow", "freeze", "error_rate", "packet_loss", "latency", "partition", "partition_zone", "partition_city",
    "flush_cache", "expire_hottest", "kill_primary", "cut_replication", "throttle_applier", "dns_down", "dns_slow", "dns_lossy",
    "dns_lame", "delete_record", "change_record", "long_ttl", "flush_resolvers", "hosts_file", "traffic_x2", "traffic_x10",
    "flash_crowd", "retry_storm", "flush_store", "rotate_key", "forget_affinity",
    "poison_messages", "stop_consumers", "lost_acks", "queue_full", "cdn_outage", "cdn_config",
    "flush_pops", "purge_lost", "policy_drift", "country_blocks", "serve_at_home", "closed_abroad", "shield_down",
    "one_way_cut", "one_way_latency", "jitter", "narrow_link", "flapping_link", "gc_pauses", "memory_leak", "oom_kills",
    "connection_limit", "bad_deploy", "slow_query", "slow_code", "checks_say_well", "checks_say_ill", "wrong_weight",
    "certificate_expired", "short_timeout", "wrong_ttl", "less_memory", "clock_jump", "poisoned_key", "split_view",
    "cache_timeout", "disk_full", "disk_slow", "locked_row", "corrupt_row", "copy_anew", "city_surge", "write_storm", "scrapers",
    "cdn_config_flaps",
}  # fmt: skip
ROWS = list(FAULTS.values())
BY_NAME = [pytest.param(row, id=row.name) for row in ROWS]


def test_every_fault_that_is_promised_exists() -> None:
    assert set(FAULTS) >= WANTED


def test_there_are_at_least_sixty() -> None:
    assert len({row.info.title for row in ROWS}) == len(ROWS) >= 60
    assert len({row.info.family for row in ROWS}) >= 4


def test_key_paths_are_unique_and_none_begins_another() -> None:
    """One path leads to one fault as soon as its last key is pressed: no Enter, no waiting."""
    paths = [row.info.keys for row in ROWS]
    assert len(set(paths)) == len(paths)
    for one in paths:
        assert 1 <= len(one) <= 2
        assert one.isascii()
        assert one.isprintable()
        assert not any(other != one and other.startswith(one) for other in paths)


@pytest.mark.parametrize("row", BY_NAME)
def test_a_row_is_told_in_words(row: FaultRow) -> None:
    info = row.info
    assert info.name
    assert info.title
    assert info.family
    assert info.explain.endswith(".")
    assert info.targets
    assert set(info.targets) <= set(ANY_KIND)
    told = row.text(Target("web", "web-3", "web-3"), 12.5)
    assert told
    assert "{" not in told
    assert ("12.5" in told) == bool(info.unit)


@pytest.mark.parametrize("row", BY_NAME)
def test_an_amount_has_a_default_in_its_range(row: FaultRow) -> None:
    if row.info.unit:
        assert row.low <= row.info.default <= row.high
        assert row.amount(None) == row.info.default
        for wrong in (row.low - 1.0, row.high + 1.0, float("nan"), float("inf")):
            with pytest.raises(Rejected, match=row.info.title):
                row.amount(wrong)
    else:
        assert row.amount(None) == row.amount(17.0) == 0.0


def test_what_happens_once_says_so() -> None:
    """A flush cannot be healed; a person is told before pressing the key."""
    for row in ROWS:
        assert row.info.one_shot == ("Cannot be taken back." in row.info.explain)
