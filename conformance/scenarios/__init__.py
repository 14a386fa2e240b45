"""What every client is put through. A scenario is a function of a `Scene`; its first line says what it exercises."""

from scenarios import administration, bulk, groups, positions, records, refusals

ALL = [
    ("codecs and acks", records.codecs_and_acks),
    ("record fields", records.fields),
    ("the end", positions.waiting_at_the_end),
    ("seeks", positions.seeks),
    ("administration", administration.administration),
    ("refusals", refusals.refusals),
    ("groups", groups.coming_and_going),
    ("cooperative", groups.cooperative),
    ("static members", groups.static_members),
    ("commit and resume", groups.commit_and_resume),
    ("group administration", administration.group_administration),
    ("bulk", bulk.bulk),
]
