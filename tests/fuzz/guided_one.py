# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One fuzz target led by coverage, in a process that libFuzzer ends.

In the target's folder: python -m ...tests.fuzz.guided_one TARGET SECONDS SEED [FILE]
With a file, that input is given once more: guided_one durations 60 1 crash-1234

Hypothesis turns the bytes that libFuzzer tries into inputs of a target's kind, and the target
checks them as always: https://hypothesis.readthedocs.io/en/latest/how-to/external-fuzzers.html
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings

#: Begins the line that shows what a target did not bear.
INPUT = "input:"
_PACKAGE = "ansible_collections.objectstore.credentials"
#: Bytes of one input: a page of what Hypothesis draws from.
_LONGEST = 4096
#: Behind each input: a draw that runs out of bytes is no input at all, and Hypothesis calls zeros
#: simple.
_REST = bytes(2 * _LONGEST)


def main(name: str, seconds: str, seed: str, inputs: Sequence[str]) -> None:
    """Hand this process to libFuzzer; it does not come back."""
    import atheris

    # What was imported before is not led by. It goes by the first part of a name only, so that
    # targets and simulators count as well.
    with atheris.instrument_imports(include=[_PACKAGE], enable_loader_override=False):
        from . import all_targets, registry

        all_targets.load()
    target = registry.TARGETS[name]

    def holds(value: object) -> None:
        try:
            target.check(value)
        except BaseException:
            print(f"{INPUT} {value!r}"[:2000], flush=True)
            raise

    rules = settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
    test: Any = rules(given(target.inputs)(holds))
    give = test.hypothesis.fuzz_one_input
    flags = [f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={_LONGEST}"]
    flags += ["-print_final_stats=1", "-timeout=60", "-rss_limit_mb=4096", "-len_control=0"]
    atheris.Setup([sys.argv[0], *flags, *inputs], lambda data: give(data + _REST))
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:] or ["inputs"])
