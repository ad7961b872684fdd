"""Texts that may not travel: nothing of their words is in the variant, and who has them restores the release whole."""

import json
import re
import shutil
import sys
from itertools import pairwise

import datasets
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from passes_of_example import run
from test_verify import reseal, rewrite
from withheld_example import PLAIN, SECRET, add, made_up

from krisc import parquet, sharding
from krisc.findings import KriscError
from krisc.hydrating import hydrate
from krisc.layers import Attribute
from krisc.masking import MASK, is_masked, masked, numbered
from krisc.release import compile_corpus, read_facts
from krisc.sealing import (
    Cost,
    Sealed,
    Withheld,
    joint_key,
    key_of,
    salt,
    seal,
    stretch,
    unseal,
    window_starts,
    words_of,
)
from krisc.staging import differences
from krisc.starter import create
from krisc.store import Corpus
from krisc.tables import tables
from krisc.verifying import verify
from krisc.withholding import compile_withheld

TEXTS = {f"doc-{n}": made_up(70, seed=n) for n in range(2)} | {"doc-2": made_up(70, syllables=PLAIN)}  # doc-2 is open
WORD = re.compile(r"[^\W\d_]{4,}")


def empty(folder):
    """The smallest corpus without its document."""
    create(folder)
    for name in ("dataset/raw/example.txt", "annotations/gold/example.json", "annotations/example.txt"):
        (folder / name).unlink()
    return folder


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A corpus of three documents, its release, and the variant without the words of two of them."""
    root = tmp_path_factory.mktemp("withheld")
    corpus = empty(root / "corpus")
    for name, text in TEXTS.items():
        add(corpus, name, text, "constructed" if name == "doc-2" else "published")
    whole = compile_corpus(Corpus(corpus), root / "whole").folder
    variant = compile_withheld(Corpus(corpus), root / "open", ["published"]).folder
    return corpus, whole, variant


@pytest.fixture
def variant(made, tmp_path):
    """A copy of the variant that may be changed."""
    return shutil.copytree(made[2], tmp_path / "copy")


@pytest.fixture
def texts(tmp_path):
    """A folder with the withheld texts under names that say nothing."""
    folder = tmp_path / "texts"
    folder.mkdir()
    for number, name in enumerate(("doc-1", "doc-0")):
        (folder / f"page-{number}.txt").write_text(TEXTS[name])
    return folder


def strings(value):
    """Every string in a value; not the names of columns."""
    if isinstance(value, str):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(one)


def words_in(text):
    return {word.casefold() for word in WORD.findall(text)}


# --- what is not there --------------------------------------------------------------------------------------------


def test_no_word_is_in_any_file_of_the_variant(made):
    _, whole, variant = made
    secret = words_in(TEXTS["doc-0"] + TEXTS["doc-1"]) - words_in(TEXTS["doc-2"])
    assert len(secret) > 100
    assert "withheld/rest.bin" in {p.relative_to(variant).as_posix() for p in variant.rglob("*")}
    for path in (p for p in variant.rglob("*") if p.is_file()):
        data = path.read_bytes().lower()
        assert not [word for word in secret if word.encode() in data], path
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            told = "\n".join([*strings(table.to_pylist()), str(table.schema.metadata)]).casefold()
            assert not [word for word in secret if word in told], path
            told = str(pq.read_metadata(path).to_dict()).casefold()
            assert not [word for word in secret if word in told], path
    shown = "\n".join("\n".join(strings(pq.read_table(p).to_pylist())) for p in whole.rglob("*.parquet")).casefold()
    assert all(word in shown for word in secret)  # the test can fail


@pytest.mark.one_python
def test_no_word_of_the_published_article_is_in_its_rows(article, tmp_path):
    """Excepted: what names the document and its origin for the corpus, and is not read from its text."""
    excepted = {"document_id", "incident", "publisher", "rights", "language"}
    compile_withheld(Corpus(article), tmp_path / "open", ["published"])
    [text] = [p.read_text() for p in article.glob("dataset/raw/*.txt")]
    secret, seen = words_in(text), 0
    for path in (tmp_path / "open").rglob("*.parquet"):
        for row in pq.read_table(path).to_pylist():
            for name, value in row.items():
                for told in strings(value) if name not in excepted else ():
                    assert not [word for word in secret if word in told.casefold()], (path.parent.name, name, told)
                    seen += 1
    assert seen > 1000


def test_offsets_labels_and_structure_stay(made):
    _, whole, variant = made
    for name in ("documents", "entity", "event", "relation", "coreference", "structure", "passes"):
        for path in (whole / name).glob("*.parquet"):
            before, after = (pq.read_table(root / name / path.name).to_pylist() for root in (whole, variant))
            assert len(before) == len(after)
            for one, other in zip(before, after, strict=True):
                assert skeleton(one) == skeleton({k: v for k, v in other.items() if k != "withheld"})


def skeleton(value):
    """Everything but strings, and of these whether they are words of the text and how long."""
    if isinstance(value, dict):
        return {
            k: len(v) if k == "text" else skeleton(v) for k, v in value.items() if not isinstance(v, str | None)
        } | {k: len(v) for k, v in value.items() if k == "text"}
    return [skeleton(one) for one in value] if isinstance(value, list) and not isinstance(value[:1], str) else value


def test_references_still_lead_to_annotations(made):
    for path in (made[2] / "documents").glob("*.parquet"):
        for row in pq.read_table(path).to_pylist():
            ids = {one["id"] for layer in ("entity", "event") for one in row[layer]}
            targets = {a["target"] for event in row["event"] for a in event["arguments"]}
            targets |= {m["target"] for chain in row["coreference"] for m in chain["members"]}
            assert targets
            assert targets <= ids


def test_tokens_of_withheld_documents_are_left_out(made):
    _, whole, variant = made
    for folder, expected in ((whole, set(TEXTS)), (variant, {"doc-2"})):
        rows = [row for path in (folder / "tokens").glob("*.parquet") for row in pq.read_table(path).to_pylist()]
        assert {row["document_id"] for row in rows} == expected


def test_no_fast_hash_of_the_words_is_there(made):
    """Neither of the text, nor of a pass, nor of the rows of a table, of which a small one has few words to guess."""
    _, whole, variant = made
    facts = read_facts(whole)
    told = "\n".join(p.read_text() for p in variant.rglob("*") if p.suffix in (".json", ".md"))
    hidden = [one.sha256 for name, one in facts.passes.items() if "doc-2" not in name]
    hidden += [one.text for name, one in facts.passes.items() if "doc-2" not in name]
    splits = {
        row["document_id"]: p.stem[:-6] for p in (whole / "documents").glob("*") for row in pq.read_table(p).to_pylist()
    }
    touched = {splits["doc-0"], splits["doc-1"]}
    hidden += [one.content_sha256 for of in facts.tables.values() for split, one in of.items() if split in touched]
    assert len(hidden) > 8
    assert not [digest for digest in hidden if digest[:16] in told]
    rows = [row for path in (variant / "documents").glob("*.parquet") for row in pq.read_table(path).to_pylist()]
    assert {row["document_id"]: bool(row["sha256"]) for row in rows} == {"doc-0": False, "doc-1": False, "doc-2": True}


@pytest.mark.one_python
def test_guessing_single_words_finds_nothing(made):
    """A dictionary attack with the best of dictionaries: the words of the text themselves, alone and in twos."""
    facts = read_facts(made[2])
    held, words = facts.withheld, words_of(TEXTS["doc-0"])
    prints = {w for one in held.documents.values() for w in one.windows} | {
        one.check for one in held.documents.values()
    }
    salts = [salt(kind, facts.name, facts.version, "doc-0") for kind in ("window", "key")]
    cheap = [(salted, cost) for salted in salts for cost in (held.window_cost,)]
    guesses = [*((word,) for word in words), *pairwise(words[:20])]
    guesses += [(form(word),) for word in words[:20] for form in (str.lower, str.strip, lambda w: w.strip("."))]
    for salted, cost in cheap:
        assert not prints & {stretch(guess, salted, cost).hex() for guess in guesses}
    whole = {stretch(words[n : n + held.window], salts[0], held.window_cost).hex() for n in (0, held.stride)}
    assert len(prints & whole) == 2  # who has all words of a window in a row can tell, and nobody else


def test_figures_and_pages_do_not_name_entities_of_withheld_documents(made):
    facts = {folder.name: read_facts(folder) for folder in made[1:]}
    assert {name.rpartition("-")[0] for name in facts["whole"].entities} == set(TEXTS)
    assert {name.rpartition("-")[0] for name in facts["open"].entities} == {"doc-2"}
    assert set(facts["open"].passes) == {"starter/doc-2.json"}
    for name in ("README.md", "DATASHEET.md"):
        path = made[2] / name
        assert name == "DATASHEET.md" or "doc-0, doc-1" in path.read_text()


@pytest.mark.one_python
def test_the_variant_loads_and_is_verified(made, tmp_path, capsys):
    corpus, _, variant = made
    loaded = datasets.load_dataset(str(variant), cache_dir=str(tmp_path))
    rows = [row for split in loaded.values() for row in split]
    assert {row["document_id"]: row["withheld"] for row in rows} == {"doc-0": True, "doc-1": True, "doc-2": False}
    assert set(next(row for row in rows if row["withheld"])["text"]) == {MASK}
    assert run("verify", variant, "--sources", corpus) == 0, capsys.readouterr().out


@pytest.mark.one_python
def test_the_same_bytes_again(made, tmp_path):
    corpus, _, variant = made
    assert list(differences(variant, compile_withheld(Corpus(corpus), tmp_path / "x", ["published"]).folder)) == []
    assert run("compile", "--corpus", corpus, "--withhold", "published", "--out", variant, "-q") == 0


def test_every_kind_of_free_string_is_masked(made):
    """Attributes that have the name of a column elsewhere are masked, and TIMEX3 values, numbers and keywords stay."""
    corpus = Corpus(made[0])
    attributes = {
        **{n: Attribute("string", "free") for n in ("publisher", "target", "language", "unit", "gloss")},
        "must": Attribute("string", "free", required=True),
        "when": Attribute("timex3", "closed"),
        "since": Attribute("reference", "another", keywords=("publication",)),
        "count": Attribute("integer", "number"),
    }
    import msgspec  # noqa: PLC0415

    layer = msgspec.structs.replace(corpus.layers["entity"], attributes=attributes)
    layers = {**corpus.layers, "entity": layer}
    table = tables(layers)["entity"]
    row = {column.name: None for column in table.columns} | {
        **{"document_id": "d", "version": "1", "origin": 0, "id": "secret1", "label": 0, "start": 0, "end": 6},
        **{"text": "secret", "segments": [{"start": 0, "end": 6, "text": "secret"}], "note": "secret"},
        **{"annotators": ["a"], "decided": 0, "decision": "secret", "checked_by": [], "must": "secret"},
        **dict.fromkeys(("publisher", "target", "language", "unit", "gloss"), "secret"),
        **{"when": "2020-01-01", "since": "publication", "count": 3},
    }
    told = masked(row, table, layers, lambda _: "a1")
    assert "secret" not in str(told)
    assert (told["when"], told["since"], told["count"], told["must"], told["unit"]) == (
        "2020-01-01",
        "publication",
        3,
        "",
        None,
    )
    assert told["text"] == told["segments"][0]["text"] == MASK * 6
    assert masked({**row, "since": "secret1"}, table, layers, lambda _: "a1")["since"] == "a1"
    assert is_masked(told, table, layers)
    assert not is_masked(row, table, layers)


def test_pages_and_claims_of_composed_texts_are_emptied(repository):
    corpus = Corpus(repository)
    table = tables(corpus.layers)["documents"]
    [path] = (repository / f"dataset/releases/{corpus.config.version}/documents").glob("test-*.parquet")
    row = next(row for row in pq.read_table(path).to_pylist() if row["claims"])
    told = masked(row, table, corpus.layers, numbered(row, corpus.layers))
    assert (told["pages"], told["claims"], told["title"], told["url"]) == ([], [], "", "")
    assert row["pages"]
    assert is_masked(told, table, corpus.layers)


# --- what puts it back --------------------------------------------------------------------------------------------


def test_texts_restore_the_release_byte_for_byte(made, texts, tmp_path, capsys):
    _, whole, variant = made
    assert run("hydrate", variant, texts, "--out", tmp_path / "back") == 0
    assert "doc-0, doc-1 restored" in capsys.readouterr().err
    assert list(differences(whole, tmp_path / "back")) == []
    assert verify(tmp_path / "back")[0] == []
    assert not (tmp_path / "back" / "withheld").exists()


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A corpus of nine documents in several shards, of which six are withheld: some shards have no tokens left."""
    root = tmp_path_factory.mktemp("many")
    corpus = empty(root / "corpus")
    texts = {f"doc-{n}": made_up(70, seed=20 + n, syllables=PLAIN if n % 3 == 0 else SECRET) for n in range(9)}
    for name, text in texts.items():
        add(corpus, name, text, "constructed" if int(name[4:]) % 3 == 0 else "published")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharding, "SIZE", 2)
        patch.setattr(parquet, "GROUP_FILES", 2)
        whole = compile_corpus(Corpus(corpus), root / "whole").folder
        variant = compile_withheld(Corpus(corpus), root / "open", ["published"]).folder
    return texts, whole, variant


