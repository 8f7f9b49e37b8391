"""What a guard of queries says: go on, the circuit is open, there is no room."""

from __future__ import annotations

GO, OPEN, FULL = 0, 1, 2
