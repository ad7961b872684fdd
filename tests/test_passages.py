"""A text is found in a page whatever stands around it and between its lines, and nothing but the text opens anything."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krisc.pagetext import page_of, read_page, text_files
from krisc.passages import Search
from krisc.sealing import Cost, Sealed, Withheld, key_of, salt, stretch, window_starts, words_of

CHEAP = Withheld([], {}, "", key_cost=Cost(2, 1), window_cost=Cost(2, 1))
ABOUT = ("corpus", "1.0.0")


def search_for(text):
    """The search for a text, and its key; the functions that are slow on purpose are fast here."""
    words = words_of(text)
    key, check = key_of(words, salt("key", *ABOUT, "d"), CHEAP.key_cost)
    salted = salt("window", *ABOUT, "d")
    windows = [
        stretch(words[n : n + CHEAP.window], salted, CHEAP.window_cost).hex()
        for n in window_starts(len(words), CHEAP.window, CHEAP.stride)
    ]
    return Search("d", Sealed("f", len(words), check, windows), CHEAP, ABOUT), key


def prose(number, seed):
    chosen = random.Random(seed)
    return " ".join("".join(chosen.choices("abcdefghijklmnop", k=5)) for _ in range(number))


lines = st.lists(st.integers(1, 60), min_size=1, max_size=9).filter(lambda sizes: sum(sizes) >= 24)
between = st.lists(st.lists(st.integers(1, 9), max_size=3), min_size=10, max_size=10)


@given(lines, between, st.integers(0, 9))
def test_furniture_around_a_text_and_between_its_lines(sizes, furniture, seed):
    """At least one window has to be whole: lines of three words with something after each hide all of them."""
    text = [prose(size, (seed, n).__hash__()) for n, size in enumerate(sizes)]
    blocks = [prose(size, -n - 1) for n, size in enumerate(furniture[0])]
    for number, line in enumerate(text):
        blocks.append(line)
        blocks += [prose(size, 100 + 10 * number + n) for n, size in enumerate(furniture[1:][number])]
    search, key = search_for("\n".join(text))
    found = search.inside(page_of("page", iter(blocks)))
    assert found == key or (found is None and not search.seen[0])


@given(lines, st.data())
def test_one_word_more_or_less_or_other_opens_nothing(sizes, data):
    text = [prose(size, n) for n, size in enumerate(sizes)]
    words = words_of("\n".join(text))
    place = data.draw(st.integers(0, len(words) - 1))
    other = data.draw(st.sampled_from([[], ["other"], [words[place].upper()], [words[place], "more"]]))
    search, _ = search_for("\n".join(text))
    page = page_of("page", iter([" ".join([*words[:place], *other, *words[place + 1 :]])]))
    inner = other == [words[place], "more"] and place == len(words) - 1  # what follows the text is furniture
    assert (search.whole(page) or search.inside(page)) is None or inner


def test_a_page_that_quotes_the_text_before_it_prints_it():
    paragraphs = [prose(40, n) for n in range(4)]
    search, key = search_for("\n".join(paragraphs))
    teaser = [paragraphs[2], " ".join(paragraphs[0].split()[:30]), paragraphs[3]]
    page = page_of("page", iter([*teaser, paragraphs[0], "an advertisement", *paragraphs[1:], *teaser]))
    assert search.inside(page) == key


def test_lines_that_stand_twice_in_the_text():
    text = [prose(5, 0), prose(15, 1), prose(6, 2), prose(15, 1), prose(50, 3), prose(15, 1)]
    search, key = search_for("\n".join(text))
    page = [line for one in text for line in (one, "share", "print this page")]
    assert search.inside(page_of("page", iter(page))) == key


@pytest.mark.parametrize("words", [["a"] * 3000, ["a", "b"] * 1500, ["a"] * 23 + ["b"]])
def test_texts_of_one_word_take_no_longer_than_others(words):
    search, key = search_for(" ".join(words))
    begun = time.process_time()
    assert search.whole(page_of("page", iter([" ".join(words)]))) == key
    found = search.inside(page_of("page", iter(["b", " ".join(words), *(["a"] * 500)])))
    assert found in (key, None)
    assert time.process_time() - begun < 30


@pytest.mark.parametrize("blocks", [[], [""], ["one"], ["\n\t"], ["a"] * 5000])
def test_pages_with_nothing_of_the_text(blocks):
    search, _ = search_for(prose(60, 1))
    page = page_of("page", iter(blocks))
    assert search.whole(page) is None
    assert search.inside(page) is None


# --- what a file says -----------------------------------------------------------------------------------------------

HTML = "<p>یەکەم &amp; دووەم</p><p>one<br>two</p><ul><li>three<li>four</ul><b>fi</b>ve<script>no()</script><style>no</style>"
WORDS = ("یەکەم", "&", "دووەم", "one", "two", "three", "four", "five")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.html", HTML.encode()),
        ("a.htm", b"\xef\xbb\xbf" + HTML.encode()),
        ("a.html", HTML.encode("utf-16")),
        ("a.txt", b"<!DOCTYPE html>" + HTML.encode()),
        ("a.html", b'<meta charset="no-such-thing">' + HTML.encode()),
        ("a.mht", b"Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + HTML.encode()),
        ("a.mht", b"Content-Type: text/html; charset=no-such-thing\n\n" + HTML.encode()),
        ("a.txt", "یەکەم & دووەم\r\none\r\ntwo\rthree\nfour\u2028five".encode()),
    ],
)
def test_pages_and_texts_of_all_encodings(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    page = read_page(tmp_path / name)
    assert page.words == WORDS
    assert page.breaks[0] == 0
    assert page.breaks[-1] == len(WORDS)
    assert 4 in page.breaks


def test_a_page_in_an_old_encoding(tmp_path):
    data = '<meta http-equiv="Content-Type" content="text/html; charset=windows-1256"><p>السلام عليكم'
    (tmp_path / "a.html").write_bytes(data.encode("cp1256"))
    assert read_page(tmp_path / "a.html").words == ("السلام", "عليكم")


@given(st.binary(max_size=400), st.sampled_from(["a.html", "a.txt", "a.mhtml"]))
def test_no_file_breaks_the_reader(tmp_path_factory, data, name):
    path = tmp_path_factory.mktemp("pages") / name
    path.write_bytes(data)
    read_page(path)


@given(
    st.lists(
        st.sampled_from(["<![", "<!", "<p>", "<![CDATA[", "]]>", "<script", "x ", "&#x110000;", "<?", "--", ">", "</"])
    )
)
def test_no_markup_breaks_the_reader(tmp_path_factory, parts):
    path = tmp_path_factory.mktemp("pages") / "a.html"
    path.write_text("".join(parts))
    read_page(path)


def test_folders_give_their_texts_and_pages(tmp_path):
    for name in (
        "b/two.HTML",
        "one.txt",
        "b/three.mhtml",
        "b/picture.png",
        ".hidden/four.txt",
        "b/.five.txt",
        "b_files/x.js",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in text_files(tmp_path)]
    assert found == ["b/three.mhtml", "b/two.HTML", "one.txt"]
    assert text_files(tmp_path / "b/picture.png") == [tmp_path / "b/picture.png"]  # who names a file means it