def test_a_variant_of_several_shards_is_as_its_release_and_gives_it_back(many, tmp_path, monkeypatch):
    """The same files with the same row groups, so that what is restored is the same byte for byte."""
    monkeypatch.setattr(parquet, "GROUP_FILES", 2)
    texts, whole, variant = many
    assert len(list((whole / "documents").glob("*.parquet"))) > 3
    for path in (whole / "documents").glob("*.parquet"):
        groups = [pq.ParquetFile(root / "documents" / path.name).metadata for root in (whole, variant)]
        assert len({tuple(m.row_group(n).num_rows for n in range(m.num_row_groups)) for m in groups}) == 1
    left = {path.name for path in (variant / "tokens").glob("*.parquet")}
    assert left < {path.name for path in (whole / "tokens").glob("*.parquet")}
    assert verify(variant)[0] == []
    folder = tmp_path / "texts"
    folder.mkdir()
    for n in (1, 2, 4):
        (folder / f"page-{n}.txt").write_text(texts[f"doc-{n}"])
    part = hydrate(variant, [folder], tmp_path / "part")
    assert part.restored == ["doc-1", "doc-2", "doc-4"]
    assert verify(part.folder)[0] == []
    for name in ("doc-5", "doc-7", "doc-8"):
        (folder / f"{name}.txt").write_text(texts[name])
    for source, out in ((variant, "at once"), (part.folder, "in two steps")):
        made = hydrate(source, [folder], tmp_path / out)
        assert made.findings == []
        assert list(differences(made.folder, whole)) == []


