"""The plots of a release as SVG: labels, events by year, agreement, places. The same figures give the same bytes.

matplotlib writes them, with fixed ids, no date, and text as text.
"""

from __future__ import annotations

import io
import math
import statistics
from collections.abc import Callable
from typing import Any

from krisc.facts import Facts
from krisc.findings import Finding, KriscError, Place
from krisc.gazetteer import towns
from krisc.store import Corpus

COLOURS = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377")  # told apart by colour-blind people (Tol)
APART = 0.22  # degrees of latitude that two names on the map keep
FRAME = 4.5  # degrees on each side of the middle of the map


def _figure(width: float, height: float) -> Any:  # noqa: ANN401 - matplotlib is an optional dependency
    from matplotlib.figure import Figure  # noqa: PLC0415

    return Figure(figsize=(width, height), layout="constrained")


def _svg(draw: Callable[[], Any]) -> str:
    """The SVG of a figure, drawn with matplotlib's own defaults whatever the user's are.

    Raises:
        KriscError: ``extra-missing`` when matplotlib is not installed.
    """
    try:
        import matplotlib as mpl  # noqa: PLC0415 - takes long to import
    except ImportError:
        raise KriscError([Finding("extra-missing", Place(""), {"library": "matplotlib", "extra": "plots"})]) from None
    settings: Any = dict(mpl.rcParamsDefault)
    settings |= {"svg.hashsalt": "krisc", "svg.fonttype": "none", "font.size": 9}
    settings |= {"axes.spines.top": False, "axes.spines.right": False}
    with mpl.rc_context(settings):
        out = io.StringIO()
        draw().savefig(out, format="svg", metadata={"Date": None, "Creator": "krisc"})
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def labels(corpus: Corpus, facts: Facts) -> str | None:
    """How often each label occurs, by split."""
    layers = {name: one for name, one in facts.layers.items() if len(one.labels) > 1 and one.annotations}
    if not corpus.config.plots or not layers:
        return None

    def draw() -> Any:  # noqa: ANN401
        rows = [len(one.labels) for one in layers.values()]
        figure = _figure(8, 1 + 0.22 * sum(rows))
        axes = figure.subplots(len(rows), 1, height_ratios=rows, squeeze=False)[:, 0]
        for axis, (name, one) in zip(axes, layers.items(), strict=True):
            order = sorted(one.labels, key=lambda label: (one.labels[label], label))
            left = [0] * len(order)
            for colour, split in zip(COLOURS, facts.splits, strict=False):
                widths = [one.by_split.get(label, {}).get(split, 0) for label in order]
                axis.barh(order, widths, left=left, color=colour, label=split, height=0.75)
                left = [a + b for a, b in zip(left, widths, strict=True)]
            axis.set_title(name, loc="left", fontweight="bold")
            axis.margins(y=0.02)
        axes[0].legend(frameon=False, loc="lower right")
        axes[-1].set_xlabel("gold annotations")
        return figure

    return _svg(draw)


def years(corpus: Corpus, facts: Facts) -> str | None:
    """Events by the year of their document."""
    events = [one for name, one in facts.layers.items() if corpus.layers[name].kind == "event"]
    if not corpus.config.plots or not events or not facts.years:
        return None

    def draw() -> Any:  # noqa: ANN401
        span = range(int(min(facts.years)), int(max(facts.years)) + 1)
        counts = [sum(row.get(str(y), 0) for one in events for row in one.by_year.values()) for y in span]
        figure = _figure(8, 3)
        axis = figure.subplots()
        axis.bar([str(y) for y in span], counts, color=COLOURS[0])
        for n, y in enumerate(span):
            if str(y) in facts.years:
                axis.annotate(str(facts.years[str(y)]), (n, counts[n]), ha="center", va="bottom", fontsize=8)
        axis.set_ylabel("event annotations")
        axis.set_title("Events by the year of the document; above each bar, how many documents", loc="left", fontsize=9)
        axis.tick_params(axis="x", rotation=90)
        return figure

    return _svg(draw)


def agreement(corpus: Corpus, facts: Facts) -> str | None:
    """The measures that sum up the agreement in each layer, with their intervals."""
    rows = [(name, v) for name in facts.layers for v in facts.agreed(name) if v.value is not None]
    if not corpus.config.plots or not rows:
        return None

    def draw() -> Any:  # noqa: ANN401
        figure = _figure(8, 0.8 + 0.26 * len(rows))
        axis = figure.subplots()
        known = list(dict.fromkeys(name for name, _ in rows))
        for n, (name, v) in enumerate(reversed(rows)):
            colour = COLOURS[known.index(name) % len(COLOURS)]
            if v.low is not None and v.high is not None:
                axis.plot([v.low, v.high], [n, n], color=colour, linewidth=3, alpha=0.4, solid_capstyle="butt")
            axis.plot([v.value], [n], "o", color=colour, clip_on=False)
        axis.set_yticks(range(len(rows)), [f"{name}: {v.measure}" for name, v in reversed(rows)])
        least = min(v.value if v.low is None else v.low for _, v in rows if v.value is not None)
        axis.set_xlim(math.floor(least * 10) / 10 - 0.05, 1)
        axis.grid(axis="x", alpha=0.3)
        axis.set_xlabel("agreement of the passes before adjudication, with 95% intervals; the axis does not begin at 0")
        return figure

    return _svg(draw)


def places(corpus: Corpus, facts: Facts) -> str | None:
    """The places of the register that have a GeoNames id, by how often they are mentioned."""
    if not corpus.config.plots:
        return None
    known = towns({e.geonames for e in facts.entities.values() if e.geonames})
    found = [
        (e, (town.latitude, town.longitude))
        for e in facts.entities.values()
        if (town := known.get(e.geonames)) and town.latitude is not None and town.longitude is not None
    ]
    if not found:
        return None

    def draw() -> Any:  # noqa: ANN401
        middle = [statistics.median(where[n] for e, where in found for _ in range(e.mentions)) for n in (0, 1)]
        near = [(e, w) for e, w in found if all(abs(w[n] - middle[n]) <= FRAME for n in (0, 1))]
        figure = _figure(8, 6)
        axis = figure.subplots()
        sizes = [12 + 6 * e.mentions for e, _ in near]
        axis.scatter([w[1] for _, w in near], [w[0] for _, w in near], s=sizes, color=COLOURS[0], alpha=0.5)
        named: list[tuple[float, float]] = []
        for e, w in sorted(near, key=lambda one: (-one[0].mentions, one[0].name)):
            if all(abs(w[0] - a) > APART or abs(w[1] - b) > 4 * APART for a, b in named):  # a name must be legible
                named.append(w)
                axis.annotate(e.name, (w[1], w[0]), xytext=(5, 5), textcoords="offset points", fontsize=8)
        axis.set_aspect(1.2)
        axis.grid(alpha=0.3)
        axis.set_xlabel("degrees east")
        axis.set_ylabel("degrees north")
        out = len(found) - len(near)
        title = f"{len(near)} towns by mentions, from their GeoNames ids; {out} further away are not shown"
        axis.set_title(title, loc="left", fontsize=9)
        return figure

    return _svg(draw)
