"""The scenario's table `regions`: what is done with several regions, if `network.zones` names several."""

from __future__ import annotations

from typing import Literal

from .config_base import Name, Table


class RegionsPart(Table, frozen=True):
    """fronts: each region has balancers, a public address and web servers of its own; users go where DNS sends them.

    spill: a region without a healthy web server sends its requests to the others', over the way between them. caches: each
    region's web servers use the cache nodes there ("local": fast, out of step), or all use one ring ("global": in step, a long
    way off). invalidate: a write deletes (or sets) the entry in its own region's cache, or in all. read_near: reads go to
    replicas of the web server's own region, if there are some. reserve: regions where nothing stands yet; one is entered by
    adding a region.
    """

    fronts: bool = False
    spill: bool = True
    caches: Literal["local", "global"] = "local"
    invalidate: Literal["local", "all"] = "all"
    read_near: bool = True
    reserve: tuple[Name, ...] = ()
