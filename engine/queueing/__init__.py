"""Exact queues: the time every request spends waiting anywhere in the emulator comes from here."""

from engine.queueing.jobs import Admission, Departures, Discipline
from engine.queueing.kernels import heap_fifo, kiefer_wolfowitz, lindley
from engine.queueing.stations import Stations

__all__ = ["Admission", "Departures", "Discipline", "Stations", "heap_fifo", "kiefer_wolfowitz", "lindley"]
