# SPDX-License-Identifier: BSD-2-Clause
"""What is to be reached beside the peers, and whether it was."""
from dataclasses import dataclass

from tables import Table, geometric_mean

OURS = "default"
RIVALS = ("jemalloc", "mimalloc")
FRESH = "dax-kmem"  # the column whose fresh memory is looked at


@dataclass
class Goal:
    """One goal: what it says, the number that was measured (None: it was not), and its limit."""
    text: str
    value: float | None
    limit: float
    is_least: bool = False
    remark: str = ""

    def verdict(self) -> str:
        """In one word or two."""
        if self.value is None:
            return "not measured"
        is_held = self.value >= self.limit if self.is_least else self.value <= self.limit
        return "held" if is_held else "NOT HELD"

    def line(self) -> str:
        """For the terminal and the page."""
        shown = "-" if self.value is None else f"{self.value:.2f}"
        limit = f"{'>=' if self.is_least else '<='} {self.limit:.1f}"
        return f"{self.verdict():<13}{shown:>7} {limit:<8}{self.text}{self.remark}"


def over(table: Table | None, name: str, base: str) -> float | None:
    """The geometric mean of NAME's values over those of BASE, where both have one."""
    pairs = [(row[name], row[base]) for row in table.rows.values()
             if name in row and base in row] if table else []
    return geometric_mean([value / unit for value, unit in pairs]) if pairs else None


def worst(table: Table | None) -> tuple[float | None, str]:
    """The workload in which we need the most, compared with the better of the rivals."""
    found = [(row[OURS] / min(row[name] for name in RIVALS if name in row), label)
             for label, row in (table.rows.items() if table else ())
             if OURS in row and any(name in row for name in RIVALS)]
    if not found:
        return None, ""
    value, label = max(found)
    above = sum(value > 1.3 for value, _ in found)
    return value, f" (worst: {label}; {above} of {len(found)} above)"


def judge(tables: dict[str, Table]) -> list[Goal]:
    """All goals; TABLES by group and measure, as threads-wall."""
    goals = []
    for measure in ("wall", "cpu"):
        table = tables.get(f"threads-{measure}")
        goals += [Goal(f"threads, {measure} time, mean over {name}'s", over(table, OURS, name), 1.0)
                  for name in RIVALS]
        value, remark = worst(table)
        goals.append(Goal(f"threads, {measure} time, over the better of both in any workload",
                          value, 1.3, remark=remark))
    micro = tables.get("micro-cpu")
    goals += [Goal(f"micro, CPU time of {old} over {ours}", over(micro, old, ours), 4.0, True)
              for old, ours in (("1.14-reg", "regular"), ("1.14-pmem", "pmem"))]
    cold = tables.get("cold")
    row = cold.rows.get("malloc", {}) if cold else {}
    value = row[OURS] / row["jemalloc"] if OURS in row and "jemalloc" in row else None
    goals += [Goal("cold malloc over jemalloc's", value, 1.0),
              Goal("threads, peak RSS, mean over jemalloc's",
                   over(tables.get("threads-rss"), OURS, "jemalloc"), 1.1)]
    fresh = tables.get("fresh")
    values = [row[FRESH] for row in fresh.rows.values() if FRESH in row] if fresh else []
    goals.append(Goal("a fresh GiB where full nodes are NULL, over touching it, in any size of "
                      "blocks", max(values, default=None), 1.1))
    return goals
