"""The control plane: everything that waits, as pure functions run on virtual time. To add an agent, add its row here.

AGENTS holds one stateless object a kind; `agents_for` says which agents a world begins with, and on which nodes they live.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .autoscaler import Autoscaler
from .backlog import BacklogScaler
from .balancer_pair import PairKeeper
from .base import SCENARIO, Agent, AgentState
from .climber import Watcher
from .dns_health import DnsHealth
from .dns_withdraw import DnsWithdraw
from .failover import Failover
from .health import HealthChecker
from .members import Members
from .rebalancer import Rebalancer
from .scenario import Script
from .steering import CdnSteering

if TYPE_CHECKING:
    from ..view import View
    from ..world import World

AGENTS: dict[str, Agent[View]] = {
    "autoscaler": Autoscaler(),
    "backlog": BacklogScaler(),
    "cdn": CdnSteering(),
    "dns health": DnsHealth(),
    "dns withdraw": DnsWithdraw(),
    "failover": Failover(),
    "health": HealthChecker(),
    "members": Members(),
    "pair": PairKeeper(),
    "rebalancer": Rebalancer(),
    "ladder": Watcher(),
    "script": Script(),
}


def new_agent(name: str, kind: str, node: str | None) -> AgentState:
    """An agent at the beginning of its first life."""
    return AgentState(name=name, kind=kind, node=node, memory=AGENTS[kind].begin(name, node))


def agents_for(world: World) -> dict[str, AgentState]:
    """The agents of a new world, by name."""
    agents = [new_agent(SCENARIO, "script", None), new_agent("members", "members", None)]
    for name in world.balancer.nodes.names:
        agents += [new_agent(f"health {name}", "health", name), new_agent(f"pair {name}", "pair", name)]
    agents += [new_agent(f"failover {shard.name}", "failover", None) for shard in world.database.shards]
    if world.cdn.present:
        agents.append(new_agent("cdn", "cdn", None))
    agents.append(new_agent("rebalancer", "rebalancer", None))
    if len(world.queue.brokers.nodes):
        agents.append(new_agent("backlog", "backlog", None))
    agents.append(new_agent("autoscaler", "autoscaler", None))
    if world.climber is not None:
        agents.append(new_agent("ladder", "ladder", None))
    if world.core.config.dns.failover or world.core.regions.fronts:
        agents.append(new_agent("dns health", "dns health", None))
    if any(world.dns.providers.anycast):
        agents.append(new_agent("dns withdraw", "dns withdraw", None))
    return {agent.name: agent for agent in agents}


__all__ = ["AGENTS", "Agent", "AgentState", "agents_for", "new_agent"]
