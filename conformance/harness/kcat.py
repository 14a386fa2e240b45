"""kcat, the command line of librdkafka."""

from harness import processes


def produce(broker, topic, lines, *options, seconds=120):
    """Sends lines (bytes) as records and returns when all were delivered."""
    run(broker, "-P", "-t", topic, *options, stdin=b"".join(line + b"\n" for line in lines), seconds=seconds)


def consume(broker, topic, *options, format="%s\\n", seconds=120):
    """Reads a topic to its end (or as the options say) and returns what the format makes of it, line by line."""
    options = options if "-c" in options else ("-e", *options)
    return run(broker, "-C", "-q", "-t", topic, "-f", format, *options, seconds=seconds).splitlines()


def run(broker, *options, stdin=None, seconds=60):
    """Runs kcat against a broker and returns its standard output."""
    return processes.run(["kcat", "-b", broker.bootstrap, *map(str, options)], stdin=stdin, seconds=seconds)


def start(broker, *options, **pipes):
    """Starts kcat against a broker and lets it run."""
    return processes.start(["kcat", "-b", broker.bootstrap, *map(str, options)], **pipes)
