"""A chart of CPU per delivered event against readers, as SVG: both axes logarithmic."""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchmarks.lab.points import Point

_WIDTH, _HEIGHT, _TOP, _LEFT, _LEGEND = 340, 300, 40, 60, 150
_GREYS_AND_BRANDS = ("#888888", "#bbbbbb", "#00add8", "#419eda", "#27aae1", "#d82c20")
_COLOURS = (*_GREYS_AND_BRANDS, "#111111", "#e07b00")
_OURS = len(_GREYS_AND_BRANDS)  # this line and those after it are drawn thicker


def svg(points: Sequence[Point], regimes: Sequence[str], unit_us: float) -> str:
    """Return a picture with a panel for each regime; `unit_us` is the cost shown as 1."""
    names = list(dict.fromkeys(point.line for point in points))
    counts = sorted({point.readers for point in points})
    costs = [point.cpu_us / unit_us for point in points]
    low, high = math.floor(math.log10(min(costs))), math.ceil(math.log10(max(costs)))
    across = _LEFT + len(regimes) * (_WIDTH + _LEFT)
    size = f'width="{across + _LEGEND}" height="{_TOP + _HEIGHT + 50}"'
    font = 'font-family="sans-serif" font-size="12"'
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>',
        '<rect width="100%" height="100%" fill="white"/>',
    ]

    def down(cost: float) -> float:
        return _TOP + _HEIGHT * (high - math.log10(cost)) / max(1, high - low)

    for panel, regime in enumerate(regimes):
        left = _LEFT + panel * (_WIDTH + _LEFT)

        def along(readers: int, left: int = left) -> float:
            whole = math.log10(counts[-1] / counts[0]) or 1
            return left + _WIDTH * math.log10(readers / counts[0]) / whole

        drawn.append(_text(left, _TOP - 16, f"{regime}: CPU per delivered event"))
        for power in range(low, high + 1):
            y = down(10**power)
            drawn.append(_path([(left, y), (left + _WIDTH, y)], "#dddddd", 1))
            drawn.append(_text(left - 8, y + 4, f"{10.0**power:g}", "end"))
        foot = _TOP + _HEIGHT + 18
        drawn += [_text(along(count), foot, str(count), "middle") for count in counts]
        drawn.append(_text(left + _WIDTH / 2, foot + 20, "readers", "middle"))
        for number, name in enumerate(names):
            of_line = [p for p in points if p.line == name and p.regime == regime]
            places = [(along(p.readers), down(p.cpu_us / unit_us)) for p in of_line]
            drawn.append(_path(places, _COLOURS[number % 8], 3 if number >= _OURS else 1.5))
    for number, name in enumerate(names):
        y = _TOP + 20 * number
        drawn.append(_path([(across, y), (across + 20, y)], _COLOURS[number % 8], 3))
        drawn.append(_text(across + 26, y + 4, name))
    return "\n".join([*drawn, "</svg>", ""])


def _path(places: Sequence[tuple[float, float]], colour: str, width: float) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'
