"""Writes corpora of made documents: one file a document and annotation, or shards of whole documents.

    python bench/corpora.py FOLDER --documents 1000 --layout shards

Shards are written one by one, by as many processes as are asked for, so that memory does not grow with the corpus.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec
from made import PASSES, Made, make, world

ROOT = Path(__file__).resolve().parent.parent
LAYOUTS = ("files", "shards")
SHARD = 2000  # documents
CONFIG = """\
# Written by bench/corpora.py: documents that say nothing, for measuring.
name = "made"
title = "Made documents"
version = "0.1.0"
description = "Documents that a program made from words drawn by chance, to measure other programs with."
homepage = ""
guidelines = "1.0"
languages = ["en"]

[licences]
annotations = "CC0-1.0"
texts = "CC0-1.0"
code = "MIT"

[citation]
authors = ["The maintainers"]
released = "2025-01-01"
keywords = ["made"]

[splits]
train = 0.8
validation = 0.1
test = 0.1
"""


def build(
    folder: Path, documents: int, *, seed: int = 0, layout: str = "files", passes: int = 0, workers: int = 1
) -> Path:
    """Make a corpus in a new folder, and return the folder.

    Args:
        folder: a folder that is not there yet.
        documents: how many documents.
        seed: what documents follow from, beside their numbers.
        layout: ``files`` or ``shards``.
        passes: annotators' passes over each document, 0 or 2; with 2, gold is what they agree in, which is everything.
        workers: processes that write shards.

    Raises:
        ValueError: there is no such layout, or no such number of passes.
        FileExistsError: the folder is there.
    """
    if layout not in LAYOUTS or passes not in (0, len(PASSES)):
        raise ValueError(f"no corpus of {layout} with {passes} passes is made")
    folder.mkdir(parents=True)
    _frame(folder)
    if layout == "files":
        _files(folder, range(documents), seed, passes)
        return folder
    (folder / "dataset/shards").mkdir()
    spans = [range(start, min(start + SHARD, documents)) for start in range(0, documents, SHARD)]
    write = partial(write_shard, folder / "dataset/shards", seed, passes)
    if workers == 1:
        for numbers in spans:
            write(numbers)
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            list(pool.map(write, spans))
    return folder


def _frame(folder: Path) -> None:
    """Everything of a corpus but its documents."""
    for part in ("dataset", "annotations"):
        (folder / part).mkdir()
    shutil.copytree(ROOT / "schema" / "layers", folder / "schema" / "layers")
    (folder / "dataset/corpus.toml").write_text(CONFIG, encoding="utf-8")
    people = (f'[annotators.{name}]\nkind = "unknown"\nname = "nobody"\ngiven = "nothing: made"\n' for name in PASSES)
    (folder / "annotations/annotators.toml").write_text("\n".join(people), encoding="utf-8")
    entities = (json.dumps(one.line(), ensure_ascii=False) for one in chain(*world().register.values()))
    (folder / "dataset/entities.jsonl").write_text("".join(f"{line}\n" for line in entities), encoding="utf-8")


def documents_of(numbers: range, seed: int, passes: int) -> Iterator[Made]:
    """Made documents, one after another."""
    return (make(number, seed, passes) for number in numbers)


def write_shard(folder: Path, seed: int, passes: int, numbers: range) -> Path:
    """Write one shard, named for the number of its first document in shards."""
    path = folder / f"made-{numbers.start // SHARD:05d}.jsonl"
    with path.open("wb") as stream:
        for one in documents_of(numbers, seed, passes):
            stream.write(one.line() + b"\n")
    return path


def _files(folder: Path, numbers: range, seed: int, passes: int) -> None:
    raw, gold = folder / "dataset/raw", folder / "annotations/gold"
    people = [folder / "annotations/passes" / name for name in PASSES[:passes]]
    for made in (raw, gold, *people):
        made.mkdir(parents=True)
    with (folder / "dataset/documents.jsonl").open("wb") as index:
        for one in documents_of(numbers, seed, passes):
            name = one.record["id"]
            index.write(msgspec.json.encode(one.record) + b"\n")
            (raw / f"{name}.txt").write_bytes(one.text.encode())
            for place, value in zip((gold, *people), (one.gold, *one.passes), strict=True):
                (place / f"{name}.json").write_bytes(msgspec.json.encode(value))


def values(folder: Path) -> Iterator[bytes]:
    """The gold annotation of every document of a made corpus as JSON, whatever its layout, in the order of the ids."""
    for path in sorted((folder / "annotations" / "gold").glob("*.json")):
        yield path.read_bytes()
    for path in sorted((folder / "dataset" / "shards").glob("*.jsonl")):
        with path.open("rb") as stream:
            for line in stream:
                yield bytes(msgspec.json.decode(line, type=_Line).gold)


class _Line(msgspec.Struct):
    gold: msgspec.Raw


def main() -> None:
    """Make a corpus."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--layout", choices=LAYOUTS, default="files")
    parser.add_argument("--passes", type=int, choices=(0, len(PASSES)), default=0)
    parser.add_argument("--workers", type=int, default=1)
    options: dict[str, Any] = vars(parser.parse_args())
    build(**options)


if __name__ == "__main__":
    main()
