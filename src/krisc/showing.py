"""What the pages in a browser are made of: files of ``krisc/web``, and layers and annotations for their scripts."""

from __future__ import annotations

from importlib import resources
from typing import Any

import msgspec

from krisc.findings import Finding, KriscError, Place
from krisc.layers import Layers
from krisc.model import AnnotationFile

FOLDER = "web"


def page_file(name: str) -> bytes:
    """A file of the pages, which are built from ``web/`` by ``make web``.

    Raises:
        KriscError: ``page-missing``.
    """
    try:
        return resources.files("krisc").joinpath(FOLDER, name).read_bytes()
    except OSError:
        file = f"krisc/{FOLDER}/{name}"
        raise KriscError([Finding("page-missing", Place(file), {"file": file})]) from None


def layers_shown(layers: Layers) -> list[dict[str, Any]]:
    """The layers as the scripts get them, in their order."""
    keys = ("name", "title", "kind", "labels", "roles", "attributes", "constraints")
    return [{key: one[key] for key in keys} for one in msgspec.to_builtins(list(layers.values()))]


def annotations_shown(gold: AnnotationFile, layers: Layers) -> list[dict[str, Any]]:
    """The annotations as the scripts get them; segments are ``[start, end]`` in code points, without their words."""
    shown = []
    for name in layers:
        for a in gold.layers.get(name, ()):
            one = {key: value for key, value in msgspec.to_builtins(a).items() if key not in ("segments", "trigger")}
            one["arguments"] = [
                {"role": g.role, "target": g.target, "segments": [[s.start, s.end] for s in g.segments]}
                for g in a.arguments
            ]
            shown.append({"layer": name, **one, "segments": [[s.start, s.end] for s in a.anchor]})
    return shown
