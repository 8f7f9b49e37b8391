"""The ladder: the chapter's story from one server to ten million users, one action a stage, on the running system.

stages     the table: what each step is, what it is good for, and the commands that it consists of, up and back
climb      taking a step: its commands, under one event, with one inverse
diagnosis  what is used up now, and what users feel of it
reading    what the screen shows of it
"""

from __future__ import annotations

from .climb import Climber, climb
from .stages import STAGES, Stage

__all__ = ["STAGES", "Climber", "Stage", "climb"]
