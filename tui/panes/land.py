"""A coarse map of the world's land: outlines of continents and great islands in degrees, filled dot by dot for any size.

The outlines are a few dozen points drawn after the coasts, right to some three degrees: enough to tell where a city lies.
"""

from __future__ import annotations

from functools import lru_cache

from ..charts import Glyphs

__all__ = ["NORTH", "SOUTH", "land", "place"]

NORTH, SOUTH = 76.0, -56.0  # degrees of latitude that are shown; longitudes from -170 to 190, so that no continent is cut
WEST = -170.0
# (longitude, latitude) along each coast
_OUTLINES: tuple[tuple[tuple[float, float], ...], ...] = (
    (  # North and Central America
        (-168, 66), (-162, 70), (-156, 71), (-141, 70), (-125, 70), (-110, 68), (-96, 72), (-85, 70), (-81, 67), (-94, 60),
        (-88, 56), (-80, 52), (-78, 58), (-76, 62), (-65, 59), (-56, 52), (-66, 50), (-60, 46), (-70, 43), (-74, 40),
        (-76, 35), (-81, 31), (-80, 25), (-83, 29), (-90, 29), (-97, 27), (-97, 21), (-91, 18), (-87, 21), (-88, 16),
        (-83, 14), (-83, 10), (-77, 8), (-85, 10), (-92, 14), (-105, 20), (-110, 27), (-115, 31), (-110, 23), (-117, 33),
        (-124, 40), (-124, 48), (-133, 57), (-150, 60), (-160, 56), (-158, 59), (-165, 62),
    ),
    (  # South America
        (-77, 8), (-72, 12), (-62, 10), (-51, 4), (-44, -2), (-35, -6), (-39, -14), (-41, -22), (-48, -27), (-56, -35),
        (-62, -39), (-65, -46), (-69, -52), (-70, -55), (-74, -51), (-73, -40), (-71, -30), (-70, -18), (-76, -14), (-81, -5),
        (-80, 1),
    ),
    (  # Africa
        (-6, 36), (10, 37), (11, 34), (20, 31), (32, 31), (35, 27), (43, 12), (51, 12), (46, 3), (40, -4), (40, -15),
        (35, -24), (32, -29), (26, -34), (19, -34), (15, -27), (12, -17), (13, -9), (9, -1), (9, 4), (3, 6), (-8, 4),
        (-13, 9), (-17, 14), (-17, 21), (-10, 30),
    ),
    (  # Europe and Asia
        (-9, 37), (-9, 43), (-2, 43), (-4, 48), (3, 51), (8, 54), (10, 58), (5, 59), (6, 63), (14, 68), (25, 71), (33, 69),
        (42, 66), (54, 68), (68, 69), (73, 72), (87, 75), (104, 77), (114, 73), (130, 71), (141, 73), (160, 70), (180, 69),
        (190, 66), (178, 62), (164, 60), (156, 51), (155, 57), (142, 59), (136, 54), (141, 52), (135, 44), (128, 40),
        (129, 35), (126, 35), (124, 40), (118, 39), (122, 37), (119, 34), (122, 30), (118, 24), (110, 21), (106, 20),
        (109, 12), (105, 9), (100, 13), (103, 2), (98, 9), (98, 16), (92, 21), (87, 21), (80, 14), (77, 8), (73, 18),
        (69, 22), (62, 25), (56, 27), (49, 30), (50, 26), (56, 25), (59, 22), (54, 17), (44, 13), (39, 21), (35, 29),
        (36, 36), (27, 37), (27, 40), (41, 41), (38, 46), (31, 46), (28, 42), (23, 40), (22, 37), (19, 42), (13, 45),
        (18, 40), (16, 38), (9, 44), (3, 42), (0, 39), (-5, 36),
    ),
    (  # Australia
        (114, -22), (122, -18), (130, -12), (136, -12), (140, -17), (142, -11), (146, -19), (153, -26), (150, -37),
        (140, -38), (131, -31), (118, -35), (115, -33),
    ),
    ((-45, 60), (-54, 67), (-58, 75), (-20, 76), (-22, 70), (-38, 65)),  # Greenland
    ((-24, 64), (-22, 66), (-14, 66), (-15, 64)),  # Iceland
    ((-5, 50), (1, 51), (0, 54), (-3, 58), (-6, 58), (-4, 54)),  # Great Britain
    ((-10, 52), (-6, 52), (-6, 55), (-10, 54)),  # Ireland
    ((130, 32), (136, 34), (141, 36), (142, 40), (145, 43), (141, 45), (140, 40), (136, 36), (131, 34)),  # Japan
    ((95, 5), (106, -6), (102, -4)),  # Sumatra
    ((105, -6), (115, -8), (106, -8)),  # Java
    ((109, 1), (117, 7), (118, 1), (114, -4), (110, -2)),  # Borneo
    ((131, -1), (141, -3), (151, -10), (138, -8)),  # New Guinea
    ((120, 18), (122, 18), (126, 7), (122, 8)),  # the Philippines
    ((173, -34), (178, -38), (175, -41), (171, -46), (167, -46), (172, -41)),  # New Zealand
    ((44, -20), (49, -12), (50, -16), (47, -25), (44, -24)),  # Madagascar
    ((80, 9), (82, 7), (80, 6)),  # Ceylon
    ((-84, 22), (-75, 20), (-78, 23)),  # Cuba
)  # fmt: skip
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a braille cell, by row and column


def place(longitude: float, latitude: float, width: int, height: int) -> tuple[int, int]:
    """The cell of a place on a map of so many cells."""
    x = int((longitude - WEST) % 360.0 / 360.0 * width)
    y = int((NORTH - latitude) / (NORTH - SOUTH) * height)
    return min(max(x, 0), width - 1), min(max(y, 0), height - 1)


@lru_cache(maxsize=16)
def land(width: int, height: int, glyphs: Glyphs) -> tuple[str, ...]:
    """Rows of a map of so many cells: dots where there is land."""
    across, down = (1, 1) if glyphs is Glyphs.ASCII else (2, 4)
    rows = [_row((y + 0.5) / (height * down), width * across) for y in range(height * down)]
    if glyphs is Glyphs.ASCII:
        return tuple("".join("." if dot else " " for dot in row) for row in rows)
    lines = []
    for y in range(height):
        cells = (sum(_DOTS[j][i] for j in range(4) for i in range(2) if rows[4 * y + j][2 * x + i]) for x in range(width))
        lines.append("".join(chr(0x2800 + dots) if dots else " " for dots in cells))
    return tuple(lines)


def _row(share: float, dots: int) -> list[bool]:
    """Which of so many dots are land on the line at this share of the height: inside after an odd number of coasts."""
    latitude = NORTH - share * (NORTH - SOUTH)
    row = [False] * dots
    for outline in _OUTLINES:
        coasts = sorted(
            a[0] + (latitude - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
            for a, b in zip(outline, (*outline[1:], outline[0]), strict=True)
            if (a[1] > latitude) != (b[1] > latitude)
        )
        for begin, end in zip(coasts[::2], coasts[1::2], strict=True):
            first, last = (round((edge - WEST) / 360.0 * dots - 0.5) for edge in (begin, end))
            for x in range(max(0, first), last + 1):
                row[x % dots] = True
    return row
