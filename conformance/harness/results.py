"""What a run found, kept as JSON for docs/conformance.md: suites, and the cells of clients by scenarios.

The file of a target is brought up to date by each run: a run of one suite leaves the others' results as they were.
"""

import json
import os
import pathlib

from harness import checks, kafka

DIRECTORY = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or kafka.HERE.parent / "target") / "conformance"
PASSED, FAILED, CANNOT = "passed", "failed", "cannot"
cells = {}
# Suites of which only some cases were asked for: their figures are not kept.
partial = set()


def cell(client, scenario, outcome, reason=""):
    """Remembers how a client fared in a scenario, and what was left out or stood in its way."""
    of_client = cells.setdefault(client.name, {"version": client.version, "scenarios": {}})
    of_client["scenarios"][scenario] = {"outcome": outcome, "reason": reason}


def save(target, suites):
    """Writes what this run found into the file of its target; `suites` is passed, failed, seconds and quick by name."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    file = DIRECTORY / f"{target}.json"
    found = json.loads(file.read_text()) if file.exists() else {"suites": {}, "clients": {}}
    found["suites"].update({name: figures for name, figures in suites.items() if name not in partial})
    for name, client in cells.items():
        kept = found["clients"].setdefault(name, {"scenarios": {}})
        kept["version"] = client["version"]
        kept["scenarios"].update(client["scenarios"])
    file.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def counts():
    """Passed and failed cases so far."""
    return checks.passed, len(checks.failures)
