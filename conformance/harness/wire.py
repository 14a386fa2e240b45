"""A few requests spoken by hand: whether a node is ready, and topics made before a client is looked at.

They judge nothing: what a broker does right or wrong is judged by other people's clients.
"""

import socket
import struct


def ask(port, key, version, body, seconds=10):
    """One request (header version 1) on a connection of its own; the answer without its header."""
    frame = struct.pack(">hhih", key, version, 1, 5) + b"ready" + body
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(struct.pack(">i", len(frame)) + frame)
        (length,) = struct.unpack(">i", exactly(connection, 4))
        return exactly(connection, length)[4:]


def exactly(connection, length):
    """Reads so many bytes; a connection that closes before is an error."""
    parts = []
    while length > 0:
        part = connection.recv(length)
        if not part:
            raise ConnectionError("the node closed the connection")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def brokers_known(port):
    """How many brokers a node names in its Metadata (version 1, no topic asked); 0 while it does not answer."""
    try:
        return struct.unpack(">i", ask(port, 3, 1, struct.pack(">i", 0))[:4])[0]
    except (OSError, struct.error):
        return 0


def partitions_served(port, topic, partitions):
    """How many partitions of a topic answer ListOffsets without an error."""
    return sum(1 for offset in end_offsets(port, topic, partitions) if offset >= 0)


def end_offsets(port, topic, partitions, committed=False):
    """The end offset of each partition, or its last stable offset (ListOffsets version 2); -1 where the node answers with an
    error or not at all."""
    body = struct.pack(">ibih", -1, committed, 1, len(topic)) + topic.encode() + struct.pack(">i", partitions)
    body += b"".join(struct.pack(">iq", index, -1) for index in range(partitions))
    found = [-1] * partitions
    try:
        answer = ask(port, 2, 2, body)
    except OSError:
        return found
    for index, error, _, offset in struct.iter_unpack(">ihqq", answer[4 + 4 + 2 + len(topic) + 4:]):
        found[index] = offset if error == 0 else -1
    return found


def create_topic(port, topic, partitions, configs, seconds=30):
    """Makes a topic (CreateTopics version 2); an error is an exception."""
    text = lambda word: struct.pack(">h", len(word)) + word.encode()  # noqa: E731
    entries = b"".join(text(key) + text(str(value)) for key, value in configs.items())
    body = struct.pack(">i", 1) + text(topic) + struct.pack(">ihi", partitions, 1, 0)
    body += struct.pack(">i", len(configs)) + entries + struct.pack(">i?", seconds * 1000, False)
    answer = ask(port, 19, 2, body, seconds)
    (error,) = struct.unpack_from(">h", answer, 4 + 4 + 2 + len(topic))
    if error != 0:
        raise ConnectionError(f"CreateTopics of {topic} answered {error}")


def commit_offset(port, group, topic, partition, offset, retention_ms=-1, metadata="", seconds=30):
    """Commits one offset for a group without members, to be kept for so long (OffsetCommit version 2)."""
    text = lambda word: struct.pack(">h", len(word)) + word.encode()  # noqa: E731
    body = text(group) + struct.pack(">i", -1) + text("") + struct.pack(">qi", retention_ms, 1) + text(topic)
    body += struct.pack(">iiq", 1, partition, offset) + text(metadata)
    answer = ask(port, 8, 2, body, seconds)
    (error,) = struct.unpack(">h", answer[-2:])
    if error != 0:
        raise ConnectionError(f"OffsetCommit of {group} answered {error}")
