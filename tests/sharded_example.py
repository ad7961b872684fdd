"""Corpora in both layouts: what stands in files of a document, and the same in lines of shards."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SHARD = "dataset/shards/a.jsonl"


def line_of(corpus: Path, record: Mapping[str, Any]) -> dict[str, Any]:
    """A document of a corpus in files as one value."""
    name = record["id"]
    line: dict[str, Any] = {
        "document": record,
        "text": (corpus / f"dataset/raw/{name}.txt").read_bytes().decode(),
    }
    if (gold := corpus / f"annotations/gold/{name}.json").exists():
        line["gold"] = json.loads(gold.read_bytes())
    if passes := sorted(corpus.glob(f"annotations/passes/*/{name}.json")):
        line["passes"] = [json.loads(path.read_bytes()) for path in passes]
    if (sources := corpus / f"dataset/sources/{name}.json").exists():
        line["sources"] = json.loads(sources.read_bytes())
    return line


def records(corpus: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (corpus / "dataset/documents.jsonl").read_text("utf-8").splitlines()]


def dumped(line: Mapping[str, Any]) -> bytes:
    """As ``json`` writes it, with white space, and characters as they are."""
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def sharded(corpus: Path, folder: Path, shards: int = 1) -> Path:
    """A copy of a corpus in files with all documents in shards, in turns."""
    shutil.copytree(corpus, folder, ignore=shutil.ignore_patterns(".krisc", "releases"))
    lines = [dumped(line_of(corpus, record)) for record in records(corpus)]
    for part in ("dataset/raw", "dataset/sources", "annotations/gold", "annotations/passes"):
        shutil.rmtree(folder / part, ignore_errors=True)
    (folder / "dataset/documents.jsonl").unlink()
    (folder / "dataset/shards").mkdir()
    for number in range(shards):
        (folder / f"dataset/shards/{'abcdefgh'[number]}.jsonl").write_bytes(b"".join(lines[number::shards]))
    return folder
