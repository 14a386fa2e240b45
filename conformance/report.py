#!/usr/bin/env python3
"""Writes the results of runs against Milena and against Kafka into docs/conformance.md, and what clients did into README.md,
each between two marks.

    report.py        from target/conformance/milena.json and oracle.json, which run.py keeps
"""

import json

import scenarios
from harness import kafka, results

PAGE = kafka.HERE.parent / "docs/conformance.md"
README = kafka.HERE.parent / "README.md"
SIGNS = {results.PASSED: "✓", results.FAILED: "**✗**", results.CANNOT: "–", None: "·"}
TARGETS = ("milena", "oracle")


def main():
    found = {target: load(target) for target in TARGETS}
    write(PAGE, "results", [*suites(found), "", *clients(found, "see below"), "", *exercised(), "", *reasons(found)])
    write(README, "clients", [*clients(found, "[why](docs/conformance.md#results-of-a-run)"), ""])


def write(page, name, lines):
    """Puts lines between the marks of that name."""
    begin, end = f"<!-- {name}: written by conformance/report.py -->", f"<!-- end of {name} -->"
    before, _, rest = page.read_text().partition(begin)
    page.write_text("\n".join([before + begin, "", *lines, end]) + rest.partition(end)[2])


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


def clients(found, why):
    """Each client's result in each scenario, on Milena and on Kafka; `why` says where it stands why one cannot."""
    names = [name for name, *_ in scenarios.ALL]
    yield f"Each cell: on Milena, on Kafka. ✓ passed, ✗ failed, – the client cannot ({why}), · not run."
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
        yield f"| {name} | {' '.join(scenario.__doc__.partition('.')[0].split())} |"


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
