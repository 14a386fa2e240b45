"""What every client is put through. A scenario is a function of a `Scene`; its first line says what it exercises. Beside
it stands what a client may lack that it cannot do without.
"""

from scenarios import administration, bulk, groups, positions, records, refusals

ALL = [
    ("codecs and acks", records.codecs_and_acks, None),
    ("record fields", records.fields, None),
    ("the end", positions.waiting_at_the_end, None),
    ("seeks", positions.seeks, None),
    ("administration", administration.administration, None),
    ("refusals", refusals.refusals, None),
    ("groups", groups.coming_and_going, None),
    ("cooperative", groups.cooperative, "cooperative"),
    ("static members", groups.static_members, "static"),
    ("commit and resume", groups.commit_and_resume, None),
    ("group administration", administration.group_administration, None),
    ("bulk", bulk.bulk, None),
]
