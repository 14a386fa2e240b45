#!/usr/bin/env python3
"""Runs conformance suites against a node: other people's clients and tools, and Apache Kafka on the same directories.

    run.py [--target milena|oracle] [--quick | --ci] [SUITE...]

Ends with 0 only when every case of every suite passed.
"""

import argparse
import importlib
import sys
import time

from harness import brokers, checks, results

SUITES = [
    "dist", "quickstart", "start", "storage", "wire", "groups", "transactions", "epochs", "sessions", "kcat",
    "command_line", "why", "java_tools", "admin_tools", "settings", "exchange", "exchange_groups",
    "exchange_consumer_groups", "exchange_transactions", "compaction", "crash", "full_disk", "flights",
    "client_library", "clients", "groups_tools", "transactions_tools", "verifiable", "groups_under_fire",
    "transactions_under_fire", "streams", "spring",
]
# These take long; CI runs them with --quick.
LONG = [
    "sessions", "exchange_groups", "exchange_consumer_groups", "exchange_transactions", "compaction", "clients",
    "groups_tools", "transactions_tools", "verifiable", "groups_under_fire", "transactions_under_fire", "streams",
    "spring",
]


class World:
    """What a suite is given: the kind of node under test, and how much input to use."""

    def __init__(self, target, quick):
        self.target = target
        self.quick = quick
        self.Node = brokers.KINDS[target]
        self.Oracle = brokers.Oracle

    def amount(self, full, quick):
        """The full amount of something, or the quick one."""
        return quick if self.quick else full


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=sorted(brokers.KINDS), default="milena")
    parser.add_argument("--quick", action="store_true", help="small inputs, for a look while working")
    parser.add_argument("--ci", action="store_true", help=f"small inputs for {', '.join(LONG)}, full ones for the others")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of: {', '.join(SUITES)} (default: all)")
    options = parser.parse_args()
    suites = [name.replace("-", "_") for name in options.suites] or SUITES
    unknown = [name for name in suites if name not in SUITES]
    if unknown:
        parser.error(f"no such suite: {', '.join(unknown)}")
    begun, figures = time.monotonic(), {}
    for name in suites:
        quick = options.quick or (options.ci and name in LONG)
        print(f"== {name} against {options.target}", flush=True)
        before, started = results.counts(), time.monotonic()
        with checks.case(f"{name}: the suite ran to its end"):
            importlib.import_module(f"suites.{name}").run(World(options.target, quick))
        passed, failed = (now - then for now, then in zip(results.counts(), before))
        figures[name] = {"passed": passed, "failed": failed, "seconds": round(time.monotonic() - started),
                         "quick": quick}
    results.save(options.target, figures)
    print(f"{checks.passed} passed, {len(checks.failures)} failed in {time.monotonic() - begun:.0f} s")
    for title in checks.failures:
        print(f"FAILED {title}")
    return 1 if checks.failures else 0


if __name__ == "__main__":
    sys.exit(main())
