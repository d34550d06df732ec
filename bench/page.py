# SPDX-License-Identifier: BSD-2-Clause
"""The page of results: one self-contained HTML file with plots (SVG), in light and in dark."""
import math
from html import escape

from goals import Goal
from tables import Curve, Table

COLORS = ("#1b9e4b", "#4fb06a", "#7fc98f", "#00897b", "#26a69a", "#7b4fa3", "#9970ab", "#b08ccb",
          "#c9a9dd", "#d6604d", "#ee8866", "#3f88c5", "#74add1", "#c9a227", "#a0752d", "#c58b4a",
          "#888888")
STYLE = """:root{color-scheme:light dark}
body{font:15px/1.4 sans-serif;margin:2em auto;max-width:1200px;padding:0 1em;
background:Canvas;color:CanvasText}
table{border-collapse:collapse;font-size:12px}td,th{padding:2px 6px;text-align:right}
th:first-child,td:first-child{text-align:left;white-space:nowrap}.mean{font-weight:bold}
tr:nth-child(even){background:color-mix(in srgb,CanvasText 6%,Canvas)}
.bad{color:#d33;font-weight:bold}.good{color:#1b9e4b;font-weight:bold}
svg{max-width:100%;height:auto}svg text{fill:currentColor}div{overflow-x:auto}"""
BAR_HEIGHT = 14
LABEL_WIDTH = 90
CHART_WIDTH = 700
RATIO_LIMIT = 5.0
CURVE_HEIGHT = 260


def color_of(name: str, names: list[str]) -> str:
    """The colour of a column, the same in all plots."""
    return COLORS[names.index(name) % len(COLORS)]


def bars(values: dict[str, float], names: list[str]) -> str:
    """A bar for each column; the line marks 1, our own value. Long bars are cut at the limit."""
    parts = []
    for index, (name, value) in enumerate(values.items()):
        y = index * BAR_HEIGHT
        width = min(value, RATIO_LIMIT) / RATIO_LIMIT * CHART_WIDTH
        mark = "…" if value > RATIO_LIMIT else ""
        parts.append(f'<text x="0" y="{y + 11}" font-size="11">{escape(name)}</text>'
                     f'<rect x="{LABEL_WIDTH}" y="{y + 2}" width="{width:.1f}" '
                     f'height="{BAR_HEIGHT - 3}" fill="{color_of(name, names)}"/>'
                     f'<text x="{LABEL_WIDTH + width + 4:.1f}" y="{y + 11}" font-size="10">'
                     f'{value:.2f}{mark}</text>')
    height = len(values) * BAR_HEIGHT
    one = LABEL_WIDTH + CHART_WIDTH / RATIO_LIMIT
    return (f'<svg viewBox="0 0 {LABEL_WIDTH + CHART_WIDTH + 60} {height}" width="850">'
            f'{"".join(parts)}<line x1="{one}" y1="0" x2="{one}" y2="{height}" '
            'stroke="currentColor" stroke-dasharray="3 3"/></svg>')


def numbers(table: Table) -> str:
    """A table of numbers."""
    head = "".join(f"<th>{escape(name)}</th>" for name in table.names)
    lines = []
    for label, row in table.lines():
        cells = "".join(f"<td>{table.cell(row, name)}</td>" for name in table.names)
        mark = ' class="mean"' if label == "geometric mean" else ""
        lines.append(f"<tr{mark}><td>{escape(label)}</td>{cells}</tr>")
    return f"<div><table><tr><th></th>{head}</tr>{''.join(lines)}</table></div>"


def table_section(table: Table, names: list[str]) -> str:
    """Title, bars of the means where there are some, and the numbers."""
    shown = "<p>Geometric means</p>" + bars(table.means, names) if table.means else ""
    return f"<h2>{escape(table.title)}</h2>{shown}{numbers(table)}"


def across(curve: Curve, number: int) -> float:
    """Where a number is on the axis, which is logarithmic."""
    first, last = math.log(curve.points[0]), math.log(curve.points[-1])
    return LABEL_WIDTH + (math.log(number) - first) / max(last - first, 1e-9) * CHART_WIDTH


def polyline(curve: Curve, name: str, names: list[str]) -> str:
    """One line of a curve; the cost is logarithmic too."""
    costs = [value for values in curve.lines.values() for value in values.values()]
    low, high = math.log(min(costs) / 1.1), math.log(max(costs) * 1.1)
    places = [(across(curve, number), CURVE_HEIGHT * (high - math.log(value)) / (high - low))
              for number, value in curve.lines[name].items()]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    x, y = places[-1]
    return (f'<polyline points="{path}" fill="none" stroke="{color_of(name, names)}" '
            f'stroke-width="2"><title>{escape(name)}</title></polyline>'
            f'<text x="{x + 4:.1f}" y="{y + 3:.1f}" font-size="10">{escape(name)}</text>')


def curve_section(curve: Curve, names: list[str]) -> str:
    """A plot of all lines, and the numbers."""
    lines = "".join(polyline(curve, name, names) for name in curve.lines)
    ticks = "".join(f'<text x="{across(curve, point):.1f}" y="{CURVE_HEIGHT + 16}" font-size="11" '
                    f'text-anchor="middle">{point:,}</text>' for point in curve.points)
    head = "".join(f"<th>{point:,}</th>" for point in curve.points)
    rows = []
    for name, values in curve.lines.items():
        cells = "".join(f"<td>{values[point]:.2f}</td>" if point in values else "<td>-</td>"
                        for point in curve.points)
        rows.append(f"<tr><td>{escape(name)}</td>{cells}<td>{curve.flatness(name):.2f}</td></tr>")
    return (f"<h2>{escape(curve.title)}</h2>"
            f'<svg viewBox="0 0 {LABEL_WIDTH + CHART_WIDTH + 100} {CURVE_HEIGHT + 24}" '
            f'width="890">{lines}{ticks}</svg><div><table><tr><th></th>{head}<th>flatness</th></tr>'
            f"{''.join(rows)}</table></div>")


def goal_rows(goals: list[Goal]) -> str:
    """The verdicts."""
    marks = {"held": "good", "NOT HELD": "bad"}
    return "".join(f'<li><span class="{marks.get(goal.verdict(), "")}">{goal.verdict()}</span> '
                   f"{escape(goal.line()[13:])}</li>" for goal in goals)


def render(sections: list[Table | Curve], goals: list[Goal], versions: dict[str, str]) -> str:
    """The page's HTML."""
    names = list(versions)
    shown = "".join(table_section(section, names) if isinstance(section, Table)
                    else curve_section(section, names) for section in sections)
    used = "".join(f"<li>{escape(name)}: {escape(version)}</li>"
                   for name, version in versions.items())
    return ('<!doctype html><html lang="en"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>memkind beside its peers</title><style>{STYLE}</style>"
            "<h1>memkind beside its peers</h1><p>Medians of interleaved runs. Ratios: above 1, the "
            "peer needs more than we do; below 1, less. Times are wall (what passed) and CPU (what "
            f"was worked); rss is the peak.</p><h2>Goals</h2><ul>{goal_rows(goals)}</ul>{shown}"
            f"<h2>Versions</h2><ul>{used}</ul></html>")
