"""What the verbs of confluent-kafka share: errors, and the settings of members."""

STRATEGIES = {"range": "range", "roundrobin": "roundrobin", "cooperative": "cooperative-sticky"}


def error_fields(error):
    """librdkafka numbers its own errors below 0."""
    return {"code": error.code() if error.code() > 0 else None, "error": f"{error.name()} {error.str()}"}


def member_settings(told):
    """The settings of a consumer that is a member as it is told."""
    settings = {
        "bootstrap.servers": told["bootstrap"],
        "group.id": told["group"],
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "fetch.wait.max.ms": 100,
        "topic.metadata.refresh.interval.ms": 1000,
    }
    settings.update({"group.protocol": "consumer"} if told["strategy"] == "server" else {
        "partition.assignment.strategy": STRATEGIES[told["strategy"]],
        "session.timeout.ms": told["session_ms"],
        "heartbeat.interval.ms": told["heartbeat_ms"],
    })
    if told.get("instance") is not None:
        settings["group.instance.id"] = told["instance"]
    return settings
