"""Everything that is measured, a step at a time: KRISC, the floor below it, and its peers.

A step is a function from the material to a Step, with its line in ``STEPS`` at the end. Packages are imported by those
who use them, so that the memory of one contestant does not hold the packages of another.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

import corpora
from measuring import Contestant, Step

LAYOUT = "files"  # of the corpora that are compiled

FLOOR = "floor F: `pyarrow.json` to Parquet, nothing checked"
PYLIST = "`orjson` and `Table.from_pylist`, nothing checked"
HUB = "`datasets.Dataset.from_generator().to_parquet()`, nothing checked"
JSONSCHEMA = "`jsonschema` alone"
HUB_VALIDATED = "`from_generator().to_parquet()` with `jsonschema`"
DOCUMENTS = "krisc compile: all checks, `documents` only"
COMPILE = "krisc compile: all checks, every configuration"
COMPILE_TWO = "krisc compile: the same, two workers"
SCREEN = "`jsonschema-rs` alone, decoding not counted"
CHECKS = "krisc: read, schema and all checks"
SPLIT = "`str.split`"
TOKENS = "krisc: tokens with offsets"
ALIGNED = "krisc: tokens with offsets, spans aligned"
SPACY = "spaCy's blank English: tokens"
SPACY_ALIGNED = "spaCy's blank English: tokens, `offsets_to_biluo_tags`"
BIOC = "`bioc`: reads brat, nothing checked"
READER = "krisc: reads brat, nothing checked"
IMPORT = "krisc import: offsets tested, schema inferred, corpus written"
AGREEMENT = "krisc agreement"
NERVALUATE = "`nervaluate`"

Spans = list[tuple[int, int]]


@dataclass(frozen=True)
class Material:
    """A made corpus of so many documents with a folder to work in; ``brat`` is how many of them are imported."""

    folder: Path
    documents: int
    brat: int

    @property
    def corpus(self) -> Path:
        """The corpus."""
        return self.folder / "corpus"

    @property
    def jsonl(self) -> Path:
        """Its gold annotation, a document a line."""
        return self.folder / "gold.jsonl"

    @property
    def collection(self) -> Path:
        """The first of its documents in brat's format."""
        return self.folder / "brat"

    def make(self) -> Material:
        """Make it all."""
        from krisc.interchange.exporting import export_corpus
        from krisc.store import Corpus

        corpora.build(self.corpus, self.documents, layout=LAYOUT)
        with self.jsonl.open("wb") as stream:
            stream.writelines(value + b"\n" for value in corpora.values(self.corpus))
        few = corpora.build(self.folder / "few", self.brat)
        export_corpus("brat", Corpus(few), self.collection)
        return self

    @cached_property
    def annotated(self) -> list[tuple[str, Spans]]:
        """Texts with the offsets of their mentions, by document."""
        from made import make

        found = []
        for number in range(self.documents):
            made = make(number)
            segments = [one["segments"] for one in made.gold["layers"]["entity"]]
            found.append((made.text, [(listed[0]["start"], listed[-1]["end"]) for listed in segments]))
        return found

    def lines(self, number: int | None = None) -> Iterator[bytes]:
        """The lines of ``jsonl``, or the first of them."""
        with self.jsonl.open("rb") as stream:
            for _, line in zip(range(self.documents if number is None else number), stream, strict=False):
                yield line

    def fresh(self, name: str) -> Path:
        """A place in the folder where nothing is."""
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        return path

    def floor(self) -> Contestant:
        """What no program that writes Parquet from JSON goes below: one thread, no check, zstd at level 3."""

        def work() -> None:
            import pyarrow.json
            import pyarrow.parquet

            options = pyarrow.json.ReadOptions(use_threads=False, block_size=8 << 20)
            table = pyarrow.json.read_json(self.jsonl, read_options=options)
            target = self.folder / "floor.parquet"
            pyarrow.parquet.write_table(table, target, compression="zstd", compression_level=3)

        return Contestant(FLOOR, work, self.documents)


def _generated(path: str) -> Iterator[Any]:
    with Path(path).open("rb") as stream:
        for line in stream:
            yield json.loads(line)


@cache
def _explainer(corpus: Path) -> Any:  # noqa: ANN401 - of a package without types
    from jsonschema import Draft202012Validator

    from krisc.store import Corpus

    return Draft202012Validator(Corpus(corpus).schema("gold"))


