# SPDX-License-Identifier: BSD-2-Clause
"""Tables and curves of results, as text."""
import math
from dataclasses import dataclass, field

WIDTH = 10


def geometric_mean(values: list[float]) -> float:
    """The mean of ratios."""
    return math.exp(sum(map(math.log, values)) / len(values))


@dataclass
class Table:
    """Rows of values by column name; a column may lack some."""
    title: str
    rows: dict[str, dict[str, float]]
    names: list[str]
    means: dict[str, float] = field(default_factory=dict)
    decimals: int = 2

    def lines(self) -> list[tuple[str, dict[str, float]]]:
        """The rows, and the means as the last one."""
        return [*self.rows.items(), *([("geometric mean", self.means)] if self.means else [])]

    def cell(self, row: dict[str, float], name: str) -> str:
        """The value as it is shown."""
        return f"{row[name]:.{self.decimals}f}" if name in row else "-"

    def text(self) -> str:
        """The table for the terminal."""
        head = " " * 20 + "".join(f"{name:>{WIDTH}}" for name in self.names)
        body = [f"{label:<20}" + "".join(f"{self.cell(row, name):>{WIDTH}}" for name in self.names)
                for label, row in self.lines()]
        return "\n".join([f"\n{self.title}", head, *body])


@dataclass
class Curve:
    """Costs per operation at growing numbers, in multiples of the first column's first."""
    title: str
    points: list[int]
    lines: dict[str, dict[int, float]]

    def flatness(self, name: str) -> float:
        """The largest cost over that at the smallest number."""
        values = self.lines[name]
        return max(values.values()) / values[min(values)]

    def text(self) -> str:
        """The curve for the terminal, a line for each column."""
        head = f"{'':<12}" + "".join(f"{point:>{WIDTH}}" for point in self.points)
        body = []
        for name, values in self.lines.items():
            cells = "".join(f"{values[point]:>{WIDTH}.2f}" if point in values else f"{'-':>{WIDTH}}"
                            for point in self.points)
            body.append(f"{name:<12}{cells}{self.flatness(name):>{WIDTH}.2f}")
        return "\n".join([f"\n{self.title}", f"{head}{'flatness':>{WIDTH}}", *body])


def of_values(title: str, rows: dict[str, dict[str, float]], names: list[str],
              decimals: int = 0) -> Table:
    """A table of plain numbers: counts, bytes, multiples."""
    return Table(title, rows, names, decimals=decimals)


def of_ratios(title: str, rows: dict[str, dict[str, float]], names: list[str]) -> Table:
    """A table of ratios: each row over its first column, which is ours where we have the value."""
    shown = {}
    for label, row in rows.items():
        present = [name for name in names if name in row]
        if present:
            unit = max(row[present[0]], 1e-9)
            shown[label] = {name: max(row[name], 1e-9) / unit for name in present}
    means = {}
    for name in names:
        values = [row[name] for row in shown.values() if name in row]
        if len(values) > 1:
            means[name] = geometric_mean(values)
    return Table(title, shown, names, means)


def of_curve(title: str, points: dict[int, dict[str, float]], names: list[str]) -> Curve:
    """A curve; POINTS are the costs by number and column."""
    numbers = sorted(points)
    lines = {name: {number: points[number][name] for number in numbers if name in points[number]}
             for name in names}
    lines = {name: values for name, values in lines.items() if values}
    unit = next((values[min(values)] for values in lines.values()), 1.0)
    return Curve(title, numbers, {name: {number: value / unit for number, value in values.items()}
                                  for name, values in lines.items()})
