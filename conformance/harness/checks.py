"""Named cases that pass or fail, and what a case may assert."""

import contextlib
import hashlib
import threading
import time
import traceback

failures = []
passed = 0
# Suites may run cases side by side: one at a time is counted and printed.
counting = threading.Lock()


class Mismatch(Exception):
    """The broker under test did something else than expected."""


@contextlib.contextmanager
def case(title):
    """Runs one named case; its failure is reported and remembered, and the next case still runs."""
    global passed
    begun = time.monotonic()
    try:
        yield
    except Exception as failure:  # noqa: BLE001 - whatever went wrong, the case failed
        where = traceback.extract_tb(failure.__traceback__)[-1]
        with counting:
            failures.append(title)
            print(f"FAILED {title}\n       {type(failure).__name__}: {failure}\n       at {where.name}:{where.lineno}", flush=True)
    else:
        with counting:
            passed += 1
            print(f"ok     {title} ({time.monotonic() - begun:.1f} s)", flush=True)


def equal(found, expected, what):
    """Fails unless both are equal; long values are shortened around their first difference."""
    if found != expected:
        raise Mismatch(f"{what}:\n       found    {shorten(found, expected)}\n       expected {shorten(expected, found)}")


def true(condition, what):
    """Fails unless the condition holds."""
    if not condition:
        raise Mismatch(what)


def digest(lines):
    """One figure for a multiset of byte lines: equal exactly when the same lines occur equally often."""
    total = hashlib.sha256()
    for line in sorted(lines):
        total.update(line + b"\n")
    return total.hexdigest()


def shorten(value, other):
    """A value as text, from shortly before the place where it begins to differ from the other one."""
    text, rival = str(value), str(other)
    if len(text) <= 400:
        return text
    differs = next((at for at, (a, b) in enumerate(zip(text, rival)) if a != b), min(len(text), len(rival)))
    return f"... [{max(0, differs - 80)}] {text[max(0, differs - 80):differs + 200]} ... ({len(text)} characters)"
