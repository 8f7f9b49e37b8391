"""What the autoscaler (engine.agents.autoscaler) is told: by what it scales, between how many, how fast."""

from __future__ import annotations

from ...core import Core


class Scaling:
    """Settings of the table `automation`, and effects of faults.

    stuck: it decides nothing. no_quota: it gets no more servers. slower: a server takes so many times longer to boot.
    """

    def __init__(self, core: Core) -> None:
        part = core.config.automation
        self.core = core
        self.scale: str = part.scale
        self.scale_cpu = part.scale_cpu
        self.scale_open = part.scale_open
        self.warm_up = part.warm_up
        self.cooldown = part.cooldown
        self.least = part.least
        self.most = part.most
        self.at_once = part.at_once
        self.reset()

    def reset(self) -> None:
        """No fault acts."""
        self.stuck = False
        self.no_quota = False
        self.slower = 1.0

    @property
    def target(self) -> float:
        """Of the metric that it goes by."""
        return max(1e-6, self.scale_cpu if self.scale == "cpu" else self.scale_open)

    @property
    def quota(self) -> int:
        """Servers that there may be at most; 0 while the provider gives none."""
        return 0 if self.no_quota else self.most

    @property
    def boot(self) -> float:
        """Seconds from the order of a server until it is up."""
        return self.warm_up * self.slower
