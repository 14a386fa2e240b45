"""Kafka's commands against the node under test and against the oracle: what they print has to be the same once masked.

Lines are compared in sorted order, for the tools print what they keep in hash maps.
"""

import re
from concurrent.futures import ThreadPoolExecutor

from harness import kafka
from harness.checks import equal


class SideBySide:
    """Both nodes, given the same commands; each has a Java process that runs them."""

    def __init__(self, node, oracle):
        self.node, self.oracle = node, oracle
        self.tools = {one: kafka.Tools() for one in (node, oracle)}

    def same(self, tool, *arguments, mask=str):
        """Runs a command against both; what it prints has to be the same, and is returned."""
        with ThreadPoolExecutor(2) as at_once:
            found, expected = at_once.map(lambda one: mask(self.output(one, tool, *arguments)), (self.node, self.oracle))
        equal(unordered(found), unordered(expected), f"what {tool} {' '.join(map(str, arguments))} prints")
        return found

    def output(self, node, tool, *arguments):
        text, code = self.tools[node].run(tool, "--bootstrap-server", node.bootstrap, *arguments)
        return masked(f"{text}exit {code}", node)

    def close(self):
        for tools in self.tools.values():
            tools.close()


def masked(text, node):
    """Text without what differs from run to run: addresses, topic ids, times, stack traces and log lines."""
    text = kafka.sorted_settings(text.replace(node.bootstrap, "SERVER"))
    text = re.sub(r"TopicId: \S{22}", "TopicId: ID", text)
    text = re.sub(r"CreateTime:\d+", "CreateTime:TIME", text)
    text = re.sub(r"\[20\d\d-[^\]]*\] ", "", text)
    lines = [line for line in text.splitlines() if not re.match(r"\s+at |\d\d:\d\d:\d\d,\d+ |Caused by:|\s+\.\.\. ", line)]
    return "\n".join(lines)


def unordered(text):
    """Lines in sorted order, columns parted by one space, without ids of members and without the words of errors.

    The words are each broker's own; the exception stands for the error's code.
    """
    text = re.sub(r"(?<=Exception: ).*", "WORDS", text)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)
    text = re.sub(r"(?<=\s)[0-9A-Za-z+/_-]{22}(?=\s)", "ID", text)
    return sorted(" ".join(line.split()) for line in text.splitlines())
