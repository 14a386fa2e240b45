"""What the verbs of kafka-python share: errors, and the settings of members."""

from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

STRATEGIES = {
    "range": RangePartitionAssignor,
    "roundrobin": RoundRobinPartitionAssignor,
    "cooperative": CooperativeStickyAssignor,
}


def error_fields(error):
    """The library numbers its own errors below 0, or not at all."""
    number = getattr(error, "errno", None)
    return {"code": number if number is not None and number > 0 else None, "error": repr(error)}


def membership(told):
    """The settings of a consumer that is a member as it is told."""
    return {
        "bootstrap_servers": told["bootstrap"],
        "group_id": told["group"],
        "group_instance_id": told.get("instance"),
        "partition_assignment_strategy": [STRATEGIES[told["strategy"]]],
        "session_timeout_ms": told["session_ms"],
        "heartbeat_interval_ms": told["heartbeat_ms"],
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
    }
