"""KRISC: an annotated corpus that compiles like software.

The package holds no fact about any one corpus: labels, layers and rules are data in the corpus folder's ``schema/``.
"""

from importlib.metadata import version

__version__ = version("krisc")
