"""The authored file of decisions on one document: conflicts between passes, and what was decided.

``annotations/decisions/<document>.toml``. A conflict is known by what its options say.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from krisc.form import Form
from krisc.reading import read_toml
from krisc.schemas import fixed
from krisc.store import Corpus


class Conflict(msgspec.Struct, frozen=True):
    """One thing on which passes differ, with what each says, and the decision once there is one.

    ``decide`` is a letter of ``options`` (or several, joined by +), ``both`` (all of them), ``neither``, or ``new``,
    and then ``new`` holds annotations in the authoring form. ``by`` is who decided, ``reason`` why.
    """

    id: str
    layer: str
    context: str
    options: dict[str, str]
    decide: str = ""
    new: str = ""
    by: str = ""
    reason: str = ""


class Decisions(msgspec.Struct, frozen=True):
    """The decisions on one document. ``passes`` says which annotator a letter stands for."""

    document: str
    passes: dict[str, str]
    conflicts: tuple[Conflict, ...] = ()
    superseded: tuple[Conflict, ...] = ()


def path_of(corpus: Corpus, document: str) -> Path:
    """Where the decisions on a document lie."""
    return corpus.annotations / "decisions" / f"{document}.toml"


def read_decisions(corpus: Corpus, document: str) -> Decisions | None:
    """The decisions on a document; None when there is no file.

    Raises:
        KriscError: every finding about the file's form.
    """
    path = path_of(corpus, document)
    if not path.exists():
        return None
    value = read_toml(path, corpus.root, Form(fixed("decisions")))
    return msgspec.convert(value, Decisions)


HEAD = """\
# Conflicts between passes, and how they were decided. `krisc adjudicate` writes this file anew and keeps every
# decision. Fill in decide (a letter, both, neither, or new), by (an id of annotations/annotators.toml) and reason.
# With new, write one annotation a line in the authoring form. Comments of your own are not kept.
"""


def dumps(decisions: Decisions) -> str:
    """The canonical text of a decisions file."""
    lines = [f"document = {_string(decisions.document)}", "", "[passes]"]
    lines += [f"{letter} = {_string(name)}" for letter, name in decisions.passes.items()]
    for table, listed in (("conflicts", decisions.conflicts), ("superseded", decisions.superseded)):
        for c in listed:
            lines += ["", f"[[{table}]]", f"id = {_string(c.id)}", f"layer = {_string(c.layer)}"]
            lines.append(f"context = {_string(c.context)}")
            lines += [f"options.{letter} = {_string(words)}" for letter, words in c.options.items()]
            lines += [f"{key} = {_string(getattr(c, key))}" for key in ("decide", "new", "by", "reason")]
    return HEAD + "\n".join(lines) + "\n"


def _string(value: str) -> str:
    """A TOML basic string: that of JSON, with DEL escaped too (TOML 1.0, section String)."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
