"""Corpora whose texts are made of words that stand nowhere else, annotated in every layer and by passes."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from pathlib import Path

from krisc.tokens import tokenize

SECRET = ["zqar", "velith", "nux", "omora", "thwik", "blenda", "quop", "ryzha", "fjeld", "umtak", "xiphu", "gwenno"]
PLAIN = ["bara", "celi", "dodo", "hari", "jolo", "kasi", "mapu", "tevi", "sanu", "polo", "lira", "wemi"]


def made_up(number: int, seed: int = 0, lines: int = 4, syllables: Sequence[str] = SECRET) -> str:
    """A text of so many made-up words of seven letters or more, on some lines."""
    chosen = random.Random(seed)
    words = ["".join(chosen.sample(syllables, 3)) for _ in range(number)]
    size = max(1, number // lines)
    return "\n\n".join(" ".join(words[n : n + size]).capitalize() + "." for n in range(0, number, size)) + "\n"


def add(corpus: Path, name: str, text: str, origin: str = "published") -> None:
    """A document with gold and a pass: ids, titles, notes, addresses and register entries are made of its words."""
    sha = hashlib.sha256(text.encode()).hexdigest()
    (corpus / f"dataset/raw/{name}.txt").write_bytes(text.encode())
    starts, ends = tokenize(text)
    tokens = [(s, e) for s, e in zip(starts, ends, strict=True) if text[s:e].isalpha()]
    word = text[slice(*tokens[0])]
    record = {
        **{"id": name, "title": f"{word} title", "publisher": "Press", "url": f"https://{word.lower()}.example/{word}"},
        **{"published": "2020-01-01", "captured": "2020-01-02", "language": "en", "origin": origin, "rights": "theirs"},
        **{"incident": name, "sources": [f"the page {word}"], "sha256": sha, "note": f"A note on {word}."},
    }
    listed = corpus / "dataset/documents.jsonl"
    lines = [one for one in listed.read_text().splitlines() if json.loads(one)["id"] not in ("example", name)]
    listed.write_text("\n".join([*lines, json.dumps(record)]) + "\n")
    entry = {
        "id": f"{name}-{word.lower() if word.isascii() else 'x'}",
        "type": "PERSON",
        "name": word.upper(),
        "sources": ["the text"],
    }
    with (corpus / "dataset/entities.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(entry, ensure_ascii=False) + "\n")
    file = {"document": name, "sha256": sha, "guidelines": "0.1.0", "layers": _layers(text, tokens, entry["id"])}
    (corpus / f"annotations/gold/{name}.json").write_text(json.dumps(file, ensure_ascii=False))
    folder = corpus / "annotations/passes/starter"
    folder.mkdir(parents=True, exist_ok=True)
    for one in (a for listed in file["layers"].values() for a in listed):
        one.pop("by")
        one.pop("decided")
    (folder / f"{name}.json").write_text(
        json.dumps({**file, "annotator": "starter", "date": "2020-01-03"}, ensure_ascii=False)
    )


def _layers(text: str, tokens: list[tuple[int, int]], entity: str) -> dict[str, list[dict[str, object]]]:
    """Every line a sentence, its first words a person, an event with its arguments, a relation, and a chain."""
    made = {"by": ["starter"], "decided": "single"}
    layers: dict[str, list[dict[str, object]]] = {
        name: [] for name in ("structure", "entity", "event", "relation", "coreference")
    }

    def segment(start: int, end: int) -> dict[str, object]:
        return {"start": start, "end": end, "quote": text[start:end]}

    at, members = 0, []
    for line in text.splitlines(keepends=True):
        start, end = at + len(line) - len(line.lstrip()), at + len(line.rstrip())
        at += len(line)
        if start >= end:
            continue
        number = len(layers["structure"])
        layers["structure"].append({"id": f"s{number}", "label": "SENTENCE", "segments": [segment(start, end)], **made})
        inside = [t for t in tokens if start <= t[0] and t[1] <= end][:3]
        if len(inside) < 3:
            continue
        names = [f"{''.join(c for c in text[s:e] if c.isascii()) or 'x'}{number}{n}" for n, (s, e) in enumerate(inside)]
        common = {"attributes": {"mention": "name"}, "note": f"See {text[slice(*inside[0])]}", **made}
        layers["entity"] += [
            {"id": names[0], "label": "PERSON", "segments": [segment(*inside[0])], **common},
            {"id": names[2], "label": "PERSON", "segments": [segment(*inside[2])], **common},
        ]
        members += [names[0]]
        filled = [{"role": "Participant", "target": names[0]}, {"role": "Participant", "target": names[2]}]
        event = {"id": names[1], "label": "MEET", "trigger": [segment(*inside[1])], "arguments": filled}
        layers["event"].append({**event, "attributes": {"modality": "asserted"}, **made})
        ends = [{"role": "head", "target": names[0]}, {"role": "tail", "target": names[2]}]
        layers["relation"].append({"id": f"knows-{names[0]}", "label": "KNOWS", "arguments": ends, **made})
    if members:
        chain = {"id": f"chain-{members[0]}", "label": "ENTITY", "members": members, "entity": entity}
        layers["coreference"].append({**chain, **made})
    return layers