def test_some_texts_restore_a_part_and_the_rest_later(made, texts, tmp_path, capsys):
    _, whole, variant = made
    (texts / "page-0.txt").unlink()
    assert run("hydrate", variant, texts, "--out", tmp_path / "part") == 1
    out = capsys.readouterr()
    assert "withheld-left: doc-1: no passage of it is in any of 1 file(s)" in out.out
    assert "doc-0 restored; doc-1 still withheld" in out.err
    assert verify(tmp_path / "part")[0] == []
    rows = [row for p in (tmp_path / "part/documents").glob("*.parquet") for row in pq.read_table(p).to_pylist()]
    shown = {row["document_id"]: row["text"] for row in rows if not row["withheld"]}
    assert shown == {name: TEXTS[name] for name in ("doc-0", "doc-2")}
    assert set(read_facts(tmp_path / "part").withheld.documents) == {"doc-1"}
    data = b"".join(p.read_bytes().lower() for p in (tmp_path / "part").rglob("*") if p.is_file())
    assert not [w for w in words_in(TEXTS["doc-1"]) - words_in(TEXTS["doc-0"] + TEXTS["doc-2"]) if w.encode() in data]
    (texts / "page-0.txt").write_text(TEXTS["doc-1"])
    assert run("hydrate", tmp_path / "part", texts / "page-0.txt", "--out", tmp_path / "back") == 0
    assert list(differences(whole, tmp_path / "back")) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: "Something else altogether, and nothing of it is withheld.", "no passage of it"),
        (lambda text: text.replace(words_of(text)[30], "another", 1), "3 of its 4 fingerprints are in doc-0.txt"),
        (lambda text: text.replace(words_of(text)[30] + " ", "", 1), "3 of its 4 fingerprints are in doc-0.txt"),
        (lambda text: text.upper(), "no passage of it"),
        (lambda text: " ".join(words_of(text)[:-1]), "3 of its 4 fingerprints are in doc-0.txt"),
        (lambda text: " ".join(words_of(text)[:-20]), "no passage of it"),
        (lambda text: "", "no passage of it"),
    ],
)
def test_other_words_restore_nothing(made, tmp_path, capsys, change, told):
    (tmp_path / "doc-0.txt").write_text(change(TEXTS["doc-0"]))
    before = sorted(tmp_path.rglob("*"))
    assert run("hydrate", made[2], tmp_path / "doc-0.txt", "--out", tmp_path / "back") == 1
    assert told in capsys.readouterr().out
    assert sorted(tmp_path.rglob("*")) == before


PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>Press: a page</title>
<style>p {{ margin: 0 }}</style><script>var words = "Menu";</script></head><body>
<nav><ul><li><a href="/">Home</a><li><a href="/n">News</a><li>Weather today is fine</ul></nav>
<article><h1>{0}</h1><div class="ad">Subscribe to our letter, it is free of charge</div><p>{1}</p>
<aside>Read more: <a href="/x">something else of today</a></aside><p>{2}</p><figure><img src="x.png" alt="">
<figcaption>A picture by nobody</figcaption></figure><p>{3}</p></article>
<footer>All rights are ours.<br>Contact &amp; imprint</footer></body></html>"""


def as_html(text):
    """The lines of a text in a page with furniture between them, tags inside words' neighbours, and other white space."""
    lines = [line for line in text.splitlines() if line.strip()]
    lines = [line.replace(" ", "\n  ", 3).replace(" ", "&nbsp;", 2) for line in lines]
    lines = [re.sub(r"(\w+)$", r"<b>\1</b>", line.rstrip(".")) + "." for line in lines]
    return PAGE.format(*lines[:3], " </p><p>".join(lines[3:]))


def test_saved_pages_restore_the_release(made, tmp_path):
    _, whole, variant = made
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "first.html").write_text(as_html(TEXTS["doc-0"]), encoding="utf-8")
    inner = as_html(TEXTS["doc-1"])
    head = "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=cut\n\n--cut\nContent-Type: text/html; charset=utf-8\n\n"
    (pages / "second.mhtml").write_text(f"{head}{inner}\n--cut--\n", encoding="utf-8")
    (pages / "picture.png").write_bytes(b"\x89PNG")
    assert run("hydrate", variant, pages, "--out", tmp_path / "back", "-q") == 0
    assert list(differences(whole, tmp_path / "back")) == []


ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyz",
    "ابجدهوزحطيكلمنسعفصقرشتثخذضظغ",
    "ئابپتجچحخدرڕزژسشعغفڤقکگلڵمنوۆهەیێ",
    "𝒜𝒷𐎠𐎡🜁🝊𠀀𠀁",
    "éàüñø",
]
word = st.sampled_from(ALPHABETS).flatmap(lambda letters: st.text(letters, min_size=1, max_size=7))
space = st.sampled_from([" ", "  ", "\t", "\r\n", "\n\n", "\u00a0", "\u2003", " \r\n\t"])


