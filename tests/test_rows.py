"""What is compiled can be read back: the records of a release are those of the corpus."""

import pytest

from krisc.release import compile_corpus, read_facts
from krisc.rows import annotation_file, read_rows
from krisc.store import Corpus


@pytest.mark.parametrize("which", ["starter", "repository"])
def test_gold_comes_back_from_the_documents_table(which, request, tmp_path):
    corpus = Corpus(request.getfixturevalue(which))
    folder = compile_corpus(corpus, tmp_path / "out").folder if which == "starter" else corpus.releases / "1.0.0"
    facts = read_facts(folder)
    seen = 0
    for one in facts.tables["documents"].values():
        for row in read_rows(folder, one.files):
            gold = corpus.read_annotations(corpus.gold_path(row["document_id"]))
            back = annotation_file(row, corpus.layers, gold.guidelines)
            for name, listed in gold.layers.items():
                for wanted, found in zip(listed, back.layers[name], strict=True):
                    order = {role: n for n, role in enumerate(corpus.layers[name].roles)}
                    ordered = tuple(sorted(wanted.arguments, key=lambda g: order[g.role]))
                    if corpus.layers[name].kind == "relation":
                        assert found.arguments == ordered
                    else:
                        assert found.arguments == wanted.arguments
                    for key in ("id", "label", "segments", "trigger", "members", "entity", "attributes", "note", "by"):
                        assert getattr(found, key) == getattr(wanted, key)
                    assert (found.decided, found.decision, found.checked_by) == (
                        wanted.decided,
                        wanted.decision,
                        wanted.checked_by,
                    )
            seen += 1
    assert seen == facts.documents
