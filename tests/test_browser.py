"""The review page and the static pages in a real browser, as a person uses them: by keyboard."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from browsing import TEXTS, chrome, make_corpus, needs_browser, reviewing, served, shot, wait
from passes_of_example import run

from krisc.release import compile_corpus
from krisc.store import Corpus

pytestmark = [pytest.mark.one_python, needs_browser]


@pytest.fixture(scope="module")
def driver():
    with chrome() as one:
        yield one


@pytest.fixture(autouse=True)
def _window(driver):
    driver.set_window_size(1400, 900)


@pytest.fixture(scope="session")
def _made(tmp_path_factory, _starter) -> Path:
    return make_corpus(Path(shutil.copytree(_starter, tmp_path_factory.mktemp("made") / "corpus")))


@pytest.fixture
def corpus(_made, tmp_path) -> Path:
    return Path(shutil.copytree(_made, tmp_path / "corpus"))


@pytest.fixture
def page(driver, corpus):
    """The review page over the made corpus, in a tab of its own."""
    with served(corpus) as address:
        yield Page(driver, corpus, address)


@pytest.fixture
def page_of_the_program(driver, corpus):
    """The same page, as `krisc review` opens it."""
    with reviewing(corpus) as (address, _):
        yield Page(driver, corpus, address)


class Page:
    """What a person does at the page."""

    def __init__(self, driver, corpus, address) -> None:
        self.driver, self.corpus, self.address = driver, corpus, address
        driver.switch_to.new_window("tab")
        driver.get(address)
        wait(driver, "document.querySelector('#list li')")

    def js(self, script, *values):
        return self.driver.execute_script(script, *values)

    def open(self, name) -> None:
        self.js("document.querySelector(`[data-document='${arguments[0]}']`).click()", name)
        wait(self.driver, f"document.title.startsWith('{name}:')")

    def keys(self, *keys) -> None:
        self.driver.switch_to.active_element.send_keys(*keys)

    def written(self) -> None:
        wait(self.driver, "document.getElementById('status').className === 'done'")

    def do(self, *keys) -> None:
        """Press keys, and wait until it is written."""
        self.js("document.getElementById('status').className = ''")
        self.keys(*keys)
        self.written()

    def choose(self, label, words) -> None:
        """Go to an annotation with the keyboard alone."""
        for _ in range(400):
            if self.current() == (label, words):
                return
            self.keys("j")
        raise AssertionError((label, words))

    def current(self):
        return tuple(
            self.js(
                "const i = document.querySelector('#list [aria-selected=true]');"
                "return i ? [i.querySelector('.label').textContent, i.querySelector('.words').textContent] : ['', '']"
            )
        )

    def status(self) -> str:
        return self.js("return document.getElementById('status').textContent")

    def shown(self):
        return self.js("return [...document.querySelectorAll('#list li .words')].map((one) => one.textContent)")

    def reviews(self, name):
        path = self.corpus / f"annotations/reviews/{name}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def select(self, first, last) -> None:
        """Select words of the text as the mouse does, by UTF-16 code units."""
        self.js(
            "const n = document.querySelector('.text').firstChild, r = document.createRange();"
            "r.setStart(n, arguments[0]); r.setEnd(n, arguments[1]);"
            "const s = getSelection(); s.removeAllRanges(); s.addRange(r)",
            first,
            last,
        )


def complaints(driver):
    """What the browser's console has, such as scripts that the policy stopped."""
    return [one["message"] for one in driver.get_log("browser")]


def clean(corpus) -> bool:
    return run("validate", "--quiet", "--corpus", corpus) == 0


def test_signing_off_with_one_key_goes_on_to_the_next(page_of_the_program):
    page = page_of_the_program
    page.open("nested")
    page.do("a")
    first = page.reviews("nested")[0]
    assert (first["by"], first["action"]) == ("anna", "accept")
    assert page.js("return document.querySelectorAll('#list .checked').length") == 1
    assert page.current() != ("SENTENCE", TEXTS["nested"][0])
    assert "1 of 330" in page.js("return document.getElementById('progress').textContent")
    bar = "return document.querySelector(\"[data-document='nested'] progress\").value"
    assert page.js(bar) == 1
    page.do("a")
    assert page.js(bar) == 2
    page.do("u")
    assert page.js(bar) == 1
    assert [one["action"] for one in page.reviews("nested")] == ["accept", "accept", "undo"]
    assert clean(page.corpus)


