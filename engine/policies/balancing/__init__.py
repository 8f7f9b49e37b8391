"""Balancing policies, one row each: which server a request goes to.

To add a policy: write the class and add its row here; menus, scenarios, tests and the self-check follow the table.
"""

from engine.policies.balancing.base import Backends, Closes, Policy, everyone, no_closes
from engine.policies.balancing.cluster import simulate_cluster
from engine.policies.balancing.feedback import LeastConnections, LeastResponseTime, TwoChoices
from engine.policies.balancing.hashed import BoundedLoads, ConsistentHash, IpHash
from engine.policies.balancing.rotation import Random, RoundRobin, WeightedRoundRobin

BALANCING: dict[str, type[Policy]] = {
    policy.name: policy
    for policy in (
        RoundRobin, WeightedRoundRobin, Random, LeastConnections, TwoChoices, IpHash, ConsistentHash, BoundedLoads,
        LeastResponseTime,
    )
}  # fmt: skip

__all__ = [
    "BALANCING", "Backends", "BoundedLoads", "Closes", "ConsistentHash", "IpHash", "LeastConnections", "LeastResponseTime",
    "Policy", "Random", "RoundRobin", "TwoChoices", "WeightedRoundRobin", "everyone", "no_closes", "simulate_cluster",
]  # fmt: skip
