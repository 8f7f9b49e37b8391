"""Rows of theory against this engine: `scaletop selfcheck`. See docs/validation.md."""

from .base import Check, Finding, Row
from .table import ROWS, run_row

__all__ = ["ROWS", "Check", "Finding", "Row", "run_row"]