def test_a_boundary_is_moved_by_keys_past_letters_of_two_code_units(page):
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415

    page.open("nested")
    page.choose("PERSON", "Zerin")
    edge = "Math.max(...[...document.querySelectorAll('.r6o-annotation')].filter((one) => one.style.borderBottomWidth === '3px').map((one) => one.getBoundingClientRect().right))"
    before = wait(page.driver, edge)
    page.keys("}")  # the end goes one word right, over the face
    wait(page.driver, f"{edge} > {before} + 15")
    shot(page.driver, "boundary")
    assert "not saved" in page.status()
    page.keys(Keys.ESCAPE)
    assert page.reviews("nested") == []
    page.choose("PLACE", "in Soran")
    page.keys("]")
    page.do(Keys.ENTER)
    [line] = page.reviews("nested")
    assert [line["changes"][0][side]["segments"][0]["quote"] for side in ("was", "now")] == ["in Soran", "Soran"]
    text = TEXTS["nested"][0]
    now = line["changes"][0]["now"]["segments"][0]
    assert text[now["start"] : now["end"]] == "Soran"
    assert now["start"] == text.rindex("Soran")
    assert clean(page.corpus)


def test_every_change_has_a_key(page):
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415

    page.open("nested")
    page.choose("PLACE", "Soran Region")
    page.keys("l")
    page.keys("PERSON")
    page.do(Keys.ENTER)
    assert page.reviews("nested")[-1]["changes"][0]["now"]["label"] == "PERSON"
    page.js("document.activeElement.blur()")
    page.choose("PERSON", "Zerin")
    page.keys("e")
    page.keys("pronoun")
    page.keys(Keys.ESCAPE, "c")
    page.keys("rule 4")
    page.do(Keys.ENTER)
    line = page.reviews("nested")[-1]
    assert (line["action"], line["note"]) == ("change", "rule 4")
    assert line["changes"][0]["now"]["attributes"] == {"mention": "pronoun"}
    page.js("document.activeElement.blur()")
    page.keys("c")
    page.keys("doubtful")
    page.do(Keys.ENTER)
    assert (page.reviews("nested")[-1]["action"], page.reviews("nested")[-1]["note"]) == ("comment", "doubtful")
    page.js("document.activeElement.blur()")
    page.keys("4")
    assert page.shown() == ["Zerin"]
    page.keys("1")
    page.choose("PLACE", "Soran")
    page.do("x")
    assert page.reviews("nested")[-1]["action"] == "reject"
    page.js("document.activeElement.blur()")
    page.choose("MEET", "met")
    page.keys("g")
    page.keys("Place")  # the role of the first argument; its filler is a person, so it is refused
    page.keys(Keys.ENTER)
    wait(page.driver, "document.getElementById('status').className === 'error'")
    page.keys(Keys.ESCAPE, Keys.ESCAPE)
    assert clean(page.corpus)


def test_selected_words_become_an_annotation_or_its_place(page):
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415

    page.open("crlf")
    text = TEXTS["crlf"][0]
    page.select(text.index("Zerin") - 1, text.index("Zerin") + 5)  # with a blank, which is left out
    page.keys("+")
    page.keys("Entities")  # the layer
    page.keys(Keys.ESCAPE, "e")
    page.keys("name")
    page.do(Keys.ENTER)
    [line] = page.reviews("crlf")
    assert line["changes"][0]["now"]["segments"] == [{"start": 11, "end": 16, "quote": "Zerin"}]
    assert page.current() == ("PERSON", "Zerin")
    page.js("document.activeElement.blur()")
    page.select(text.index("They"), text.index("They") + 4)
    page.choose("PERSON", "Zerin")
    page.select(0, 6)
    page.keys("b")
    page.do(Keys.ENTER)
    assert page.reviews("crlf")[-1]["changes"][0]["now"]["segments"] == [{"start": 0, "end": 6, "quote": "Karwan"}]
    assert clean(page.corpus)


def test_a_click_takes_the_innermost_span_and_then_those_around_it(page):
    from selenium.webdriver import ActionChains  # noqa: PLC0415

    page.open("nested")
    at = page.js(
        "const n = document.querySelector('.text').firstChild, r = document.createRange();"
        "const i = n.data.indexOf('Soran Region'); r.setStart(n, i); r.setEnd(n, i + 5);"
        "const b = r.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]"
    )
    seen = []
    for _ in range(4):
        mouse = ActionChains(page.driver, duration=0)
        mouse.w3c_actions.pointer_action.move_to_location(int(at[0]), int(at[1])).click()
        mouse.perform()
        wait(page.driver, "new Promise((done) => setTimeout(() => done(true), 450))")  # not a double click
        seen.append(page.current()[1])
    assert seen[:3] == ["Soran", "Soran Region", "Soran Council of the Soran Region"]
    assert seen[3].startswith("Karwan of the")


