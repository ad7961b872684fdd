"""Speed of checking and compiling, as ratios against a floor and against peers, all measured in one run.

The floor is `pyarrow.json` straight to Parquet with no check at all. The best of some rounds is taken, in processor
time, because a shared machine is noisy.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import datasets
import orjson
import pyarrow as pa
import pyarrow.json
import pyarrow.parquet as pq

from krisc.checks import check_document
from krisc.interchange import load
from krisc.interchange.base import Report
from krisc.interchange.exporting import export_corpus
from krisc.interchange.importing import import_corpus
from krisc.release import compile_corpus
from krisc.spans import token_range
from krisc.starter import create
from krisc.store import Corpus
from krisc.tokens import tokenize

NAMES = ("Karwan", "Zerin", "Dilan", "Hêvî", "ئازاد", "Soran", "Rêbwar")


def made(number: int, rng: random.Random) -> tuple[str, dict[str, list[dict[str, Any]]]]:
    """A made document of some 2,000 characters with some 90 annotations: sentences, people, places, meetings."""
    text, layers = "", {name: [] for name in ("structure", "entity", "event", "relation", "coreference")}
    credit = {"by": ["starter"], "decided": "single"}

    def span(layer: str, label: str, start: int, end: int, **more: object) -> str:
        name = f"{layer[:2]}{len(layers[layer])}"
        key = "trigger" if layer == "event" else "segments"
        segment = {"start": start, "end": end, "quote": text[start:end]}
        layers[layer].append({"id": name, "label": label, key: [segment], **more, **credit})
        return name

    while len(text) < 2000:
        start, who, whom = len(text), rng.choice(NAMES), rng.choice(NAMES)
        tail = f" in Soran on day {rng.randrange(1000)} of a year that nobody in document {number} counts."
        text += f"{who} met {whom}{tail}\n"
        at = start + len(who) + 5
        one = span("entity", "PERSON", start, start + len(who), attributes={"mention": "name"})
        other = span("entity", "PERSON", at, at + len(whom), attributes={"mention": "name"})
        place = span("entity", "PLACE", at + len(whom) + 4, at + len(whom) + 9, attributes={"mention": "name"})
        roles = (("Participant", one), ("Participant", other), ("Place", place))
        arguments = [{"role": role, "target": target} for role, target in roles]
        trigger = start + len(who) + 1
        span("event", "MEET", trigger, trigger + 3, arguments=arguments, attributes={"modality": "asserted"})
        span("structure", "SENTENCE", start, len(text) - 1)
    return text, layers


def build(folder: Path, documents: int) -> Corpus:
    """A corpus of made documents over the starter's layers."""
    create(folder)
    rng = random.Random(0)
    record = json.loads((folder / "dataset/documents.jsonl").read_text())
    lines = [json.dumps(record)]
    for number in range(documents):
        text, layers = made(number, rng)
        name, sha = f"made-{number:06d}", hashlib.sha256(text.encode()).hexdigest()
        (folder / f"dataset/raw/{name}.txt").write_text(text, encoding="utf-8", newline="")
        file = {"document": name, "sha256": sha, "guidelines": "0.1.0", "layers": layers}
        (folder / f"annotations/gold/{name}.json").write_text(json.dumps(file, ensure_ascii=False), encoding="utf-8")
        lines.append(json.dumps({**record, "id": name, "incident": name, "sha256": sha}))
    (folder / "dataset/documents.jsonl").write_text("\n".join(lines) + "\n")
    return Corpus(folder)


