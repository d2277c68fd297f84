"""The README's table and picture of the built-in networks, of the folders of their studies.

python tests/zoo_table.py STUDY... PICTURE
"""

import csv
import statistics
import sys
from pathlib import Path

from mnistops.analysis.lower import lower
from mnistops.analysis.summary import summarize_graph
from mnistops.networks.zoo import ZOO
from mnistops.report.published import PUBLISHED
from mnistops.report.size_figure import Sized, draw_sizes
from mnistops.studies.statistics import spread_of


def runs_of(folders: list[Path]) -> dict[str, list[dict[str, str]]]:
    """The rows of every ``study.csv``, by group, which is a network's name."""
    groups: dict[str, list[dict[str, str]]] = {}
    for folder in folders:
        for row in csv.DictReader((folder / "study.csv").read_text().splitlines()):
            groups.setdefault(row["group"], []).append(row)
    return groups


def main(folders: list[Path], picture: Path) -> None:
    """Print a row for each network, and draw them all."""
    print("| network | parameters | mult-adds | kB | epochs | test, mean ± std | errors |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
    networks = []
    for name, rows in runs_of(folders).items():
        summary = summarize_graph(lower(ZOO[name]))
        spread = spread_of([float(row["test_accuracy"]) for row in rows])
        assert spread.mean is not None
        assert spread.deviation is not None
        errors = [int(row["test_errors"]) for row in rows]
        (epochs,) = {row["epochs"] for row in rows}
        kilobytes = 4 * summary.total_params / 1000
        print(
            f"| `{name}` | {summary.total_params:,} | {summary.mult_adds:,} "
            f"| {kilobytes:.1f} | {epochs} "
            f"| {100 * spread.mean:.3f} ± {100 * spread.deviation:.3f} % "
            f"| {', '.join(map(str, errors))}: {statistics.mean(errors):.1f} |"
        )
        networks.append(Sized(name, summary.total_params, spread))
    draw_sizes(networks, PUBLISHED, picture)


if __name__ == "__main__":
    *studies, drawn = map(Path, sys.argv[1:])
    main(studies, drawn)