def test_nested_spans_have_a_line_each(page):
    page.open("nested")
    page.choose("MEET", "met")
    lines = wait(
        page.driver,
        "(() => { const l = [...document.querySelectorAll('.r6o-annotation')].map((one) => "
        "one.style.paddingBottom); return new Set(l).size >= 4 && l })()",
    )
    assert len(set(lines)) == 4  # four levels deep: no two of them on one height
    shot(page.driver, "nested")


def test_an_event_shows_its_arguments_and_a_chain_its_members(page):
    page.open("nested")
    page.choose("MEET", "met")
    roles = wait(
        page.driver,
        "(() => { const r = [...document.querySelectorAll('.arcs text')].map((one) => one.textContent); return r.length && r })()",
    )
    assert Counter(roles) == {"Participant": 2, "Place": 1}
    shot(page.driver, "event")
    page.keys("k")
    page.keys("1")
    page.js("document.querySelector('#list li .label').closest('#list').querySelectorAll('li')[1].click()")
    assert page.current()[0] == "ENTITY"
    assert page.js("return document.querySelectorAll('#form .member').length") == 2
    shot(page.driver, "chain")


def test_filters_narrow_the_list(page):
    page.open("dense")
    assert len(page.shown()) == 300
    page.js(
        "const s = document.getElementById('filter-layer'); s.value = 'event'; s.dispatchEvent(new Event('change'))"
    )
    assert set(page.shown()) == {"met"}
    page.js("document.activeElement.blur()")
    page.do("a")
    page.keys("2")
    assert len(page.shown()) == 59
    page.js(
        "const s = document.getElementById('filter-layer'); s.value = 'entity'; s.dispatchEvent(new Event('change'))"
    )
    page.js(
        "const s = document.getElementById('filter-label'); s.value = 'PLACE'; s.dispatchEvent(new Event('change'))"
    )
    assert len(page.shown()) == 60
    page.js("document.activeElement.blur()")
    page.keys("/")
    page.keys("soran5")
    assert page.shown() == ["Soran5", *(f"Soran5{n}" for n in range(10))]
    shot(page.driver, "filtered")


def test_every_action_and_its_key_stand_on_the_page(page):
    shown = page.js("return document.getElementById('keys').textContent")
    for word in (
        "accept",
        "reject",
        "comment",
        "undo",
        "add",
        "save",
        "label",
        "attributes",
        "start one word left",
        "filters",
    ):
        assert word in shown
    buttons = page.js("return [...document.querySelectorAll('#buttons button')].map((one) => one.dataset.key)")
    assert set(buttons) == {"Enter", "Escape", "a", "x", "c", "u", "+"}


def test_an_article_with_scripts_in_it_is_only_text(page):
    complaints(page.driver)  # those of the tests before
    page.open("scripts")
    text = TEXTS["scripts"][0]
    assert page.js("return document.querySelector('.text').textContent") == text
    page.choose("PERSON", "Karwan")  # its note is a script too
    page.keys("c")
    page.keys("<img src=x onerror='window.hurt=4'>")
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415

    page.do(Keys.ENTER)
    shot(page.driver, "scripts")
    assert "onerror" in page.js("return document.getElementById('detail').textContent")
    assert page.js("return document.querySelectorAll('main script, main img, aside img, aside script').length") == 0
    assert page.js("return window.hurt ?? null") is None
    assert complaints(page.driver) == []


def test_the_page_runs_no_inline_script_whatever_stands_in_it(page):
    page.js("const s = document.createElement('script'); s.textContent = 'window.hurt = 5'; document.body.append(s)")
    page.js("document.body.setAttribute('onclick', 'window.hurt = 6'); document.body.click()")
    assert page.js("return window.hurt ?? null") is None
    assert any("Content Security Policy" in one for one in complaints(page.driver))


def test_right_to_left_text_runs_from_the_right(page):
    page.open("right-to-left")
    page.choose("PERSON", "كاروان")
    shot(page.driver, "right-to-left")
    boxes = page.js(
        "const n = document.querySelector('.text').firstChild; const at = (i, l) => { const r = document.createRange();"
        "r.setStart(n, i); r.setEnd(n, i + l); return r.getBoundingClientRect() };"
        "const first = at(0, 5), name = at(6, 6), english = at(n.data.indexOf('Karwan'), 6), met = at(n.data.indexOf('met'), 3);"
        "const mark = [...document.querySelectorAll('.r6o-annotation')].map((one) => one.getBoundingClientRect());"
        "return { first: first.x, name: name.x, width: name.width, english: english.x, met: met.x, marks: mark.map((b) => [b.x, b.width]) }"
    )
    assert boxes["first"] > boxes["name"]  # the first word stands on the right
    assert boxes["english"] < boxes["met"]  # and an English line runs from the left
    assert any(abs(x - boxes["name"]) < 2 and abs(w - boxes["width"]) < 2 for x, w in boxes["marks"])
    page.do("a")
    quote = page.reviews("right-to-left")[0]["changes"][0]["was"]["segments"][0]["quote"]
    assert quote == "كاروان"