@st.composite
def texts_of_words(draw):
    """Texts of 24 to 60 words of several scripts, with tabs, CRLF and other white space."""
    words = draw(st.lists(word, min_size=24, max_size=60))
    return "".join(w + draw(space) for w in words) + draw(st.sampled_from(["", "\r\n"]))


@given(st.lists(texts_of_words(), min_size=1, max_size=3, unique_by=lambda t: tuple(words_of(t))), st.data())
@settings(max_examples=6)
def test_round_trips(tmp_path_factory, given_texts, data):
    root = tmp_path_factory.mktemp("round")
    corpus = empty(root / "corpus")
    folder = root / "texts"
    folder.mkdir()
    for number, text in enumerate(given_texts):
        add(corpus, f"t{number}", text)
        gap = data.draw(space)
        other = gap.join(words_of(text)) if data.draw(st.booleans()) else text
        before = data.draw(st.sampled_from(["", "Menu and search\r\n"]))
        (folder / f"{number}.txt").write_bytes((before + other).encode())
    whole = compile_corpus(Corpus(corpus), root / "whole").folder
    variant = compile_withheld(Corpus(corpus), root / "open", ["published"]).folder
    made = hydrate(variant, [folder], root / "back")
    assert made.findings == []
    assert list(differences(whole, root / "back")) == []


