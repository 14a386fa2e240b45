"""Every API at every version, by raw requests: Milena answers what Apache Kafka answers, field by field.

The Java program in java/wire/ sends the same requests to both and prints each answer as a line of JSON, made of Kafka's
own classes. The lines are compared; what may differ is told in DIFFERENCES, each by the name it has in
docs/differences.md.
"""

import collections
import json
import pathlib

from harness import kafka, processes
from harness.checks import Mismatch, case, true

DOCUMENT = pathlib.Path(__file__).resolve().parent.parent.parent / "docs/differences.md"
UNKNOWN_SERVER_ERROR = -1


def run(world):
    found, expected = lines(world.Node), lines(world.Oracle)
    judge("wire", found, expected, DIFFERENCES)


def judge(suite, found, expected, differences):
    """Compares all answers, one case for each API; `differences` are let pass."""
    with case(f"{suite}: each difference that is let pass stands in docs/differences.md"):
        text = DOCUMENT.read_text()
        missing = [name for name, _ in differences if f"`{name}`" not in text]
        true(not missing, f"not documented: {missing}")
    with case(f"{suite}: both brokers were asked the same"):
        true(list(found) == list(expected), f"{len(found)} and {len(expected)} answers, or others")
    let_pass = collections.Counter()
    by_api = collections.defaultdict(list)
    for question in expected:
        by_api[question[0]].append(question)
    for api, questions in by_api.items():
        versions = {version for _, version, _, _ in questions}
        with case(f"{suite}: {api}: {len(questions)} answers at {len(versions)} versions are Kafka's"):
            compare(questions, found, expected, differences, let_pass)
    print(f"       let pass: {dict(let_pass)}", flush=True)


def lines(Kind):
    """What a fresh broker answered: by API, version, case, and how often that was asked before."""
    with Kind() as node:
        command = kafka.java("wire.Wire", "127.0.0.1", node.port, classes=kafka.compiled("wire"))
        return parsed(processes.run(command, seconds=180).decode())


def parsed(printed):
    """The printed lines by API, version, case, and how often that was asked before."""
    answers, asked = {}, collections.Counter()
    for line in printed.splitlines():
        one = json.loads(line)
        question = (one["api"], one["version"], one["case"])
        answers[(*question, asked[question])] = one["answer"]
        asked[question] += 1
    return answers


def compare(questions, found, expected, differences, let_pass):
    wrong = []
    for question in questions:
        answer = found.get(question, "not asked")
        if answer == expected[question]:
            continue
        name = next((name for name, applies in differences if applies(question, answer, expected[question])), None)
        if name is None:
            wrong.append(f"{question}: {'; '.join(places(answer, expected[question]))[:400]}")
        let_pass[name] += 1
    if wrong:
        raise Mismatch(f"{len(wrong)} answers differ:\n       " + "\n       ".join(wrong[:20]))


def places(found, expected, path=""):
    """Where two answers differ, in words."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in sorted(found.keys() | expected.keys()):
            yield from places(found.get(key, "absent"), expected.get(key, "absent"), f"{path}.{key}")
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for at, (one, other) in enumerate(zip(found, expected)):
            yield from places(one, other, f"{path}[{at}]")
    elif found != expected:
        yield f"{path} is {found}, of Kafka {expected}"


def without(answer, *fields):
    """An answer without some fields, wherever they stand."""
    if isinstance(answer, dict):
        return {key: without(value, *fields) for key, value in answer.items() if key not in fields}
    if isinstance(answer, list):
        return [without(value, *fields) for value in answer]
    return answer


def fewer_apis(question, found, expected):
    """Every API that is advertised is advertised as Kafka does, and nothing else of the answer differs."""
    if question[0] != "API_VERSIONS" or "apiKeys" not in found:
        return False
    same = without(found, "apiKeys") == without(expected, "apiKeys")
    return same and len(found["apiKeys"]) >= 15 and all(api in expected["apiKeys"] for api in found["apiKeys"])


def kafka_stumbles(question, found, expected):
    """Kafka's answer is UNKNOWN_SERVER_ERROR, or nothing: an exception that nobody expected there."""
    return expected == "no answer" or f'"errorCode": {UNKNOWN_SERVER_ERROR}' in json.dumps(expected)


def automatic_creation(question, found, expected):
    return question[0] == "METADATA" and question[2] in ("unknown, to be made", "collision, to be made")


def refused_settings(question, found, expected):
    """Settings that Kafka lets be altered and that are refused here are told as read-only, and nothing else differs."""
    if question[0] != "DESCRIBE_CONFIGS" or without(found, "readOnly") != without(expected, "readOnly"):
        return False
    pairs = [(ours, theirs) for one, other in zip(found["results"], expected["results"])
             for ours, theirs in zip(one["configs"], other["configs"])]
    names = [ours["name"] for ours, theirs in pairs if ours["readOnly"] and not theirs["readOnly"]]
    others = [ours["name"] for ours, theirs in pairs if theirs["readOnly"] and not ours["readOnly"]]
    return not others and all(name in REFUSED or name.startswith(("ssl.", "sasl.")) for name in names)


def unknown_settings(question, found, expected):
    """Settings of brokers that no Kafka knows, which Kafka keeps for plug-ins."""
    return "no.such.setting=7" in question[2]


def normal_form(question, found, expected):
    written = ("retention.ms= 5 ", "unclean.leader.election.enable=TRUE", "cleanup.policy=compact , delete")
    return question[2] in tuple(f"with {setting}" for setting in written) and (
        without(found, "value") == without(expected, "value"))


def good_and_invalid(question, found, expected):
    """Two sets of records for one partition, of which one is refused before the log sees it."""
    return question[2] in ("one partition twice, invalid and then good", "all that was produced good and invalid in 0")


def doubled_words(question, found, expected):
    return question[2] == "with cleanup.policy=delete,delete"


REFUSED = ["config.providers", "cordoned.log.dirs", "listener.security.protocol.map", "listeners", "metric.reporters",
           "principal.builder.class"]

DIFFERENCES = [
    ("fewer-apis", fewer_apis),
    ("kafka-stumbles", kafka_stumbles),
    ("automatic-creation", automatic_creation),
    ("refused-settings", refused_settings),
    ("unknown-settings", unknown_settings),
    ("settings-in-normal-form", normal_form),
    ("good-and-invalid", good_and_invalid),
    ("doubled-words", doubled_words),
]