def test_a_document_without_annotations_can_be_commented_on(page):
    page.open("empty")
    shot(page.driver, "empty")
    assert "there is no annotation" in page.js("return document.getElementById('list').textContent")
    for key in "jkaxu[}+leg":  # nothing of this has anything to work on
        page.keys(key)
    assert page.status()
    page.keys("c")
    page.keys("is this a document?")
    page.do("\ue007")
    assert page.reviews("empty")[0]["note"] == "is this a document?"


def test_two_tabs_do_not_overwrite_each_other(page):
    first = page.driver.current_window_handle
    page.open("nested")
    page.choose("PERSON", "Zerin")
    other = Page(page.driver, page.corpus, page.address)
    other.open("nested")
    other.choose("PERSON", "Zerin")
    other.do("a")
    page.driver.switch_to.window(first)
    page.keys("x")
    wait(page.driver, "document.getElementById('status').className === 'error'")
    assert "changed meanwhile" in page.status()
    shot(page.driver, "two-tabs")
    assert [one["action"] for one in page.reviews("nested")] == ["accept"]
    assert page.js("return document.querySelectorAll('#list .checked').length") == 1  # it shows what is there now
    page.do("x")
    assert [one["action"] for one in page.reviews("nested")] == ["accept", "reject"]


def test_a_program_that_was_killed_loses_nothing_and_the_page_says_so(driver, corpus):
    with reviewing(corpus) as (address, program):
        page = Page(driver, corpus, address)
        page.open("nested")
        page.do("a")
        page.do("a")
        program.kill()
        program.wait()
        page.keys("a")
        wait(driver, "document.getElementById('status').className === 'error'")
        assert "Nothing was written" in page.status()
    assert len(page.reviews("nested")) == 2
    with reviewing(corpus) as (address, _):
        page = Page(driver, corpus, address)
        page.open("nested")
        assert page.js("return document.querySelectorAll('#list .checked').length") == 2


def test_the_token_does_not_stay_in_the_address_and_without_it_nothing_is_shown(page):
    assert "token" not in page.js("return location.href")
    page.driver.refresh()
    wait(page.driver, "document.querySelector('#list li')")
    page.driver.switch_to.new_window("tab")
    page.driver.get(page.address.partition("#")[0])
    wait(page.driver, "document.getElementById('status').className === 'error'")
    assert "token" in page.status()
    assert page.shown() == []


