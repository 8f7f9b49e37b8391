"""How many users there are, where they live, and how much they ask: by a key, or on a growth curve.

Users are numbered city by city, each city with the numbers that it will need when all have come, so that a user keeps his
number and his city while the service grows. How much all of them ask together follows a table of (users, requests a second),
straight lines between its rows; without one it stays in proportion to their number. Only sums, products and quotients: no libm
in the world's state.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..config import Users

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


class Population:
    """count: users now. first: (cities + 1,) number of each city's first user. people: (cities,) users of each, now."""

    def __init__(self, config: Users, people: F8, requests_per_second: float) -> None:
        """people: inhabitants of the cities (c,). requests_per_second: what `config.count` users ask for."""
        self.weight: F8 = people / people.sum()
        self.most = max(config.count, config.most)
        self.first: I8 = self._edges(self.most)
        self.curve = tuple((float(users), rate) for users, rate in config.curve)
        self.doubling = config.doubling
        self.count = config.count
        self.people: F8 = np.empty(0)
        self.whole = False  # every city has somebody, and nobody is left over
        self.asked = requests_per_second  # of all users now, requests a second
        self.told = (requests_per_second, config.count)  # a rate, and how many users it was given for
        self.grown = float(config.count)  # with the fraction of the user who comes next
        self._settle()

    def _edges(self, users: int) -> I8:
        return np.concatenate([[0], np.round(np.cumsum(self.weight) * users)]).astype(np.int64)

    def _settle(self) -> None:
        edges = self._edges(self.count)
        self.people = np.diff(edges).astype(np.float64)
        self.whole = bool((np.diff(edges) > 0).all()) and int(edges[-1]) == self.count

    @property
    def share(self) -> F8:
        """Each city's part of the requests, (c,): as the inhabitants, or, while some cities have nobody, as the users."""
        return self.weight if self.whole or self.most == self.count else self.people / self.people.sum()

    def rate_of(self, users: float) -> float:
        """Requests a second that so many users ask for."""
        if not self.curve:
            return self.told[0] * users / self.told[1]
        before = self.curve[0]
        if users <= before[0]:
            return before[1] * users / before[0]
        for row in self.curve[1:]:
            if users <= row[0]:
                return before[1] + (row[1] - before[1]) * (users - before[0]) / (row[0] - before[0])
            before = row
        return before[1] * users / before[0]

    def set_rate(self, requests_per_second: float) -> None:
        """From now on these users ask for so much, and more users for more in proportion (where no curve says otherwise)."""
        self.asked = requests_per_second
        self.told = (requests_per_second, self.count)

    def set_count(self, users: int) -> None:
        """From now on there are so many users (1 .. most), and they ask accordingly. ValueError beyond `most`."""
        if not 1 <= users <= self.most:
            raise ValueError(f"there is room for 1 to {self.most:,} users, not {users:,}; users.most of the scenario says so")
        self.asked = self.rate_of(float(users))
        self.count, self.grown = users, float(users)
        self._settle()

    def second(self) -> None:
        """A virtual second has passed: twice as many in `doubling` seconds, on a straight line from one doubling to the next."""
        if not self.doubling or self.count >= self.most:
            return
        base = 1.0
        while base * 2.0 <= self.grown:
            base *= 2.0
        grown = min(float(self.most), self.grown + base / self.doubling)
        if int(grown) > self.count:
            self.set_count(int(grown))
        self.grown = grown

    def city_of(self, users: I8) -> I8:
        """City index of users, (n,)."""
        return np.searchsorted(self.first, users, side="right") - 1
