"""The files that a scenario names: a zone file and a hosts file. Their paths begin where the scenario's own file lies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from ..config import Scenario
from ..tiers.dns.zone import ZoneError, canonical, check_question, hosts_of, zone_of

REMEDY = "mend that file, or its path (it begins at the scenario's folder)"


def anchored(scenario: Scenario, folder: Path) -> Scenario:
    """The scenario with the paths of its files made to begin at the folder of its own."""
    dns = scenario.dns
    paths = {name: str(folder / path) for name in ("hosts_file", "zone_file") if (path := getattr(dns, name))}
    return msgspec.structs.replace(scenario, dns=msgspec.structs.replace(dns, **paths)) if paths else scenario


def problems(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """(path of the key, sentence) for a file that cannot be read or makes no sense."""
    dns = scenario.dns
    try:
        zone = zone_of(dns)
        if dns.zone_file:
            check_question(zone, canonical(dns.name), dns.zone_file)
    except ZoneError as error:
        yield "$.dns.zone_file", f"{error}; {REMEDY}"
    try:
        hosts_of(dns)
    except ZoneError as error:
        yield "$.dns.hosts_file", f"{error}; {REMEDY}"
