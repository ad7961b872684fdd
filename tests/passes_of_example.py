"""Two annotators' passes over the document of `krisc new`, and what a user does with them."""

from __future__ import annotations

from pathlib import Path

from krisc.cli import main

ONE = """
[structure]
SENTENCE s1 "Karwan met Zerin in Soran."
[entity]
PERSON k "Karwan" mention=name
PERSON z "Zerin" mention=name
PLACE p "Soran" mention=name
[event]
MEET m "met" Participant=k Participant=z Place=p modality=asserted
[relation]
KNOWS r head=k tail=z
[coreference]
ENTITY c members=k entity=karwan
"""
OTHER = (
    ONE.replace("PLACE p", "PERSON p")
    .replace(" Place=p", "")
    .replace("head=k tail=z", "head=z tail=k")
    .replace("modality=asserted", "modality=planned")
)


def register(corpus: Path, *names: str) -> None:
    path = corpus / "annotations/annotators.toml"
    for name in names:
        path.write_text(
            f'{path.read_text()}\n[annotators.{name}]\nkind = "person"\nname = "{name}"\ngiven = "the text"\n'
        )


def write_pass(corpus: Path, annotator: str, source: str) -> None:
    head = f"@document example\n@annotator {annotator}\n@date 2024-01-01\n@guidelines 0.1.0\n"
    path = corpus / f"{annotator}.txt"
    path.write_text(head + source)
    assert run("author", "import", path, "--corpus", corpus, "--quiet", "--replace") == 0
    path.unlink()


def run(*words: object) -> int:
    """The exit code of a command."""
    try:
        main([str(word) for word in words])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0
