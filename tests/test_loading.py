"""The committed release, loaded as its users load it, and compared with the authored annotation value by value."""

from __future__ import annotations

import copy
import json
import math
import socket
from functools import cache
from pathlib import Path
from typing import Any

import datasets
import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from krisc.models import features
from krisc.store import Corpus
from krisc.tables import tables

ROOT = Path(__file__).resolve().parent.parent
CORPUS = Corpus(ROOT)
RELEASE = ROOT / "dataset" / "releases" / CORPUS.config.version
CONFIGURATIONS = json.loads((RELEASE / "release.json").read_text())["tables"]
LAYERS = list(CORPUS.layers)
GOLD = {e.id: json.loads(CORPUS.gold_path(e.id).read_text()) for e in CORPUS.index}
BY_ID = {d: {a["id"]: a for layer in gold["layers"].values() for a in layer} for d, gold in GOLD.items()}


def plain(value: Any) -> Any:
    """Lists for arrays, None for every kind of missing value."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return None if value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)) else value


def with_datasets(name: str) -> list[dict[str, Any]]:
    return [row for split in datasets.load_dataset(str(RELEASE), name).values() for row in split]


def streaming(name: str) -> list[dict[str, Any]]:
    return [row for split in datasets.load_dataset(str(RELEASE), name, streaming=True).values() for row in split]


def with_pandas(name: str) -> list[dict[str, Any]]:
    frames = [pd.read_parquet(p, dtype_backend="pyarrow") for p in sorted(RELEASE.glob(f"{name}/*.parquet"))]
    return pd.concat(frames).to_dict("records")


def with_polars(name: str) -> list[dict[str, Any]]:
    return pl.read_parquet(RELEASE / name / "*.parquet").to_dicts()


def with_duckdb(name: str) -> list[dict[str, Any]]:
    found = duckdb.execute(f"select * from read_parquet('{RELEASE}/{name}/*.parquet')")  # noqa: S608 - our own path
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


OTHERS = [pytest.param(reader, marks=pytest.mark.one_python) for reader in (with_pandas, with_polars, with_duckdb)]
READERS = [with_datasets, streaming, *OTHERS]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("loading a release must not open a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def rows(reader: Any, name: str) -> list[dict[str, Any]]:
    return [plain(row) for row in reader(name)]


@cache
def declared_features(name: str) -> Any:
    return features(tables(CORPUS.layers)[name])


def named(name: str, column: str, number: int | None) -> str | None:
    """The name behind the number of a ClassLabel."""
    return None if number is None else declared_features(name)[column].int2str(number)


def anchor(segments: list[dict[str, Any]]) -> tuple[int, int, str]:
    return segments[0]["start"], segments[-1]["end"], " ".join(s["quote"] for s in segments)


def words(gold: dict[str, Any], target: str) -> tuple[int, int, str]:
    every = BY_ID[gold["document"]]
    return anchor(every[target].get("segments") or every[target]["trigger"])


def filled(gold: dict[str, Any], argument: dict[str, Any]) -> tuple[object, ...]:
    """Target and words of an argument, as authored."""
    where = words(gold, argument["target"]) if "target" in argument else anchor(argument["segments"])
    return (argument.get("target"), *where)


def loaded_filler(value: dict[str, Any]) -> tuple[object, ...]:
    return value["target"], value["start"], value["end"], value["text"]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_reads_as_it_was_authored(layer: str, reader: Any) -> None:
    declared = CORPUS.layers[layer]
    found = {(row["document_id"], row["id"]): row for row in rows(reader, layer)}
    authored = {(d, a["id"]): (g, a) for d, g in GOLD.items() for a in g["layers"][layer]}
    assert found.keys() == authored.keys()
    for key, (gold, a) in authored.items():
        row = found[key]
        assert named(layer, "label", row["label"]) == a["label"]
        assert named(layer, "decided", row["decided"]) == a["decided"]
        assert (row["annotators"], row["note"], row["checked_by"]) == (a["by"], a.get("note"), a.get("checked_by", []))
        if segments := a.get("segments") or a.get("trigger"):
            assert (row["start"], row["end"], row["text"]) == anchor(segments)
            assert [(s["start"], s["end"], s["text"]) for s in row["segments"]] == [tuple(s.values()) for s in segments]
        for name, attribute in declared.attributes.items():
            value = named(layer, name, row[name]) if attribute.type == "enum" else row[name]
            assert value == a.get("attributes", {}).get(name)
        if declared.kind == "event":
            role = declared_features(layer)["arguments"].feature["role"].int2str
            arguments = [(role(g["role"]), *loaded_filler(g)) for g in row["arguments"]]
            assert arguments == [(g["role"], *filled(gold, g)) for g in a["arguments"]]
        if declared.kind == "relation":
            for role_name in declared.roles:
                wanted = [filled(gold, g) for g in a["arguments"] if g["role"] == role_name]
                value = row[role_name.lower()]
                assert ([] if value is None or value["text"] is None else [loaded_filler(value)]) == wanted
        if declared.kind == "chain":
            assert row["entity"] == a.get("entity")
            assert [loaded_filler(m) for m in row["members"]] == [(m, *words(gold, m)) for m in a["members"]]


@pytest.mark.parametrize("reader", READERS)
def test_documents_hold_text_metadata_and_all_layers(reader: Any) -> None:
    found = {row["document_id"]: row for row in rows(reader, "documents")}
    metadata = [json.loads(line) for line in (ROOT / "dataset/documents.jsonl").read_text().splitlines()]
    assert sorted(found) == sorted(m["id"] for m in metadata)
    for record in metadata:
        row = found[record["id"]]
        assert row["text"].encode() == (ROOT / f"dataset/raw/{record['id']}.txt").read_bytes()
        assert row["version"] == CORPUS.config.version
        assert named("documents", "origin", row["origin"]) == record["origin"]
        for name in ("title", "publisher", "url", "language", "rights", "incident", "sha256"):
            assert row[name] == record[name]
        for name in ("published", "captured", "as_of"):
            assert ("" if row[name] is None else str(row[name])[:10]) == record.get(name, "")
        for layer in LAYERS:
            assert [a["id"] for a in row[layer]] == [a["id"] for a in GOLD[record["id"]]["layers"][layer]]


@pytest.mark.parametrize("reader", READERS)
def test_tokens_cover_every_unit_and_carry_the_outermost_entities(reader: Any) -> None:
    found = rows(reader, "tokens")
    label = features(tables(CORPUS.layers)["tokens"])["ner_tags"].feature.int2str
    for row in found:
        text = (ROOT / f"dataset/raw/{row['document_id']}.txt").read_bytes().decode()
        spans = list(zip(row["token_starts"], row["token_ends"], strict=True))
        assert row["tokens"] == [text[s:e] for s, e in spans]
        assert "".join(row["tokens"]) == "".join(row["text"].split())
        tagged, start = [], None
        for n, tag in enumerate([label(t) for t in row["ner_tags"]] + ["O"]):
            if start is not None and not tag.startswith("I-"):
                tagged.append((spans[start][0], spans[n - 1][1], label(row["ner_tags"][start])[2:]))
                start = None
            start = n if tag.startswith("B-") else start
        entities = [
            (*words(GOLD[row["document_id"]], a["id"])[:2], a["label"])
            for a in GOLD[row["document_id"]]["layers"]["entity"]
        ]
        inside = [e for e in entities if row["start"] <= e[0] and e[1] <= row["end"]]
        outermost = [e for e in inside if not any(o[0] <= e[0] and e[1] <= o[1] and o != e for o in inside)]
        assert sorted(tagged) == sorted(outermost)
        for span in row["spans"]:
            first, last = spans[span["first"]], spans[span["last"] - 1]
            a = next(a for a in GOLD[row["document_id"]]["layers"][span["layer"]] if a["id"] == span["id"])
            segment = (a.get("segments") or a["trigger"])[span["segment"]]
            assert (first[0], last[1], span["label"]) == (segment["start"], segment["end"], a["label"])


@pytest.mark.one_python
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_card_states_true_sizes_and_features(name: str, tmp_path: Path) -> None:
    wanted = features(tables(CORPUS.layers)[name])
    # A cache of its own: `datasets` checks nothing that it has prepared before.
    builder = datasets.load_dataset_builder(str(RELEASE), name, cache_dir=str(tmp_path / "with"))
    said = copy.deepcopy(builder.info)  # what the card says; preparing puts in its place what there is
    builder.download_and_prepare(verification_mode="all_checks")
    loaded = builder.as_dataset()
    assert set(said.splits) == set(loaded) == set(CONFIGURATIONS[name])
    files = {split: [str(p) for p in sorted(RELEASE.glob(f"{name}/{split}-*.parquet"))] for split in loaded}
    without_card = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "without"))
    for split, rows_ in loaded.items():
        stated = said.splits[split]
        assert rows_.features == said.features == wanted
        assert stated.num_examples == len(rows_) == CONFIGURATIONS[name][split]["rows"] > 0
        assert stated.num_bytes == without_card[split].info.splits[split].num_bytes
        for path in files[split]:
            assert datasets.Features.from_arrow_schema(pq.read_schema(path)) == wanted
    assert said.download_size == sum(p.stat().st_size for p in RELEASE.glob(f"{name}/*.parquet"))


def test_the_default_configuration_is_documents() -> None:
    assert set(datasets.get_dataset_config_names(str(RELEASE))) == set(CONFIGURATIONS)
    loaded = datasets.load_dataset(str(RELEASE))
    assert "text" in next(iter(loaded.values())).column_names


def test_no_split_is_empty() -> None:
    for splits in CONFIGURATIONS.values():
        assert all(split["rows"] > 0 for split in splits.values())
