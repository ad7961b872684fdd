"""Everything that is measured, a step at a time: KRISC, the floor below it, and its peers.

A step is a function from the material to a Step, with its line in ``STEPS`` at the end. Packages are imported by those
who use them, so that the memory of one contestant does not hold the packages of another.
"""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, partial
from itertools import count
from pathlib import Path
from typing import Any

import corpora
from measuring import Contestant, Step

LAYOUT = "shards"  # of the corpora that are compiled

FLOOR = "floor F: `pyarrow.json` to Parquet, nothing checked"
PYLIST = "`orjson` and `Table.from_pylist`, nothing checked"
HUB = "`datasets.Dataset.from_generator().to_parquet()`, nothing checked"
JSONSCHEMA = "`jsonschema` alone"
HUB_VALIDATED = "`from_generator().to_parquet()` with `jsonschema`"
DOCUMENTS = "krisc compile: all checks, `documents` only"
COMPILE = "krisc compile: all checks, every configuration"
COMPILE_TWO = "krisc compile: the same, two workers that have started"
COMPILE_NEW = "krisc compile: from nothing, and remembered"
COMPILE_AGAIN = "krisc compile: again, after one document changed"
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
AGREEMENT = "krisc: scores of four schemes, and strict by label"
COMPARISON = "krisc: all that is measured, with tokens, units, and counts by document"
NERVALUATE = "`nervaluate`: its `Evaluator`, four schemes, and by label"
STRATEGIES = "`nervaluate`: its strict and partial strategies, called by hand"
PLAIN = "making, folding and splitting the texts"
RENSA = "`rensa`: sketches and index in memory"
ALIKE = "krisc: near-duplicates, spilled to disk"

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

    def fresh_pool() -> None:
        m.fresh("out")
        _pool()

    contestants = (
        m.floor(),
        Contestant(PYLIST, pylist, m.documents),
        Contestant(HUB, hub, m.documents, prepare=partial(__import__, "datasets")),
        Contestant(JSONSCHEMA, validate, few, prepare=partial(_explainer, m.corpus), scaled=True),
        Contestant(DOCUMENTS, partial(_compile, m, only=("documents",)), m.documents, prepare=partial(m.fresh, "out")),
        Contestant(COMPILE, partial(_compile, m), m.documents, prepare=partial(m.fresh, "out")),
        Contestant(COMPILE_TWO, lambda: _compile(m, engine=_pool()), m.documents, prepare=fresh_pool),
    )
    note = "Peers read the gold annotation alone, from one file of JSON Lines; KRISC reads texts and metadata besides."
    note += " The processor time of two workers is that of the process that gives them work."
    return Step("whole", "From annotation to Parquet", contestants, HUB, note, sums={HUB_VALIDATED: (HUB, JSONSCHEMA)})


def _compile(m: Material, **how: Any) -> None:  # noqa: ANN401 - what How takes
    from krisc.release import compile_corpus
    from krisc.runs import How
    from krisc.store import Corpus

    compile_corpus(Corpus(m.corpus), m.folder / "out", replace=True, how=How(**how))


@cache
def _pool() -> Any:  # noqa: ANN401 - an engine
    from krisc.engines import Processes

    pool = Processes(2)
    atexit.register(pool.close)
    assert list(pool.map(len, ["", ""] * 4)) == [0] * 8
    return pool


def again(m: Material) -> Step:
    """A second compile, after one document changed."""
    changed = count()

    def forget() -> None:
        m.fresh("out")
        shutil.rmtree(m.corpus / ".krisc", ignore_errors=True)

    def change() -> None:
        if not (m.corpus / ".krisc" / "shards").is_dir():
            _compile(m, remember=True)
        shard = min((m.corpus / "dataset" / "shards").glob("*.jsonl"))
        lines = shard.read_bytes().splitlines(keepends=True)
        value = json.loads(lines[0])
        value["document"]["title"] = f"Changed {next(changed)}"
        shard.write_bytes(b"".join([json.dumps(value, ensure_ascii=False).encode() + b"\n", *lines[1:]]))

    contestants = (
        m.floor(),
        Contestant(COMPILE_NEW, partial(_compile, m, remember=True), m.documents, prepare=forget),
        Contestant(COMPILE_AGAIN, partial(_compile, m, remember=True), m.documents, prepare=change),
    )
    note = "Of the second compile, what is left is the shard of the document, and what all documents have a part in."
    return Step("again", "A second compile", contestants, COMPILE_NEW, note)


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
        from krisc.spans import token_ranges
        from krisc.tokens import token_arrays

        for text, spans in m.annotated:
            assert token_ranges(*token_arrays(text), spans)[2].all()

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


def agreement(m: Material) -> Step:
    """Agreement between the spans of two annotators."""
    import agreement as pairs
    import nervaluate

    from krisc.alignment import score

    @cache
    def made() -> Any:  # noqa: ANN401 - what the contestants take
        some = pairs.made(m.documents)
        return some, pairs.records(some), (pairs.entities(some, 0), pairs.entities(some, 1))

    def peer() -> None:
        some = made()[0]
        true, pred = pairs.dictionaries(some, 0), pairs.dictionaries(some, 1)
        nervaluate.Evaluator(true, pred, tags=list(pairs.LABELS), loader="dict").evaluate()

    contestants = (
        m.floor(),
        Contestant(NERVALUATE, peer, m.documents, prepare=made),
        Contestant(STRATEGIES, lambda: pairs.two_strategies(made()[2]), m.documents, prepare=made),
        Contestant(AGREEMENT, lambda: score(made()[0]), m.documents, prepare=made),
        Contestant(COMPARISON, lambda: pairs.compared(made()[1]), m.documents, prepare=made),
    )
    note = (
        "Pairs of documents with 45 spans on each side. `bench/agreement.py` holds the figures of both to be the same."
    )
    return Step("agreement", "Agreement", contestants, NERVALUATE, note)


def alike(m: Material) -> Step:
    """Near-duplicates among short documents."""
    import duplicates

    contestants = (
        m.floor(),
        Contestant(PLAIN, lambda: duplicates.floor(m.documents), m.documents),
        Contestant(RENSA, lambda: list(duplicates.in_memory(m.documents)), m.documents),
        Contestant(ALIKE, lambda: list(duplicates.krisc(m.documents)), m.documents),
    )
    note = f"Documents of {duplicates.WORDS} words, made as they are read; alike from {duplicates.THRESHOLD} on."
    return Step("alike", "Near-duplicates", contestants, RENSA, note)


STEPS: dict[str, Callable[[Material], Step]] = {
    "whole": whole,
    "again": again,
    "checking": checking,
    "tokens": tokens,
    "agreement": agreement,
    "alike": alike,
    "importing": importing,
}
