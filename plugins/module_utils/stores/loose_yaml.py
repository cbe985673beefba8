# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML of any form, as a person or a tool may have left a record, read by PyYAML."""

from __future__ import annotations

import functools
from typing import Any

from ..errors import CredentialsError
from ..record import Secret
from .record_yaml import MakeSecret
from .vault_format import is_encrypted, normal

#: Times stay texts, as the fixed form has them; the record reads them.
_TIMESTAMP = "tag:yaml.org,2002:timestamp"
#: Far more than any record holds.
_MOST_VALUES = 100_000


def read_loose(text: str, make_secret: MakeSecret) -> Any:
    """Return the document of a text. Raises ValueError, with a reason that quotes none of it."""
    loader_class, yaml_error = _loader_class()
    loader = loader_class(text)
    loader.make_secret = make_secret
    try:
        document = loader.get_single_data()
        size = _size(document, {})
    except yaml_error as exc:
        # PyYAML's own message quotes the line, which may hold a secret.
        mark = getattr(exc, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        raise ValueError(f"it is no valid YAML{where}") from None
    except (RecursionError, TypeError, ValueError, OverflowError) as exc:
        raise ValueError(f"it is no YAML of a record ({exc.__class__.__name__})") from None
    finally:
        loader.dispose()
    if size > _MOST_VALUES:
        # A few lines of aliases of aliases would fill any memory when they are written again.
        raise ValueError("it holds more than any record does")
    return document


def _size(value: Any, known: dict[int, int]) -> int:
    """Return how many values a document holds once it is written, each alias as what it names."""
    if not isinstance(value, (dict, list, tuple)):
        return 1
    if id(value) not in known:
        inner = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_size(each, known) for each in inner)
    return known[id(value)]


@functools.lru_cache(maxsize=1)
def _loader_class() -> tuple[Any, Any]:
    """Return the loader, by libyaml where PyYAML was built with it, and its error."""
    try:
        import yaml
    except ImportError:
        raise CredentialsError(
            "invalid_option",
            "A record is not of the form that this collection writes, and the Python library"
            " PyYAML, which reads every form, is missing on the machine that runs the module.",
            next_step="pip install PyYAML there.",
        ) from None
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]  # whichever of the two there is
        """The safe loader with Ansible's tags, without doubled keys."""

        make_secret: MakeSecret

    def vault(loader: Any, node: Any) -> Secret:
        sealed = loader.construct_scalar(node)
        if not is_encrypted(sealed):
            raise yaml.constructor.ConstructorError(
                problem="no vault", problem_mark=node.start_mark
            )
        secret: Secret = loader.make_secret(normal(sealed))
        return secret

    def unsafe(loader: Any, node: Any) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return loader.construct_scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return mapping(loader, node)

    def mapping(loader: Any, node: Any) -> dict[Any, Any]:
        found = loader.construct_mapping(node, deep=True)
        if len(found) != len(node.value):
            raise yaml.constructor.ConstructorError(
                problem="doubled keys", problem_mark=node.start_mark
            )
        return dict(found)

    Loader.add_constructor("!vault", vault)
    Loader.add_constructor("!vault-encrypted", vault)
    Loader.add_constructor("!unsafe", unsafe)
    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in base.yaml_implicit_resolvers.items()
    }
    return Loader, yaml.YAMLError
