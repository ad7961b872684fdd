"""KRISC: an annotated corpus that compiles like software.

The package holds no fact about any one corpus: labels, layers and rules are data in the corpus folder's ``schema/``.
"""

from importlib.metadata import version

from krisc.loading import load

__all__ = ["__version__", "load"]
__version__ = version("krisc")