# --- what is refused ----------------------------------------------------------------------------------------------


def test_a_payload_that_was_tampered_with(variant, texts, tmp_path, capsys):
    path = variant / "withheld/documents/doc-0.bin"
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    assert [(f.id, f.place.file) for f in verify(variant)[0]] == [("file-altered", "withheld/documents/doc-0.bin")]
    assert run("hydrate", variant, texts, "--out", tmp_path / "back") == 1
    assert "file-altered" in capsys.readouterr().out
    reseal(variant)  # a forger puts the hashes right: the words are right, but do not open it
    assert run("hydrate", variant, texts, "--out", tmp_path / "back") == 1
    assert "withheld-broken" in capsys.readouterr().out
    assert {p.name for p in tmp_path.iterdir()} == {"copy", "texts", "back"}
    assert set(read_facts(tmp_path / "back").withheld.documents) == {"doc-0"}  # doc-1 was restored


def test_payloads_that_were_swapped(variant, texts, tmp_path):
    one, other = (variant / f"withheld/documents/doc-{n}.bin" for n in (0, 1))
    data = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(data)
    reseal(variant)
    with pytest.raises(KriscError) as error:
        hydrate(variant, [texts], tmp_path / "back")
    assert [f.id for f in error.value.findings] == ["withheld-broken"] * 2
    assert not (tmp_path / "back").exists()


def test_rows_of_others_that_were_tampered_with_are_no_proof(variant, texts, tmp_path, capsys):
    for path in (variant / "entity").glob("*.parquet"):
        rewrite(
            variant,
            f"entity/{path.name}",
            lambda rows: [r.update(note="forged") for r in rows if r["document_id"] == "doc-2"],
        )
    reseal(variant)
    assert run("hydrate", variant, texts, "--out", tmp_path / "back") == 1
    assert "content-altered" in capsys.readouterr().out
    assert not (tmp_path / "back").exists()


def test_a_variant_with_words_in_it_is_found(variant):
    [name] = {f"entity/{p.name}" for p in (variant / "entity").glob("*.parquet") if has(p, "doc-0")}
    rewrite(variant, name, lambda rows: [r.update(note="Zqarvelith") for r in rows if r["document_id"] == "doc-0"])
    reseal(variant)
    assert {"withheld-readable", "content-altered"} <= {f.id for f in verify(variant)[0]}


def test_a_document_that_claims_to_be_withheld_is_found(variant):
    [name] = {f"documents/{p.name}" for p in (variant / "documents").glob("*.parquet") if has(p, "doc-2")}
    rewrite(variant, name, lambda rows: [r.update(withheld=True) for r in rows if r["document_id"] == "doc-2"])
    reseal(variant)
    assert ("figure-wrong", "doc-2") in {(f.id, f.document) for f in verify(variant)[0]}


def has(path, document):
    return document in pq.read_table(path, columns=["document_id"])["document_id"].to_pylist()


@pytest.mark.parametrize(
    "change",
    [
        lambda facts: facts["withheld"]["documents"]["doc-0"].update(file="../../secret"),
        lambda facts: facts["withheld"].update(rest="/etc/passwd"),
        lambda facts: facts["withheld"]["key_cost"].update(n=1 << 40),
        lambda facts: facts["withheld"]["window_cost"].update(n=3),
        lambda facts: facts["withheld"].update(stride=0),
        lambda facts: facts["splits"].update({"../x": 1}),
        lambda facts: facts["files"].update({"withheld/../../x": {"bytes": 1, "sha256": ""}}),
        lambda facts: facts.update(withheld=[]),
    ],
)
def test_a_hostile_manifest_is_refused(variant, texts, tmp_path, capsys, change):
    value = json.loads((variant / "release.json").read_text())
    change(value)
    (variant / "release.json").write_text(json.dumps(value))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        assert run("hydrate", variant, texts, "--out", tmp_path / "back") == 1
    assert "schema-violation" in capsys.readouterr().out
    assert {p.name for p in tmp_path.iterdir()} == {"copy", "texts"}


