"""The written parts of a release and of the repository: card, datasheet, citation, licence.

Each is a function from the corpus and its figures to text; the two registries below list them all. Prose stands in
templates, figures are computed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources
from typing import Any

import jinja2

from krisc import metadata, plots
from krisc.citing import apa, bibtex, citation, cited
from krisc.facts import Facts
from krisc.findings import Finding, KriscError, Place
from krisc.models import features
from krisc.pages import GENERATED_PAGE, data_dictionary, findings_page, guidelines, markdown_table
from krisc.reading import read_text
from krisc.store import Corpus
from krisc.tables import DECIDED, tables
from krisc.weaknesses import gaps, weak_labels

STRICT = ("spans, strict", "relations, strict")
DATASHEET_TEMPLATE = "dataset/datasheet.md.jinja"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - the pages are Markdown, not HTML
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    environment.filters["table"] = markdown_table
    environment.filters["layer_table"] = layer_table
    environment.filters["agreement_table"] = agreement_table
    environment.filters["label_table"] = label_table
    environment.filters["entity_table"] = entity_table
    environment.filters |= {"weak_labels": weak_labels, "gaps": gaps, "kinds": kinds}
    environment.filters["judged_table"] = judged_table
    return environment


def kinds(names: Sequence[str], facts: Facts) -> str:
    """What some annotators are, in words: ``language model``, ``person``, or both."""
    return " and ".join(sorted({facts.annotators[name].kind.replace("_", " ") for name in names}))


def layer_table(facts: Facts) -> str:
    """The layers: how much, by how many passes, how decided, and who has signed it off."""
    measured = facts.agreement.layers if facts.agreement else {}
    rows = [
        (
            name,
            layer.documents,
            layer.annotations,
            measured[name].documents if name in measured else 0,
            *(_share(layer.decided.get(way, 0), layer.annotations) for way in DECIDED),
            _share(layer.signed_off, layer.annotations),
        )
        for name, layer in facts.layers.items()
    ]
    heads = ("layer", "documents", "annotations", "documents with two passes or more")
    return markdown_table(rows, *heads, *DECIDED, "signed off by a person")


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.0%})" if whole else "0"


def agreement_table(facts: Facts) -> str:
    """The measures that sum up each layer, with their intervals."""
    rows = []
    for name in facts.layers:
        for v in facts.agreed(name):
            value = "undefined" if v.value is None else f"{v.value:.3f}"
            interval = f"{v.low:.3f} to {v.high:.3f}" if v.low is not None else v.no_interval or v.undefined
            rows.append((name, v.measure, value, interval, v.count))
    return markdown_table(rows, "layer", "measure", "agreement", "interval", "compared")


def label_table(facts: Facts) -> str:
    """How often each label occurs: in all, by split and by origin, and how far the passes agree on it."""
    rows = []
    for name, layer in facts.layers.items():
        strict = _strict(facts, name)
        for label, number in layer.labels.items():
            by_split = [layer.by_split.get(label, {}).get(split, 0) for split in facts.splits]
            by_origin = [layer.by_origin.get(label, {}).get(origin, 0) for origin in facts.origins]
            rows.append((name, label, number, *by_split, *by_origin, strict.get(label, "")))
    return markdown_table(rows, "layer", "label", "all", *facts.splits, *facts.origins, "agreement (strict F1)")


def _strict(facts: Facts, layer: str) -> dict[str, str]:
    """The strict agreement on each label of a layer, where it is measured and defined."""
    measured = facts.agreement.layers[layer].values if facts.agreement and layer in facts.agreement.layers else []
    return {v.of: f"{v.value:.2f}" for v in measured if v.measure in STRICT and v.of and v.value is not None}


def entity_table(facts: Facts, number: int) -> str:
    """The entities that fill roles of most events."""
    rows = [(e.name, e.type, e.documents, e.mentions, e.events) for e in list(facts.entities.values())[:number]]
    return markdown_table(rows, "entity", "type", "documents", "mentions in chains", "events it has a role in")


def judged_table(facts: Facts) -> str:
    """The verdicts on a sample of the gold, by layer."""
    layers = facts.judged.layers if facts.judged else {}
    rows = [(name, one.judged, one.wrong, one.unsure) for name, one in layers.items() if one.judged]
    return markdown_table(rows, "layer", "judged", "wrong", "unsure")


def render(template: str, corpus: Corpus, facts: Facts, **more: str) -> str:
    """A Jinja template over the corpus's figures; an unknown name in it is an error."""
    cite = {"bibtex": bibtex(cited(corpus.config)), "cite": apa(cited(corpus.config))}
    names = {"facts": facts, "config": corpus.config, "layers": corpus.layers, **cite, **more}
    return _environment().from_string(template).render(names)


def _template(name: str) -> str:
    return resources.files("krisc").joinpath("templates", name).read_text(encoding="utf-8")


def withheld_note(corpus: Corpus, facts: Facts) -> str:
    """What a reader of a variant must know first; "" where no text is withheld."""
    return render(_template("withheld.md.jinja"), corpus, facts) if facts.withheld else ""


