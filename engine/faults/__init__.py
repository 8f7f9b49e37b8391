"""Everything that can be broken: one file a family, one row a fault, all of them in FAULTS.

A row makes the menu, its keys, the help, the scenario vocabulary and the tests. To add a fault, add its row to a family's ROWS.
"""

from . import application, automation, cache, cdn, database, dns, load, network, node, queue, regions, sessions, wear
from .base import FaultRow, Rejected
from .book import FaultBook
from .targets import Target, names, resolve

__all__ = ["FAULTS", "FaultBook", "FaultRow", "Rejected", "Target", "names", "resolve"]

FAMILIES = (node, wear, network, regions, cache, sessions, cdn, database, queue, dns, application, load, automation)
FAULTS: dict[str, FaultRow] = {fault.name: fault for family in FAMILIES for fault in family.ROWS}
