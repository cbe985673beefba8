# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Classes that are imported when they are asked for.

Every module is a process of its own that compiles its sources anew, and of all platforms and secret
stores it needs one each. Who loads a class imports it by a statement inside a function: Ansible's
scan of the sources finds it there too, and so ships it. It is done before the first write: the
sources of a module whose controller is gone may be removed while it finishes its list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

_Class = TypeVar("_Class")


class LazyClasses(Mapping[str, _Class]):
    """Name -> class. To go over the names imports none of them.

    load: imports and returns the class of a name; raises KeyError for any other.
    """

    def __init__(self, names: Iterable[str], load: Callable[[str], _Class]) -> None:
        self._names = tuple(names)
        self._load = load

    def __getitem__(self, name: str) -> _Class:
        return self._load(name)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