def test_a_table_that_no_layer_has_is_refused(variant, texts, tmp_path, capsys):
    value = json.loads((variant / "release.json").read_text())
    value["tables"]["nothing"] = value["tables"]["entity"]
    (variant / "release.json").write_text(json.dumps(value))
    reseal(variant)
    assert run("hydrate", variant, texts, "--out", tmp_path / "back") == 1
    assert "the table 'nothing'" in capsys.readouterr().out


def test_a_folder_that_is_not_empty(made, texts, tmp_path, capsys):
    assert run("hydrate", made[2], texts, "--out", texts) == 2
    assert "folder-not-empty" in capsys.readouterr().out
    (tmp_path / "back").mkdir()
    assert run("hydrate", made[2], texts, "--out", tmp_path / "back", "-q") == 0


def test_a_text_that_is_not_there_is_told_of(made, texts, tmp_path, capsys):
    assert run("hydrate", made[2], tmp_path / "nothing.txt", "--out", tmp_path / "back") == 2
    assert {"file-unreadable", "withheld-left"} <= set(
        re.findall(r"(?:error|unreadable) (\S+):", capsys.readouterr().out)
    )
    assert not (tmp_path / "back").exists()
    assert run("hydrate", tmp_path, texts, "--out", tmp_path / "back") == 1
    assert "release-missing" in capsys.readouterr().out


def test_withholding_needs_a_folder_of_its_own(made, capsys):
    assert run("compile", "--corpus", made[0], "--withhold", "published") == 2
    assert "--out" in capsys.readouterr().err
    assert run("compile", "--corpus", made[0], "--withhold", "nothing", "--out", "x") == 2
    release = made[0] / "dataset/releases/0.1.0"
    assert run("compile", "--corpus", made[0], "--withhold", "published", "--out", release, "--replace") == 2
    assert not release.exists()


def test_without_the_library_the_finding_says_so(made, texts, tmp_path, capsys, monkeypatch):
    for name in [n for n in sys.modules if n.startswith("cryptography")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    assert run("compile", "--corpus", made[0], "--withhold", "published", "--out", tmp_path / "x") == 2
    assert run("hydrate", made[2], texts, "--out", tmp_path / "x") == 2
    out = capsys.readouterr().out
    assert out.count("extra-missing") == 2
    assert "krisc[withhold]" in out
    assert not (tmp_path / "x").exists()


# --- the parts ----------------------------------------------------------------------------------------------------


@given(st.binary(max_size=9000), st.text(max_size=5))
@settings(max_examples=40)
def test_what_is_sealed_is_opened_by_its_key_and_in_its_place_only(data, name):
    key = joint_key([b"one", b"two"])
    sealed = seal(key, data, name)
    assert sealed == seal(key, data, name)
    assert len(sealed) % 4096 == 16
    assert unseal(key, sealed, name) == data
    assert unseal(key, sealed, f"{name}x") is None
    assert unseal(joint_key([b"two", b"one"]), sealed, name) is None
    assert unseal(key, sealed[:-1], name) is None
    assert unseal(key, b"", name) is None


@given(st.lists(word, min_size=1, max_size=5), st.lists(space, min_size=5, max_size=5))
def test_white_space_does_not_count_and_letters_do(words, spaces):
    text = "".join(w + s for w, s in zip(words, spaces, strict=False))
    assert words_of(text) == words_of(" ".join(words))
    assert words_of("\ufeff" + text.replace(words[0], f"{words[0][:1]}\u00ad{words[0][1:]}")) == words_of(text)
    cost = Cost(2)
    assert key_of(words_of(text), b"", cost) == key_of(words_of(" ".join(words)), b"", cost)
    assert key_of([*words_of(text), "x"], b"", cost) != key_of(words_of(text), b"", cost)


def test_windows_are_few_and_reach_from_start_to_end():
    assert window_starts(100, 12, 24) == [0, 24, 48, 72, 88]
    assert window_starts(24, 12, 24) == [0, 12]
    assert window_starts(12, 12, 24) == [0]
    assert window_starts(3, 12, 24) == [0]
    assert Withheld([], {"a": Sealed("f", 9, "", [])}, "r").window >= 8
