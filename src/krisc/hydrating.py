"""Puts back the texts that a variant of a release withholds, from files of who has them.

What is restored is the sealed rows themselves; where no text is left out any more, the whole release is there again,
file by file, and its content hashes prove it.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath

import msgspec

from krisc.facts import Facts
from krisc.findings import Finding, KriscError, Place
from krisc.layers import Layers
from krisc.mentions import EntityFacts
from krisc.pagetext import Page, read_page, text_files
from krisc.parquet import Written, content_of, write_rows
from krisc.passages import Search
from krisc.release import finish, read_facts, write_manifest
from krisc.rows import by_document, read_rows
from krisc.runs import Progress
from krisc.sealing import Cost, Withheld, joint_key, key_of, need_cipher, salt, unseal, words_of
from krisc.staging import MANIFEST, file_facts, staging, swap
from krisc.store import Corpus
from krisc.tables import DATE, Table, tables
from krisc.verifying import check_files, layers_of
from krisc.withholding import FOLDER, Payload, Rows, files_of, proof_of, shown

_SPLIT = re.compile(r"[a-z][a-z0-9_]*")
_TENTHS = 1000  # steps of progress for each file


@dataclass
class Hydrated:
    """What came of it: the folder, its figures, the documents restored, and findings about those that were not."""

    folder: Path
    facts: Facts
    restored: list[str]
    findings: list[Finding]


def hydrate(release: Path, texts: Sequence[Path], out: Path, progress: Progress | None = None) -> Hydrated:
    """Restore what a release withholds, as far as the texts are there.

    Args:
        release: a release that ``krisc compile --withhold`` made, or one that was restored in part.
        texts: files, or folders of files: texts as they were, or saved pages.
        out: the folder of the restored release, which is new or empty.
        progress: called with work done and all work.

    Raises:
        KriscError: the release is damaged, withholds nothing or cannot be read; ``folder-not-empty``; or no text was
            restored, and then the findings say why for each. Nothing is written.
    """
    need_cipher()
    facts, withheld, layers = _opened(release)
    target = out.resolve()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise KriscError([Finding("folder-not-empty", Place(str(out)), {"folder": str(out)})])
    files = [one for path in texts for one in text_files(path)]
    keys = _Finder(facts, withheld, files, progress).keys()
    findings = list(keys.findings)
    opened: dict[str, Payload] = {}
    declared = tables(layers)
    for document, key in keys.found.items():
        sealed = (release / withheld.documents[document].file).read_bytes()
        if payload := _payload(
            unseal(key, sealed, facts.name, facts.version, "document", document), document, declared
        ):
            opened[document] = payload
        else:
            findings.append(_broken(withheld.documents[document].file, "the words of the text do not open it"))
    if not opened:
        raise KriscError(findings)
    with staging(target) as stage:
        try:
            if len(opened) == len(withheld.documents):
                made = _whole(release, facts, withheld, layers, stage, opened, keys.found)
            else:
                made = _part(release, facts, layers, stage, opened)
        except (LookupError, TypeError, ValueError) as error:
            raise KriscError([_broken(release.name, f"its rows are none of a release ({error})")]) from None
        swap(stage, target)
    return Hydrated(target, made, sorted(opened), findings)


def _broken(name: str, reason: str) -> Finding:
    return Finding("withheld-broken", Place(name), {"name": name, "reason": reason})


# --- what is read ---------------------------------------------------------------------------------------------------


def _opened(release: Path) -> tuple[Facts, Withheld, Layers]:
    """The figures of a variant, what it withholds, and its layers, when its files are whole."""
    facts = read_facts(release)
    if facts.withheld is None or not facts.withheld.documents:
        raise KriscError([Finding("withheld-nothing", Place(MANIFEST), {"name": f"{facts.name} {facts.version}"})])
    for what, sound in _soundness(facts, facts.withheld):
        if not sound:
            data: dict[str, object] = {
                "found": what,
                "wanted": "names and numbers as krisc compile --withhold writes them",
            }
            raise KriscError([Finding("schema-violation", Place(MANIFEST), data)])
    if findings := check_files(release, facts):
        raise KriscError(findings)
    layers = layers_of(release, facts)
    if unknown := [name for name in facts.tables if name not in tables(layers)]:
        data = {"found": f"the table {unknown[0]!r}", "wanted": "the tables of the release's layers"}
        raise KriscError([Finding("schema-violation", Place(MANIFEST), data)])
    return facts, facts.withheld, layers


def _soundness(facts: Facts, withheld: Withheld) -> Iterator[tuple[str, bool]]:
    """What in ``release.json`` leads to a path, to memory or to time, and whether it is sound."""
    tabled = [file for splits in facts.tables.values() for one in splits.values() for file in one.files]
    for name in (*facts.files, *tabled, withheld.rest, *(one.file for one in withheld.documents.values())):
        yield f"the file {name!r}", _safe(name)
    for split in {*facts.splits, *(split for splits in facts.tables.values() for split in splits)}:
        yield f"the split {split!r}", bool(_SPLIT.fullmatch(split))
    for cost in (withheld.key_cost, withheld.window_cost):
        yield f"the cost {msgspec.to_builtins(cost)}", _affordable(cost)
    yield f"windows of {withheld.window} every {withheld.stride} words", min(withheld.window, withheld.stride) > 0


def _safe(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\\" not in name and ":" not in name


def _affordable(cost: Cost) -> bool:
    return cost.n.bit_count() == 1 and 1 < cost.n <= 1 << 20 and 0 < cost.r <= 8 and 0 < cost.p <= 4


def _payload(data: bytes | None, document: str, declared: Mapping[str, Table]) -> Payload | None:
    """The rows that were sealed, with their dates; None when they are not those of the document."""
    try:
        payload = msgspec.msgpack.decode(data or b"", type=Payload)
        for name, rows in payload.rows.items():
            dates = [column.name for column in declared[name].columns if column.type == DATE]
            for row in rows:
                row |= {one: date.fromisoformat(row[one]) for one in dates if row[one] is not None}
        right = all(row["document_id"] == document for rows in payload.rows.values() for row in rows)
        return payload if right and len(payload.rows["documents"]) == 1 else None
    except (LookupError, TypeError, ValueError):
        return None


# --- what is found --------------------------------------------------------------------------------------------------


@dataclass
class _Keys:
    found: dict[str, bytes]
    findings: list[Finding]


class _Finder:
    """Looks for the texts in files, which are read one at a time: first those that are a text and nothing else."""

    def __init__(self, facts: Facts, withheld: Withheld, files: Sequence[Path], progress: Progress | None) -> None:
        about = (facts.name, facts.version)
        self.searches = {name: Search(name, one, withheld, about) for name, one in withheld.documents.items()}
        self.files = files
        self.progress = progress
        self.found: dict[str, bytes] = {}
        self.findings: list[Finding] = []

    def keys(self) -> _Keys:
        """The keys of the documents whose text is there, and a finding for every other and every unreadable file."""
        self._go(0, lambda search, page, _: search.whole(page))
        self._go(1, lambda search, page, step: search.inside(page, step) if _named(page, search) else None)
        self._go(2, lambda search, page, step: None if _named(page, search) else search.inside(page, step))
        for name, search in self.searches.items():
            if name not in self.found:
                number, page = search.seen
                reason = f"no passage of it is in any of {len(self.files)} file(s)"
                if number:
                    of = len(search.sealed.windows)
                    reason = f"{number} of its {of} fingerprints are in {page}, but not all its words"
                data = {"name": name, "reason": reason, "words": search.sealed.words}
                self.findings.append(Finding("withheld-left", Place(search.sealed.file), data, name))
        return _Keys(dict(sorted(self.found.items())), self.findings)

    def _go(self, turn: int, look: Callable[[Search, Page, Progress | None], bytes | None]) -> None:
        for number, path in enumerate(self.files):
            if len(self.found) == len(self.searches):
                return
            try:
                page = read_page(path)
            except OSError as error:
                if not turn:
                    reason = error.strerror or str(error)
                    self.findings.append(Finding("file-unreadable", Place(str(path)), {"reason": reason}))
                continue
            begun = (turn * len(self.files) + number) * _TENTHS
            for name, search in self.searches.items():
                if name not in self.found and (key := look(search, page, self._step(begun))):
                    self.found[name] = key

    def _step(self, begun: int) -> Progress | None:
        if self.progress is None:
            return None
        tell, of = self.progress, 3 * len(self.files) * _TENTHS
        return lambda done, all_: tell(begun + done * _TENTHS // max(1, all_), of)


def _named(page: Page, search: Search) -> bool:
    return Path(page.name).stem == search.document


# --- what is written ------------------------------------------------------------------------------------------------


def _write_rows(
    release: Path, facts: Facts, declared: Mapping[str, Table], stage: Path, opened: Mapping[str, Payload], whole: bool
) -> list[Written]:
    """Write the rows of all documents in their order; those that were opened as they were."""

    def documents() -> Iterator[tuple[str, int, Rows]]:
        for split in facts.splits:
            for document, shard, found in by_document(release, files_of(facts, split)):
                rows: Rows = opened[document].rows if document in opened else found
                if whole:
                    rows = {n: [{k: v for k, v in r.items() if k != "withheld"} for r in rs] for n, rs in rows.items()}
                elif document in opened:
                    rows = shown(rows)
                yield split, shard, rows

    return write_rows(stage, declared, documents())


def _whole(
    release: Path,
    facts: Facts,
    withheld: Withheld,
    layers: Layers,
    stage: Path,
    opened: Mapping[str, Payload],
    found: Mapping[str, bytes],
) -> Facts:
    """Write the release that the variant was made from, and prove that it is that."""
    every = {**_keys_of_restored(release, facts, withheld), **found}
    joint = joint_key([every[name] for name in sorted(every)])
    data = unseal(joint, (release / withheld.rest).read_bytes(), facts.name, facts.version, "rest")
    try:
        rest = msgspec.msgpack.decode(data or b"", type=dict[str, bytes])
        made = msgspec.json.decode(rest[MANIFEST], type=Facts)
    except (LookupError, ValueError):
        raise KriscError([_broken(withheld.rest, "the words of all texts do not open it")]) from None
    if unsafe := [name for name in rest if not _safe(name) or name.endswith(".parquet")]:
        raise KriscError([_broken(withheld.rest, f"it holds {unsafe[0]!r}")])
    written = _write_rows(release, facts, tables(layers), stage, opened, whole=True)
    _prove(written, made, withheld)
    for name, content in rest.items():
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        (stage / name).write_bytes(content)
    _of_this_writer(stage, made)
    return made


def _keys_of_restored(release: Path, facts: Facts, withheld: Withheld) -> dict[str, bytes]:
    """The keys of documents that were restored before, from their words, which are there now."""
    found: dict[str, bytes] = {}
    for one in facts.tables["documents"].values() if withheld.restored else ():
        for row in read_rows(release, one.files):
            if (name := row["document_id"]) in withheld.restored:
                salted = salt("key", facts.name, facts.version, name)
                found[name] = key_of(words_of(row["text"]), salted, withheld.key_cost)[0]
    return found


def _prove(written: Sequence[Written], wanted: Facts, withheld: Withheld) -> None:
    """Hold the rows that were written to the content hashes of the release, and these to their proof in the variant.

    Raises:
        KriscError: ``content-altered``, for every table with other rows.
    """
    files: dict[tuple[str, str], list[Written]] = {}
    for file in written:
        files.setdefault((file.table, file.split), []).append(file)
    told = {(name, split): one for name, splits in wanted.tables.items() for split, one in splits.items()}
    findings: list[Finding] = []
    for name, split in sorted({*files, *told}):
        one, other = files.get((name, split), []), told.get((name, split))
        if not other or (sum(file.rows for file in one), content_of(one)) != (other.rows, other.content_sha256):
            data: dict[str, object] = {
                "found": "other rows" if one else "no rows",
                "wanted": f"rows with the content hash {other.content_sha256[:16]}" if other else "no such table",
            }
            findings.append(Finding("content-altered", Place(f"{name}/{split}"), data))
    if proof_of(wanted) != withheld.proof:
        data = {"found": "content hashes with another proof", "wanted": f"those with the proof {withheld.proof[:16]}"}
        findings.append(Finding("content-altered", Place(MANIFEST), data))
    if findings:
        raise KriscError(findings)


def _of_this_writer(stage: Path, facts: Facts) -> None:
    """Write the file hashes anew where another version of pyarrow encodes the same rows otherwise."""
    import pyarrow as pa  # noqa: PLC0415 - takes long to import

    found = {path.relative_to(stage).as_posix(): file_facts(path) for path in sorted(stage.rglob("*.parquet"))}
    if any(facts.files.get(name) != one for name, one in found.items()):
        facts.files |= found
        facts.written_with["parquet"] = f"pyarrow {pa.__version__}"
        write_manifest(stage, facts)


def _part(release: Path, facts: Facts, layers: Layers, stage: Path, opened: Mapping[str, Payload]) -> Facts:
    """Write a variant that withholds less."""
    assert facts.withheld is not None  # noqa: S101 - it was opened as a variant
    written = _write_rows(release, facts, tables(layers, withheld=True), stage, opened, whole=False)
    held = facts.withheld
    kept = [name for name in facts.files if name.startswith((f"{FOLDER}/", "plots/"))]
    for name in set(kept) - {held.documents[document].file for document in opened}:
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(release / name, stage / name)
    held.documents = {name: one for name, one in held.documents.items() if name not in opened}
    held.restored = sorted({*held.restored, *opened})
    for payload in opened.values():
        facts.passes |= payload.passes
        for name, one in payload.entities.items():
            entity = facts.entities.setdefault(name, EntityFacts(one.name, one.type, geonames=one.geonames))
            entity.documents, entity.mentions = entity.documents + one.documents, entity.mentions + one.mentions
            entity.events += one.events
    facts.passes = dict(sorted(facts.passes.items()))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copytree(release / FOLDER / "sources", root, dirs_exist_ok=True)
        for name in (one for one in facts.files if one.startswith("schema/") or one == "LICENSE-DATA"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(release / name, root / name)
        finish(stage, Corpus(root), facts, written)
    return facts
