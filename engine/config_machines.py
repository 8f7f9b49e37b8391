"""Tables of a scenario that speak of machines: their size, how well their workers get along, how long they take to boot."""

from __future__ import annotations

from .config_base import Seconds, Share, Table


class Sized(Table, frozen=True, kw_only=True):
    """size: of engine.machines.SIZES. Then a worker is a virtual CPU and the price is the size's; "" = as the table says."""

    size: str = ""


class Scaled(Sized, frozen=True, kw_only=True):
    """sigma, kappa: contention and coherency of the workers of one machine (universal scalability law); 0 = as good as many."""

    sigma: Share = 0.0
    kappa: Share = 0.0


class Machines(Table, frozen=True):
    """shared: the only web server and the only database live on one machine, the web server's (decision 6).

    boot: from the order to the first request of a machine that restarts in another size. EC2, Linux: 96.9 s in the mean (Mao and
    Humphrey, IEEE Cloud 2012).
    """

    shared: bool = False
    boot: Seconds = 96.9
