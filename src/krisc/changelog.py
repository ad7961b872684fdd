"""The summary of a difference, and its place in ``CHANGELOG.md``: computed, so that it agrees with the releases."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from krisc.comparing import Difference, bumped, compare_states, latest
from krisc.document import version_key
from krisc.files import write_atomically
from krisc.findings import Finding, KriscError, Place
from krisc.release import Compiled, compile_corpus, write_generated
from krisc.runs import How
from krisc.states import opened
from krisc.store import Corpus

FILE = "CHANGELOG.md"
_BEGIN = "<!-- What changed since {old}, computed by `krisc release`. -->"
_END = "<!-- End of what was computed. -->"


def summary(made: Difference) -> str:
    """A difference in a few lines of Markdown."""
    kinds = Counter(one.kind for one in made.documents)
    lines = [
        f"- Documents: {kinds['added']} added, {kinds['removed']} removed, {kinds['retracted']} retracted, "
        f"{kinds['changed']} changed."
    ]
    lines += [f"- Retracted: {one.id}: {one.reason}" for one in made.documents if one.kind == "retracted"]
    moved = [one for one in made.documents if one.kind == "changed" and one.split != one.was_split]
    lines.append(f"- Splits changed: {', '.join(d.id for d in moved) or 'none'}.")
    changes = Counter((a.layer, a.kind) for one in made.documents for a in one.annotations)
    by_layer = [
        f"{layer} {', '.join(f'{n} {kind}' for (name, kind), n in sorted(changes.items()) if name == layer)}"
        for layer in dict.fromkeys(name for name, _ in changes)
    ]
    lines.append(f"- Annotations in documents that stayed: {'; '.join(by_layer) or 'none changed'}.")
    if history := sum(one.provenance for one in made.documents):
        lines.append(f"- Annotations with another history (who made, decided or checked them): {history}.")
    lines += [
        f"- {change.layer}{f' {change.label}' if change.label else ''} was {change.kind}." for change in made.labels
    ]
    figures = [f"{f.layer}, {f.measure}: {_number(f.before)} to {_number(f.after)}" for f in made.agreement]
    lines += [f"- Agreement: {'; '.join(figures)}."] if figures else []
    lines.append(f"- The change is {made.level}: {'; '.join(made.reasons) or 'nothing changed'}.")
    return "\n".join(lines) + "\n"


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3f}"


def difference(corpus: Corpus, old: str, new: str, *, texts: bool = False) -> Difference:
    """The difference between two states (see ``states.opened`` for what names one).

    Raises:
        KriscError: ``state-unknown``, or what is wrong with a state.
    """
    with opened(corpus, old) as before, opened(corpus, new) as after:
        return compare_states(before, after, texts=texts)


def release(corpus: Corpus, *, replace: bool = False, how: How | None = None) -> tuple[Compiled, Difference | None]:
    """Compile a release, write the changelog and all generated files; refuse a version that the change does not allow.

    Returns what was compiled, and the difference from the release before, if there is one.

    Raises:
        KriscError: ``version-too-low``, or the findings of ``compile_corpus``. Nothing is written then.
    """
    version = corpus.config.version
    old = latest(corpus, before=version)
    made = difference(corpus, old, ".") if old else None
    if made is not None:
        wanted = bumped(old, made.level)
        if version_key(version) < version_key(wanted):
            data: dict[str, object] = {"found": version, "old": old, "wanted": wanted, "level": made.level}
            place = Place("dataset/corpus.toml", pointer="/version")
            raise KriscError([Finding("version-too-low", place, {**data, "reasons": "; ".join(made.reasons)})])
    compiled = compile_corpus(corpus, replace=replace, how=how)
    if made is not None:
        path = corpus.root / FILE
        text = path.read_text(encoding="utf-8") if path.exists() else "# Changelog\n"
        write_atomically(path, entered(text, version, old, summary(made)).encode())
    write_generated(Corpus(corpus.root))
    return compiled, made


def entered(text: str, version: str, old: str, words: str) -> str:
    """A changelog with the computed summary in the section of a version, which is made when it is not there."""
    block = f"{_BEGIN.format(old=old)}\n\n{words}\n{_END}"
    section = re.search(rf"(?ms)^## {re.escape(version)}\s*$.*?(?=^## |\Z)", text)
    if section is None:
        first = re.search(r"(?m)^## ", text)
        at = first.start() if first else len(text)
        return f"{text[:at].rstrip()}\n\n## {version}\n\n{block}\n\n{text[at:]}".rstrip() + "\n"
    body = section[0]
    known = re.search(rf"(?s)<!-- What changed since .*?{re.escape(_END)}", body)
    made = body.replace(known[0], block) if known else f"{body.rstrip()}\n\n{block}\n\n"
    return text.replace(body, made).rstrip() + "\n"


def check_changelog(corpus: Corpus) -> Iterator[Finding]:
    """Whether the changelog says of the newest release what the difference from the one before is."""
    version = corpus.config.version
    old = latest(corpus, before=version)
    path = corpus.root / FILE
    if not old or not path.is_file() or not (corpus.releases / version / "release.json").is_file():
        return
    text = path.read_text(encoding="utf-8")
    if entered(text, version, old, summary(difference(corpus, old, version))) != text:
        problem = "is missing" if f"\n## {version}" not in text else "says something else"
        yield Finding("changelog-stale", Place(FILE), {"version": version, "problem": problem, "old": old})