def datasheet(corpus: Corpus, facts: Facts) -> str | None:
    """``DATASHEET.md``, from the corpus's template; None when the corpus has none."""
    path = corpus.root / DATASHEET_TEMPLATE
    if not path.exists():
        return None
    head = GENERATED_PAGE.format(source=DATASHEET_TEMPLATE)
    template = read_text(path, corpus.root)
    try:
        return head + withheld_note(corpus, facts) + render(template, corpus, facts)
    except jinja2.TemplateError as error:
        place = Place(DATASHEET_TEMPLATE, line=getattr(error, "lineno", None), column=1)
        raise KriscError([Finding("template-broken", place, {"found": str(error)})]) from None


def card(corpus: Corpus, facts: Facts) -> str:
    """The Hugging Face dataset card, ``README.md`` of a release."""
    words = render(_template("card.md.jinja"), corpus, facts, withheld=withheld_note(corpus, facts))
    return f"---\n{_card_metadata(corpus, facts)}---\n\n{words}"


_SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M")


def _card_metadata(corpus: Corpus, facts: Facts) -> str:
    from datasets import DatasetInfo  # noqa: PLC0415 - takes a second to import
    from datasets.info import DatasetInfosDict  # noqa: PLC0415
    from huggingface_hub import DatasetCardData  # noqa: PLC0415

    config = corpus.config
    declared = tables(corpus.layers, withheld=facts.withheld is not None)
    kinds = {a.kind for a in facts.annotators.values() if a.gold_annotations}
    creators = {"person": "expert-generated", "language_model": "machine-generated", "unknown": "found"}
    writers = {"published": "found", "unknown": "found"} | dict.fromkeys(
        ("constructed", "composed"), "machine-generated"
    )
    metadata: dict[str, Any] = {
        "language": sorted(facts.languages),
        "license": "other",
        "license_name": "mixed",
        "license_link": "LICENSE-DATA",
        "pretty_name": config.title,
        "size_categories": [_SIZES[min(5, max(0, int(math.log10(max(1, facts.documents))) - 2))]],
        "task_categories": ["token-classification"],
        "task_ids": ["named-entity-recognition", "coreference-resolution"],
        "annotations_creators": sorted({creators[kind] for kind in kinds}) or ["no-annotation"],
        "language_creators": sorted({writers[origin] for origin in facts.origins}) or ["found"],
        "source_datasets": ["original"],
        "tags": list(config.citation.keywords),
        "configs": [
            {
                "config_name": name,
                **({"default": True} if name == "documents" else {}),
                "data_files": [{"split": split, "path": f"{name}/{split}-*.parquet"} for split in splits],
            }
            for name, splits in facts.tables.items()
        ],
    }
    infos = DatasetInfosDict()
    for name, splits in facts.tables.items():
        size = sum(facts.files[file].bytes for one in splits.values() for file in one.files)
        infos[name] = DatasetInfo(
            features=features(declared[name]),
            splits={
                s: {"name": s, "num_bytes": one.arrow_bytes, "num_examples": one.rows} for s, one in splits.items()
            },
            download_size=size,
            dataset_size=sum(one.arrow_bytes for one in splits.values()),
        )
    data = DatasetCardData(**metadata)
    infos.to_dataset_card_data(data)
    return str(data.to_yaml()).rstrip("\n") + "\n"


def manifest(facts: Facts) -> str:
    """``release.json``: every figure and every hash."""
    import msgspec  # noqa: PLC0415 - keeps the import next to its only use

    value = msgspec.to_builtins(facts)
    if facts.withheld is None:
        del value["withheld"]
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def licence(corpus: Corpus, facts: Facts) -> str | None:
    """The licence of the data, as the corpus has it."""
    path = corpus.root / "LICENSE-DATA"
    return read_text(path, corpus.root) if path.exists() else None


Artefact = Callable[[Corpus, Facts], str | None]

# What stands in a release beside the Parquet files.
RELEASE_ARTEFACTS: dict[str, Artefact] = {
    "README.md": card,
    "DATASHEET.md": datasheet,
    "CITATION.cff": citation,
    "DATA_DICTIONARY.md": data_dictionary,
    "LICENSE-DATA": licence,
}

# Plots, written before the pages that show them.
PLOTS: dict[str, Artefact] = {
    "plots/labels.svg": plots.labels,
    "plots/years.svg": plots.years,
    "plots/agreement.svg": plots.agreement,
    "plots/places.svg": plots.places,
}
RELEASE_ARTEFACTS |= PLOTS

# For machines, after all that they describe; the crate lists every file, the others among them, and is the last.
RELEASE_ARTEFACTS |= {
    "datacite.json": metadata.datacite,
    ".zenodo.json": metadata.zenodo,
    "datapackage.json": metadata.frictionless,
    "croissant.json": metadata.croissant,
    "ro-crate-metadata.json": metadata.ro_crate,
}


def repository_datasheet(corpus: Corpus, facts: Facts) -> str | None:
    """The datasheet at the top of the corpus folder, which shows the plots of the release."""
    text = datasheet(corpus, facts)
    return text and text.replace("](plots/", f"](dataset/releases/{facts.version}/plots/")


# What stands in the corpus folder; those under docs/ are written where that folder is.
REPOSITORY_ARTEFACTS: dict[str, Artefact] = {
    "DATASHEET.md": repository_datasheet,
    "CITATION.cff": citation,
    "annotations/GUIDELINES.md": guidelines,
    "docs/data-dictionary.md": data_dictionary,
    "docs/findings.md": findings_page,
}
