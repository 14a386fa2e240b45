"""Where reading starts, and what happens at the end."""

from harness.checks import equal, true
from harness.programs import records
from harness.scenario import hexed, numbered, sha

BASE_TIME = 1_700_000_000_000


def waiting_at_the_end(scene):
    """Reads to the end, waits there, and gets the record that comes next."""
    topic = scene.topic("end")
    scene.produce({"topic": topic, "records": numbered(20)})
    program = scene.consumer({"topic": topic, "count": 21}, {"topic": topic, "from": "end", "count": 1})
    program.wait(lambda reports: len(records(reports, 0)) == 20, 30, "what was there is read")
    scene.produce({"topic": topic, "records": numbered(1, first=20)})
    program.wait(lambda reports: len(records(reports, 0)) == 21, 30, "the record that came is read")
    program.wait(lambda reports: any(each["run"] == 1 and "positioned" in each for each in reports), 30, "at the end")
    scene.produce({"topic": topic, "records": numbered(1, first=21)})
    reports = program.finish(30)
    equal([each["offset"] for each in records(reports, 0)], list(range(21)), "offsets read from the beginning")
    found = [(each["offset"], each["value"]) for each in records(reports, 1)]
    equal(found, [(21, sha(b"21"))], "read from the end")


def seeks(scene):
    """Starts at an offset (also inside a batch), at a time, at the beginning."""
    topic = scene.topic("seeks")
    stamped = [{"partition": 0, "value": hexed(str(number).encode()), "timestamp": BASE_TIME + 10 * number}
               for number in range(30)]
    scene.produce({"topic": topic, "codec": "gzip", "records": stamped[:20]}, {"topic": topic, "records": stamped[20:]})
    places = [("beginning", 0), ({"offset": 7}, 7), ({"offset": 29}, 29), ({"time": BASE_TIME}, 0),
              ({"time": BASE_TIME + 131}, 14), ({"time": BASE_TIME + 200}, 20)]
    runs = [{"topic": topic, "from": place, "count": 30 - first} for place, first in places]
    for (place, first), read in zip(places, scene.consume(*runs)):
        equal([each["offset"] for each in read], list(range(first, 30)), f"offsets read from {place}")
        true(all(each["timestamp"] == BASE_TIME + 10 * each["offset"] for each in read), f"timestamps from {place}")