def best(rounds: int, work: Callable[[], object]) -> float:
    """Least processor time of some rounds, in seconds."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def values(corpus: Corpus) -> Iterator[bytes]:
    """The bytes of every gold file."""
    for path in sorted((corpus.annotations / "gold").glob("made-*.json")):
        yield path.read_bytes()


def table(title: str, rows: dict[str, float], base: str, documents: int) -> None:
    """Print times as ratios of one of them."""
    click.echo(f"\n{title} (1.00 is {base})")
    for name, seconds in rows.items():
        click.echo(f"  {seconds / rows[base]:7.2f}  {name:58} {seconds * 1e6 / documents:9.0f} µs a document")


def whole_path(corpus: Corpus, folder: Path, rounds: int, documents: int) -> None:
    """From files to Parquet."""
    jsonl = folder / "gold.jsonl"
    jsonl.write_bytes(b"\n".join(values(corpus)) + b"\n")

    def floor() -> None:
        pq.write_table(pa.json.read_json(jsonl), folder / "floor.parquet", compression="zstd", compression_level=3)

    def from_pylist() -> None:
        listed = [orjson.loads(data) for data in values(corpus)]
        pq.write_table(pa.Table.from_pylist(listed), folder / "pylist.parquet", compression="zstd", compression_level=3)

    def hub() -> None:
        listed = [orjson.loads(data) for data in values(corpus)]
        datasets.Dataset.from_list(listed).to_parquet(folder / "hub.parquet")

    floor_name = "floor: pyarrow.json to Parquet, nothing checked, one table"
    rows = {
        floor_name: best(rounds, floor),
        "orjson and Table.from_pylist, nothing checked, one table": best(rounds, from_pylist),
        "datasets.Dataset.from_list, nothing checked, one table": best(rounds, hub),
        "krisc compile: all checks, all tables": best(1, lambda: compile_corpus(corpus, folder / "out", replace=True)),
    }
    table("From annotation files to Parquet", rows, floor_name, documents)


def checking(corpus: Corpus, rounds: int, documents: int) -> None:
    """Schema validation and all checks."""
    form = corpus.forms["gold"]
    listed = [orjson.loads(data) for data in values(corpus)]
    few = listed[: max(1, documents // 20)]
    rows = {
        "jsonschema-rs, which screens": best(rounds, lambda: all(map(form.screen.is_valid, listed))),
        "jsonschema, which explains": best(1, lambda: all(map(form.explainer.is_valid, few))) * len(listed) / len(few),
        "krisc: read, parse, schema and all checks": best(
            rounds, lambda: [check_document(corpus, e) for e in corpus.index]
        ),
    }
    table("Checking", rows, "jsonschema-rs, which screens", documents)


def tokens(corpus: Corpus, rounds: int, documents: int) -> None:
    """Tokenising, and aligning spans to tokens."""
    read = [corpus.read_document(entry)[0] for entry in corpus.index]
    texts = [(d.text, [a.hull for a in d.gold.layers["entity"]]) for d in read if d and d.gold]

    def align() -> None:
        for text, hulls in texts:
            starts, ends = tokenize(text)
            assert all(token_range(starts, ends, hull) for hull in hulls)

    rows = {
        "floor: str.split": best(rounds, lambda: [text.split() for text, _ in texts]),
        "krisc: tokens with offsets": best(rounds, lambda: [tokenize(text) for text, _ in texts]),
        "krisc: tokens with offsets, spans aligned": best(rounds, align),
    }
    try:
        import spacy
        from spacy.training import offsets_to_biluo_tags
    except ImportError:
        click.echo("\nspaCy is not installed, so it is not among the peers")
    else:
        blank = spacy.blank("en")
        few = texts[: max(1, documents // 5)]
        scale = len(texts) / len(few)
        rows["spaCy blank English: tokens"] = best(rounds, lambda: [blank(text) for text, _ in few]) * scale
        rows["spaCy blank English: tokens, offsets_to_biluo_tags"] = scale * best(
            rounds, lambda: [offsets_to_biluo_tags(blank(t), [(s, e, "X") for s, e in hulls]) for t, hulls in few]
        )
    table("Tokens", rows, "floor: str.split", documents)


def importing(corpus: Corpus, folder: Path, rounds: int) -> None:
    """From a brat collection to a corpus: read, inferred, checked and written."""
    collection = folder / "brat"
    export_corpus("brat", corpus, collection)
    texts = sorted(collection.glob("*.txt"))
    decoded = sorted((corpus.annotations / "gold").glob("*.json"))
    made = iter(range(10**6))

    def bioc_reads() -> None:
        for path in texts:
            with path.open(encoding="utf-8") as text, path.with_suffix(".ann").open(encoding="utf-8") as ann:
                brat.load(text, ann, path.stem)

    floor_name = "floor: orjson decodes the same annotations"
    rows = {floor_name: best(rounds, lambda: [orjson.loads(path.read_bytes()) for path in decoded])}
    try:
        from bioc import brat
    except ImportError:
        click.echo("\nbioc is not installed, so it is not among the peers")
    else:
        rows["bioc: reads brat, nothing checked, nothing written"] = best(rounds, bioc_reads)
    rows["krisc: reads brat, nothing checked, nothing written"] = best(
        rounds, lambda: list(load("brat").read(collection, Report()))
    )
    rows["krisc import: schema inferred, offsets tested, corpus written"] = best(
        1, lambda: import_corpus("brat", collection, folder / f"imported-{next(made)}")
    )
    table(f"Import of {len(texts)} brat documents", rows, floor_name, len(texts))


def memory(folder: Path, documents: int) -> None:
    """Greatest memory of a compile, for a corpus and for one four times as large, each in a process of its own."""
    program = (
        "import resource, sys; from pathlib import Path; from krisc.store import Corpus;"
        "from krisc.release import compile_corpus; compile_corpus(Corpus(Path(sys.argv[1])), Path(sys.argv[2]));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for number in (documents, documents * 4):
        build(folder / f"memory-{number}", number)
        command = [sys.executable, "-c", program, str(folder / f"memory-{number}"), str(folder / f"out-{number}")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout))
    click.echo(f"\nMemory (1.00 is a compile of {documents} documents, {peaks[0] // 1024} MB)")
    click.echo(f"  {peaks[1] / peaks[0]:7.2f}  four times as many documents, {peaks[1] // 1024} MB")


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=1000, help="made documents of 2,000 characters")
    parser.add_argument("--brat", type=int, default=2000, help="made documents that are imported from brat")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the best counts")
    options = parser.parse_args()
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = build(folder / "corpus", options.documents)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        click.echo(f"{options.documents} made documents; greatest memory so far {peak} MB")
        checking(corpus, options.rounds, options.documents)
        tokens(corpus, options.rounds, options.documents)
        whole_path(corpus, folder, options.rounds, options.documents)
        importing(build(folder / "for-brat", options.brat), folder, options.rounds)
        memory(folder, options.documents)


if __name__ == "__main__":
    main()