def test_a_narrow_window_shows_everything_below_each_other(page):
    page.driver.set_window_size(500, 900)
    page.open("dense")
    wait(page.driver, "document.querySelector('.r6o-annotation')")
    shot(page.driver, "narrow")
    wide = page.js("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]
    tops = page.js(
        "return ['documents', 'text', 'detail', 'list'].map((id) => document.getElementById(id).getBoundingClientRect().top)"
    )
    assert tops == sorted(tops)


# --- the static pages ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory, _made):
    """The pages of a compiled release of the made corpus: folder, and the figures of the release."""
    folder = tmp_path_factory.mktemp("viewed")
    made = compile_corpus(Corpus(_made), folder / "release")
    assert run("view", made.folder, "--out", folder / "site", "--quiet") == 0
    return folder / "site", json.loads((made.folder / "release.json").read_text())


def look(driver, site, where="") -> None:
    complaints(driver)  # those of the tests before
    driver.get("about:blank")
    driver.get(f"{(site / 'index.html').as_uri()}#{where}")
    wait(
        driver,
        "document.body.dataset.page && (document.querySelector('td') || document.querySelector('.hits') || document.querySelector('.text'))",
    )


def test_every_figure_is_that_of_the_release_and_leads_to_what_is_behind_it(driver, site):
    folder, facts = site
    look(driver, folder)
    shot(driver, "view-figures")
    cells = driver.execute_script(
        "return [...document.querySelectorAll('td a')].map((a) => [Object.fromEntries(new URLSearchParams(a.hash.slice(1))), a.textContent])"
    )
    figures = {
        tuple(sorted((k, v) for k, v in query.items() if k != "page")): int(n.replace(",", "")) for query, n in cells
    }
    wanted = {}
    for layer, one in facts["layers"].items():
        wanted[("layer", layer),] = one["annotations"]
        wanted |= {(("decided", way), ("layer", layer)): n for way, n in one["decided"].items()}
        for label, number in one["labels"].items():
            wanted[("label", label), ("layer", layer)] = number
            wanted |= {
                (("label", label), ("layer", layer), ("split", s)): n for s, n in one["by_split"].get(label, {}).items()
            }
            wanted |= {
                (("label", label), ("layer", layer), ("origin", o)): n
                for o, n in one["by_origin"].get(label, {}).items()
            }
    wanted = {query: n for query, n in wanted.items() if n}
    assert {query: n for query, n in figures.items() if query in wanted} == wanted
    driver.execute_script(
        "[...document.querySelectorAll('td a')].find((a) => a.hash.includes('label=MEET') && !a.hash.includes('split')).click()"
    )
    wait(driver, "document.querySelector('.hits')")
    assert (
        driver.execute_script("return document.querySelectorAll('.hits li').length")
        == facts["layers"]["event"]["labels"]["MEET"]
    )
    driver.execute_script("document.querySelector('.hits a').click()")
    wait(driver, "document.querySelector('.arcs text')")
    assert (
        driver.execute_script("return document.querySelector('#list [aria-selected=true] .label').textContent")
        == "MEET"
    )
    assert complaints(driver) == []


def test_search_by_label_and_words(driver, site):
    folder, _ = site
    look(driver, folder, "page=find&label=PLACE&words=soran%20reg")
    hits = driver.execute_script("return [...document.querySelectorAll('.hits li')].map((one) => one.textContent)")
    assert [re.sub(r"\s+", " ", one) for one in hits] == ["PLACE Soran Region nested"]
    look(driver, folder, "page=find&words=سوران")
    assert driver.execute_script("return document.querySelectorAll('.hits li').length") >= 2
    shot(driver, "view-find")


def test_layers_are_switched_and_arguments_drawn(driver, site):
    folder, _ = site
    look(driver, folder, "page=doc&document=dense")
    wait(driver, "document.querySelectorAll('.r6o-annotation').length > 50")
    driver.execute_script("document.querySelector('[data-layer=entity] input').click()")
    wait(driver, "(() => { const n = document.querySelectorAll('.r6o-annotation').length; return n && n < 65 })()")
    assert set(
        driver.execute_script("return [...document.querySelectorAll('#list .label')].map((one) => one.textContent)")
    ) == {"MEET"}
    driver.execute_script(
        "document.querySelector('[data-layer=entity] input').click(); [...document.querySelectorAll('.layer input')].at(-1).click()"
    )
    wait(driver, "document.querySelectorAll('.arcs text').length === 180")
    shot(driver, "view-dense")


def test_a_chain_stands_out_while_the_pointer_is_on_a_member(driver, site):
    from selenium.webdriver import ActionChains  # noqa: PLC0415

    folder, _ = site
    look(driver, folder, "page=doc&document=nested")
    filled = "[...document.querySelectorAll('.r6o-annotation')].filter((one) => !/, 0\\)$/.test(getComputedStyle(one).backgroundColor)).length"
    wait(driver, "document.querySelectorAll('.r6o-annotation').length > 5")
    assert driver.execute_script(f"return {filled}") == 0
    at = driver.execute_script(
        "const n = document.querySelector('.text').firstChild, r = document.createRange(); const i = n.data.indexOf('Zerin');"
        "r.setStart(n, i); r.setEnd(n, i + 5); const b = r.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]"
    )
    mouse = ActionChains(driver, duration=0)
    mouse.w3c_actions.pointer_action.move_to_location(int(at[0]), int(at[1]))
    mouse.perform()
    wait(driver, f"{filled} >= 2")  # the other member too
    shot(driver, "view-chain")


@pytest.mark.parametrize("name", ["scripts", "right-to-left", "empty"])
def test_static_pages_show_text_as_it_is(driver, site, name):
    folder, _ = site
    look(driver, folder, f"page=doc&document={name}")
    wait(driver, "document.querySelector('.text')")
    shot(driver, f"view-{name}")
    assert driver.execute_script("return document.querySelector('.text').textContent") == TEXTS[name][0]
    assert driver.execute_script("return document.querySelector('main h2').textContent") == f"<b>{name}</b>"
    assert driver.execute_script("return window.hurt ?? null") is None
    assert complaints(driver) == []
    driver.set_window_size(500, 900)
    wide = driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]
    shot(driver, f"view-{name}-narrow")