def whole(m: Material) -> Step:
    """From annotation files to Parquet."""

    def pylist() -> None:
        import orjson
        import pyarrow
        import pyarrow.parquet

        table = pyarrow.Table.from_pylist([orjson.loads(line) for line in m.lines()])
        pyarrow.parquet.write_table(table, m.folder / "pylist.parquet", compression="zstd", compression_level=3)

    def hub() -> None:
        import datasets

        datasets.disable_progress_bars()
        with tempfile.TemporaryDirectory() as cached:
            made = datasets.Dataset.from_generator(_generated, gen_kwargs={"path": str(m.jsonl)}, cache_dir=cached)
            made.to_parquet(m.folder / "hub.parquet")

    few = max(1, m.documents // 20)

    def validate() -> None:
        assert all(_explainer(m.corpus).is_valid(json.loads(line)) for line in m.lines(few))

    def compiled() -> None:
        from krisc.release import compile_corpus
        from krisc.store import Corpus

        compile_corpus(Corpus(m.corpus), m.folder / "out", replace=True)

    contestants = (
        m.floor(),
        Contestant(PYLIST, pylist, m.documents),
        Contestant(HUB, hub, m.documents, prepare=partial(__import__, "datasets")),
        Contestant(JSONSCHEMA, validate, few, prepare=partial(_explainer, m.corpus), scaled=True),
        Contestant(COMPILE, compiled, m.documents, prepare=partial(m.fresh, "out")),
    )
    note = "Peers read the gold annotation alone, from one file of JSON Lines; KRISC reads texts and metadata besides."
    return Step("whole", "From annotation to Parquet", contestants, HUB, note, sums={HUB_VALIDATED: (HUB, JSONSCHEMA)})


def checking(m: Material) -> Step:
    """Reading and checking, without writing."""

    @cache
    def screen() -> tuple[Any, list[Any]]:
        from krisc.store import Corpus

        return Corpus(m.corpus).forms["gold"].screen, [json.loads(line) for line in m.lines()]

    def screened() -> None:
        form, decoded = screen()
        assert all(map(form.is_valid, decoded))

    def checked() -> None:
        from krisc.checks import check_document
        from krisc.store import Corpus

        corpus = Corpus(m.corpus)
        assert not any(found for entry in corpus.index for found in check_document(corpus, entry)[1])

    contestants = (
        m.floor(),
        Contestant(SCREEN, screened, m.documents, prepare=screen),
        Contestant(CHECKS, checked, m.documents),
    )
    return Step("checking", "Checking", contestants, SCREEN, "The schema alone finds no wrong quote, id or reference.")


@cache
def _blank() -> Any:  # noqa: ANN401 - of a package without types
    import spacy

    return spacy.blank("en")


def tokens(m: Material) -> Step:
    """Cutting texts into tokens, and finding the tokens of every mention."""
    few = max(1, m.documents // 5)

    def tokenized() -> None:
        from krisc.tokens import tokenize

        for text, _ in m.annotated:
            tokenize(text)

    def aligned() -> None:
        from krisc.spans import token_range
        from krisc.tokens import tokenize

        for text, spans in m.annotated:
            starts, ends = tokenize(text)
            assert all(token_range(starts, ends, span) for span in spans)

    def spacy() -> None:
        nlp = _blank()
        for text, _ in m.annotated[:few]:
            nlp(text)

    def spacy_aligned() -> None:
        from spacy.training import offsets_to_biluo_tags

        nlp = _blank()
        for text, spans in m.annotated[:few]:
            offsets_to_biluo_tags(nlp(text), [(start, end, "X") for start, end in spans])

    def loaded() -> None:
        len(m.annotated)
        _blank()

    contestants = (
        m.floor(),
        Contestant(SPLIT, lambda: [text.split() for text, _ in m.annotated], m.documents, prepare=lambda: m.annotated),
        Contestant(TOKENS, tokenized, m.documents, prepare=lambda: m.annotated),
        Contestant(ALIGNED, aligned, m.documents, prepare=lambda: m.annotated),
        Contestant(SPACY, spacy, few, prepare=loaded, scaled=True),
        Contestant(SPACY_ALIGNED, spacy_aligned, few, prepare=loaded, scaled=True),
    )
    return Step(
        "tokens", "Tokens", contestants, SPACY_ALIGNED, "Texts are in memory; the mentions of each are aligned."
    )


def importing(m: Material) -> Step:
    """From a brat collection to a corpus."""

    def peer() -> None:
        from bioc import brat

        for path in sorted(m.collection.glob("*.txt")):
            with path.open(encoding="utf-8") as text, path.with_suffix(".ann").open(encoding="utf-8") as ann:
                brat.load(text, ann, path.stem)

    def reader() -> None:
        from krisc.interchange import load
        from krisc.interchange.base import Report

        assert len(list(load("brat").read(m.collection, Report()))) == m.brat

    def imported() -> None:
        from krisc.interchange.importing import import_corpus

        import_corpus("brat", m.collection, m.folder / "imported")

    contestants = (
        m.floor(),
        Contestant(BIOC, peer, m.brat),
        Contestant(READER, reader, m.brat),
        Contestant(IMPORT, imported, m.brat, prepare=partial(m.fresh, "imported")),
    )
    return Step("importing", f"Import of {m.brat:,} brat documents", contestants, BIOC)


STEPS: dict[str, Callable[[Material], Step]] = {
    "whole": whole,
    "checking": checking,
    "tokens": tokens,
    "importing": importing,
}
