"""What every client is put through. A scenario is a function of a `Scene`; its first line says what it exercises. Beside
it stands what a client may lack that it cannot do without.
"""

from scenarios import administration, bulk, groups, positions, records, refusals, transactions

ALL = [
    ("codecs and acks", records.codecs_and_acks, "produce"),
    ("record fields", records.fields, "produce"),
    ("the end", positions.waiting_at_the_end, "produce"),
    ("seeks", positions.seeks, "produce"),
    ("administration", administration.administration, "admin"),
    ("refusals", refusals.refusals, "admin"),
    ("groups", groups.coming_and_going, "member"),
    ("cooperative", groups.cooperative, "cooperative"),
    ("static members", groups.static_members, "static"),
    ("consumer protocol", groups.server_assigned, "consumer protocol"),
    ("changing protocols", groups.changing_protocols, "consumer protocol"),
    ("commit and resume", groups.commit_and_resume, "member"),
    ("group administration", administration.group_administration, "admin"),
    ("transactions", transactions.committed_and_aborted, "transactions"),
    ("fencing", transactions.fencing, "transactions"),
    ("read-process-write", transactions.read_process_write, "transactions"),
    ("bulk", bulk.bulk, "produce"),
]
