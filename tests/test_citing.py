"""How a release is cited, and the one hash of its rows."""

import hashlib
import json
import re
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from passes_of_example import run

from krisc.citing import Cited, apa, bibtex, cited, content_hash, read_cited
from krisc.release import read_facts
from krisc.store import Corpus

ONE = Cited("c", "A corpus", ("One", "Two"), "1.2.3", "2020-05-06", homepage="https://example.org", doi="10.1234/x")


@pytest.fixture
def release(compiled):
    return compiled / "dataset/releases/0.1.0"


def test_a_release_alone_is_cited_as_its_corpus_is(compiled, release, tmp_path):
    copy = shutil.copytree(release, tmp_path / "copy")
    assert read_cited(copy, read_facts(copy)) == cited(Corpus(compiled).config)


def test_apa_names_authors_year_version_and_address():
    assert apa(ONE) == "One, & Two (2020). A corpus (Version 1.2.3) [Data set]. https://doi.org/10.1234/x"
    assert apa(Cited("c", "A corpus", ("One et al.",), "1.0.0", "2020-05-06")) == (
        "One et al (2020). A corpus (Version 1.0.0) [Data set]."
    )


def test_bibtex_has_a_field_for_everything():
    fields = dict(re.findall(r"^  (\w+) = \{(.*)\},$", bibtex(ONE), re.MULTILINE))
    assert fields == {
        "author": "{One} and {Two}",
        "title": "{A corpus}",
        "year": "2020",
        "version": "1.2.3",
        "note": "Data set",
        "url": "https://example.org",
        "doi": "10.1234/x",
    }


@given(st.text(min_size=1))
def test_no_title_breaks_the_entry(title):
    """Braces are balanced, and TeX's own characters stand behind a backslash, whatever a title holds."""
    entry = bibtex(Cited("c", title, ("One",), "1.0.0", "2020-05-06"))
    assert len(entry.splitlines()) == len(bibtex(Cited("c", "x", ("One",), "1.0.0", "2020-05-06")).splitlines())
    bare = re.sub(r"\\[{}&%$#_]|\\text\w+\{\}", "", entry)
    assert bare.count("{") == bare.count("}")
    inside = re.search(r"title = \{\{(.*)\}\},", bare)
    assert inside
    assert not re.search(r"[\\&%$#_~^{}]", inside[1])


def test_the_hash_is_that_of_the_content_hashes_and_of_nothing_else(release):
    facts = read_facts(release)
    lines = sorted(
        f"{name} {split} {one['content_sha256']}\n"
        for name, splits in json.loads((release / "release.json").read_text())["tables"].items()
        for split, one in splits.items()
    )
    assert content_hash(facts) == hashlib.sha256("".join(lines).encode()).hexdigest()
    facts.title, facts.files = "Another", {}
    facts.tables = dict(reversed(facts.tables.items()))
    assert content_hash(facts) == hashlib.sha256("".join(lines).encode()).hexdigest()
    facts.tables["entity"]["train"].content_sha256 = "0" * 64
    assert content_hash(facts) != hashlib.sha256("".join(lines).encode()).hexdigest()


def test_cite_prints_what_it_is_asked_for(compiled, release, capsys):
    config, digest = Corpus(compiled).config, f"sha256:{content_hash(read_facts(release))}"
    told = {"bibtex": bibtex(cited(config)), "apa": apa(cited(config)), "hash": digest}
    for form, words in told.items():
        assert run("cite", release, "--format", form) == 0
        assert capsys.readouterr().out == words + "\n"
    for of in ([], ["0.1.0"]):
        assert run("cite", *of, "--corpus", compiled) == 0
        assert capsys.readouterr().out == "\n\n".join(told.values()) + "\n"
    assert run("cite", "--corpus", compiled, "--format", "mla") == 2


def test_cite_without_a_release_says_so(starter, tmp_path, capsys):
    assert run("cite", "--corpus", starter) == 1
    assert "release-missing" in capsys.readouterr().out
    assert run("cite", "--corpus", tmp_path) == 2


@pytest.mark.parametrize("words", ["", "- a list\n", "title: [\n", "title: only\n", "authors: 3\ntitle: x\n", "\x00"])
def test_a_citation_that_says_nothing_is_a_finding(release, words, capsys):
    (release / "CITATION.cff").write_text(words)
    assert run("cite", release) != 0
    assert re.match(r"CITATION.cff.*(unreadable|error) [a-z0-9-]+: ", capsys.readouterr().out)


def test_a_person_in_a_citation_is_named_by_both_names(release):
    (release / "CITATION.cff").write_text(
        "title: x\nversion: 1.0.0\ndate-released: 2020-01-01\nauthors:\n- given-names: Ada\n  family-names: Lovelace\n"
    )
    assert read_cited(release, read_facts(release)).authors == ("Ada Lovelace",)
