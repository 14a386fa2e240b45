#!/usr/bin/env python3
"""Writes the results of runs against Milena and against Kafka into docs/conformance.md, between its two marks.

    report.py        from target/conformance/milena.json and oracle.json, which run.py keeps
"""

import json

import scenarios
from harness import kafka, results

PAGE = kafka.HERE.parent / "docs/conformance.md"
BEGIN, END = "<!-- results: written by conformance/report.py -->", "<!-- end of results -->"
SIGNS = {results.PASSED: "✓", results.FAILED: "**✗**", results.CANNOT: "–", None: "·"}
TARGETS = ("milena", "oracle")


def main():
    found = {target: load(target) for target in TARGETS}
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text("\n".join([before + BEGIN, "", *suites(found), "", *clients(found), "", *exercised(), "", *reasons(found), END]) + after)


def load(target):
    file = results.DIRECTORY / f"{target}.json"
    return json.loads(file.read_text()) if file.exists() else {"suites": {}, "clients": {}}


def suites(found):
    """Passed and failed cases of each suite, and how long it took; `clients` has a table of its own."""
    yield "| suite | Milena | Kafka |"
    yield "|---|---|---|"
    for name in sorted((set(found["milena"]["suites"]) | set(found["oracle"]["suites"])) - {"clients"}):
        cells = (suite_cell(found[target]["suites"].get(name)) for target in TARGETS)
        yield f"| {name.replace('_', '-')} | {' | '.join(cells)} |"


def suite_cell(figures):
    if figures is None:
        return "not run"
    failed = f", **{figures['failed']} failed**" if figures["failed"] else ""
    return f"{figures['passed']} passed{failed}, {figures['seconds']} s{', quick' if figures['quick'] else ''}"


def clients(found):
    """Each client's result in each scenario, on Milena and on Kafka."""
    names = [name for name, *_ in scenarios.ALL]
    yield "Each cell: on Milena, on Kafka. ✓ passed, ✗ failed, – the client cannot (see below), · not run."
    yield ""
    yield f"| client | version | {' | '.join(names)} |"
    yield f"|---|---|{'---|' * len(names)}"
    for client in clients_of(found):
        cells = (" ".join(SIGNS[outcome(found[target], client, name)] for target in TARGETS) for name in names)
        version = next(found[target]["clients"][client]["version"] for target in TARGETS if client in found[target]["clients"])
        yield f"| {client} | {version} | {' | '.join(cells)} |"


def clients_of(found):
    return sorted(set(found["milena"]["clients"]) | set(found["oracle"]["clients"]))


def outcome(results_of_target, client, scenario):
    cells = results_of_target["clients"].get(client, {}).get("scenarios", {})
    return cells.get(scenario, {}).get("outcome")


def exercised():
    """What each scenario does, in the words of its function."""
    yield "| scenario | what is exercised |"
    yield "|---|---|"
    for name, scenario, _ in scenarios.ALL:
        yield f"| {name} | {scenario.__doc__.partition('.')[0]} |"


def reasons(found):
    """What clients cannot do, and why."""
    yield "What a client cannot do, and what its scenarios therefore left out:"
    yield ""
    for client in clients_of(found):
        told = {}
        for target in TARGETS:
            for name, cell in found[target]["clients"].get(client, {}).get("scenarios", {}).items():
                if cell["reason"]:
                    told.setdefault(cell["reason"], set()).add(name)
        lines = [f"{', '.join(sorted(names))}: {reason}" for reason, names in sorted(told.items())]
        if lines:
            yield f"- **{client}**: {'; '.join(lines)}."


if __name__ == "__main__":
    main()
