# SPDX-License-Identifier: BSD-2-Clause
"""The page of results: one self-contained HTML file with a bar chart (SVG) for each table."""
from html import escape

COLORS = ("#1b7837", "#5aae61", "#a6dba0", "#00695c", "#762a83", "#9970ab", "#d6604d", "#f4a582",
          "#4393c3", "#92c5de", "#878787")
STYLE = """body{font:15px/1.4 sans-serif;margin:2em auto;max-width:1100px;padding:0 1em}
table{border-collapse:collapse;font-size:13px}td,th{padding:2px 8px;text-align:right}
th:first-child,td:first-child{text-align:left}tr:last-child{font-weight:bold}
svg{width:100%;height:auto}div{overflow-x:auto}"""
BAR_HEIGHT = 11
LABEL_WIDTH = 150
CHART_WIDTH = 800
RATIO_LIMIT = 4.0


def bar(y: int, name: str, ratio: float, color: str, label: str) -> str:
    """One bar with its value; a longer one is cut at the limit, its value is not."""
    width = min(ratio, RATIO_LIMIT) / RATIO_LIMIT * CHART_WIDTH
    mark = "…" if ratio > RATIO_LIMIT else ""
    return (f'<rect x="{LABEL_WIDTH}" y="{y}" width="{width:.1f}" height="{BAR_HEIGHT - 2}" '
            f'fill="{color}"><title>{escape(label)}, {escape(name)}: {ratio:.2f}</title></rect>'
            f'<text x="{LABEL_WIDTH + width + 4:.1f}" y="{y + BAR_HEIGHT - 3}" font-size="9">'
            f'{escape(name)} {ratio:.2f}{mark}</text>')


def chart(table: dict) -> str:
    """The bars of one table; the line marks 1, our own value."""
    parts = []
    y = 4
    for label, row in {"geometric mean": table["means"], **table["rows"]}.items():
        parts.append(f'<text x="0" y="{y + BAR_HEIGHT}" font-size="12">{escape(label)}</text>')
        for index, name in enumerate(table["names"]):
            parts.append(bar(y, name, row[name], COLORS[index % len(COLORS)], label))
            y += BAR_HEIGHT
        y += BAR_HEIGHT
    one = LABEL_WIDTH + CHART_WIDTH / RATIO_LIMIT
    parts.append(f'<line x1="{one}" y1="0" x2="{one}" y2="{y}" stroke="#000" '
                 'stroke-dasharray="3 3"/>')
    return (f'<svg viewBox="0 0 {LABEL_WIDTH + CHART_WIDTH + 130} {y}" '
            f'xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>')


def numbers(table: dict) -> str:
    """The same as a table of numbers."""
    head = "".join(f"<th>{escape(name)}</th>" for name in table["names"])
    lines = []
    for label, row in {**table["rows"], "geometric mean": table["means"]}.items():
        cells = "".join(f"<td>{row[name]:.2f}</td>" for name in table["names"])
        lines.append(f"<tr><td>{escape(label)}</td>{cells}</tr>")
    return f"<div><table><tr><th></th>{head}</tr>{''.join(lines)}</table></div>"


def render(tables: list[dict], versions: dict[str, str]) -> str:
    """The page's HTML."""
    sections = "".join(f"<h2>{escape(table['title'])}</h2>{numbers(table)}"
                       f"<details open><summary>Bars</summary>{chart(table)}</details>"
                       for table in tables)
    used = "".join(f"<li>{escape(name)}: {escape(version)}</li>"
                   for name, version in versions.items())
    return ('<!doctype html><html lang="en"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>memkind beside its peers</title><style>{STYLE}</style>"
            "<h1>memkind beside its peers</h1><p>Medians of interleaved runs as ratios: above 1, "
            "the peer needs more than we do; below 1, less. Times are wall (what passed) and CPU "
            f"(what was worked); rss is the peak.</p><ul>{used}</ul>{sections}</html>")
