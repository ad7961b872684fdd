"""What the program is to reach, and whether it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from contestants import (
    AGREEMENT,
    ALIGNED,
    COMPILE,
    COMPILE_TWO,
    DOCUMENTS,
    FLOOR,
    HUB,
    HUB_VALIDATED,
    NERVALUATE,
    SPACY_ALIGNED,
)
from measuring import Step

MEGABYTE = 10**6


@dataclass(frozen=True)
class Target:
    """A limit.

    ``as long`` is how many times as long as another contestant one may take at most, ``faster`` how many times faster
    it is to be at least, both in processor time unless ``clock`` says otherwise.
    """

    words: str
    step: str
    contestant: str
    against: str
    sense: Literal["as long", "faster"]
    limit: float
    clock: bool = False


@dataclass(frozen=True)
class Verdict:
    """What was measured for a target, and what part of its limit that is (1.0 just meets it), if it was measured."""

    words: str
    wanted: str
    found: str
    used: float | None

    @property
    def met(self) -> bool | None:
        """Whether it was met; None if it was not measured."""
        return None if self.used is None else self.used <= 1

    def __str__(self) -> str:
        if self.used is None:
            return "–"
        return f"met, at {self.used:.0%} of the limit" if self.met else f"**not met**, by a factor of {self.used:.2f}"


TARGETS = (
    Target("validate and write `documents`, against the floor", "whole", DOCUMENTS, FLOOR, "as long", 2.0),
    Target(
        "validate, tokenise, align and write every configuration, against the floor",
        "whole",
        COMPILE,
        FLOOR,
        "as long",
        4.0,
    ),
    Target("the same, against `from_generator().to_parquet()`", "whole", COMPILE, HUB, "faster", 1.0),
    Target("the same, against it with `jsonschema`", "whole", COMPILE, HUB_VALIDATED, "faster", 10.0),
    Target("tokens with alignment, against spaCy", "tokens", ALIGNED, SPACY_ALIGNED, "faster", 10.0),
    Target("agreement, against nervaluate", "agreement", AGREEMENT, NERVALUATE, "faster", 20.0),
    Target("two workers, against one", "whole", COMPILE_TWO, COMPILE, "faster", 1.7, clock=True),
)
MEMORY = 200 * MEGABYTE  # of one worker
GROWTH = 1.2  # from the smaller corpus to the larger one


def verdict(target: Target, steps: Mapping[str, Step]) -> Verdict:
    """Whether a target was met."""
    wanted = f"{'at most' if target.sense == 'as long' else 'at least'} {target.limit:.1f} times"
    wanted += " as long" if target.sense == "as long" else " as fast"
    wanted += " by the clock" if target.clock else ""
    figures = steps[target.step].figures if target.step in steps else {}
    if target.contestant not in figures or target.against not in figures:
        return Verdict(target.words, wanted, "not measured", None)
    times = figures[target.contestant].times(figures[target.against], "wall" if target.clock else "cpu")
    value = times if target.sense == "as long" else 1 / times
    used = value / target.limit if target.sense == "as long" else target.limit / value
    return Verdict(target.words, wanted, f"{value:.2f}", used)


def memory_verdicts(peaks: Mapping[int, int]) -> list[Verdict]:
    """Whether memory stays below its limit, and the same for a larger corpus.

    Args:
        peaks: bytes by the number of documents.
    """
    sizes = sorted(peaks)
    found = []
    for size in sizes:
        words = f"peak memory of a worker, {size:,} documents"
        peak = peaks[size]
        found.append(Verdict(words, f"at most {MEMORY // MEGABYTE} MB", f"{peak / MEGABYTE:.0f} MB", peak / MEMORY))
    if len(sizes) > 1:
        growth = peaks[sizes[-1]] / peaks[sizes[0]]
        words = f"peak memory of {sizes[-1]:,} documents, against {sizes[0]:,}"
        found.append(Verdict(words, f"at most {GROWTH:.1f} times", f"{growth:.2f}", growth / GROWTH))
    return found
