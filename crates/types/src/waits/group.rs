//! What a consumer group waits for.

use std::fmt;

use super::Explanation;
use crate::{Offset, TopicPartition};

/// A member of a group, as far as it helps to find its process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingMember {
    /// The id that the coordinator gave it.
    pub member_id: String,
    /// Its `group.instance.id`, where it is a static member (KIP-345).
    pub group_instance_id: Option<String>,
    /// Its client's id.
    pub client_id: String,
    /// Its client's address, such as `/127.0.0.1`.
    pub client_host: String,
    /// Milliseconds until it is taken for dead; `None` while it waits for the coordinator, which excuses its silence.
    pub session_left_ms: Option<i64>,
}

impl fmt::Display for WaitingMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "member {} of client {} at {}", self.member_id, self.client_id, self.client_host)?;
        if let Some(instance_id) = &self.group_instance_id {
            write!(f, ", instance {instance_id}")?;
        }
        match self.session_left_ms {
            Some(left_ms) => write!(f, ", session ends in {left_ms} ms"),
            None => Ok(()),
        }
    }
}

/// A partition that a member is assigned, and that the group has not committed to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaggingPartition {
    /// Which.
    pub partition: TopicPartition,
    /// What the group committed last; `None` where it never did.
    pub committed: Option<LastCommit>,
    /// First offset that can be read.
    pub log_start: Offset,
    /// First offset that cannot be read yet.
    pub high_watermark: Offset,
}

/// The last commit of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastCommit {
    /// The first record that is not read.
    pub offset: Offset,
    /// How long ago it came, in milliseconds.
    pub ago_ms: i64,
}

impl LaggingPartition {
    /// Offsets that are there to be read, from the committed one on.
    pub fn lag(&self) -> i64 {
        let next = self.committed.map_or(self.log_start, |last| last.offset.max(self.log_start));
        self.high_watermark.0.saturating_sub(next.0).max(0)
    }
}

impl fmt::Display for LaggingPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self { partition, high_watermark, .. }, lag) = (self, self.lag());
        write!(f, "{partition}: high watermark {high_watermark}, lag {lag}, ")?;
        match self.committed {
            Some(LastCommit { offset, ago_ms }) => write!(f, "committed {offset} {ago_ms} ms ago"),
            None => f.write_str("never committed"),
        }
    }
}

/// What a consumer group waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupWait {
    /// Its coordinator reads the log.
    Loading,
    /// What its coordinator wrote is not committed yet, and answers of the coordinator wait for that; perhaps those of
    /// other groups beside it.
    NotCommitted {
        /// The partition of the internal topic that holds the group.
        partition: TopicPartition,
        /// Answers that wait.
        replies: usize,
    },
    /// The group was empty, and gives further members time to come (`group.initial.rebalance.delay.ms`).
    InitialDelay {
        /// Until it goes on with those who are there.
        left_ms: i64,
        /// By how much members that still come can put that off.
        may_grow_ms: i64,
    },
    /// The group rebalances, and a member has not joined again.
    MemberHasNotJoined {
        /// Which.
        member: WaitingMember,
        /// Until the group goes on without it: the longest rebalance timeout of its members.
        left_ms: i64,
    },
    /// A client was told its member id, and has not joined with it (KIP-394).
    PendingMember {
        /// The id.
        member_id: String,
        /// Until it is forgotten: its session timeout.
        left_ms: i64,
    },
    /// The leader has not said who reads what.
    AssignmentIsMissing {
        /// Who has to.
        leader: WaitingMember,
        /// Until the leader is out, and the group rebalances.
        left_ms: i64,
    },
    /// A member knows the generation, and has not asked for its assignment.
    MemberHasNotSynced {
        /// Which.
        member: WaitingMember,
        /// Until it is out, and the group rebalances.
        left_ms: i64,
    },
    /// A consumer group (KIP-848) has changed, and its target assignment is of before: the next heartbeat of a member makes
    /// it anew.
    TargetIsDue {
        /// The group's epoch.
        group_epoch: i32,
        /// The epoch of the target assignment.
        assignment_epoch: i32,
        /// Until it may be made, where the last one was made just now.
        left_ms: Option<i64>,
    },
    /// The target assignment of a consumer group is being made.
    TargetIsMade {
        /// For how long.
        for_ms: i64,
        /// Until that is given up, and the next heartbeat asks for it again.
        left_ms: i64,
    },
    /// The topics that patterns of a consumer group mean are being looked for.
    PatternsAreResolved {
        /// For how long.
        for_ms: i64,
        /// Until that is given up.
        left_ms: i64,
    },
    /// A member of a consumer group has not heard of the target assignment.
    MemberIsBehind {
        /// Which.
        member: WaitingMember,
        /// Its epoch.
        epoch: i32,
        /// That of the target assignment.
        assignment_epoch: i32,
    },
    /// A member of a consumer group has not said that it gave partitions up.
    MemberHasToGiveUp {
        /// Which.
        member: WaitingMember,
        /// The first of them.
        partitions: Vec<TopicPartition>,
        /// Partitions beside them.
        others: usize,
        /// Until it is out: its rebalance timeout.
        left_ms: Option<i64>,
    },
    /// A member of a consumer group is to have partitions that others have.
    MemberWaitsForPartitions {
        /// Which.
        member: WaitingMember,
        /// The first of them, each with the id of the member that has it.
        partitions: Vec<(TopicPartition, String)>,
        /// Partitions beside them.
        others: usize,
    },
    /// A static member of a consumer group has left, and may come back.
    StaticMemberIsAway {
        /// Which.
        member: WaitingMember,
    },
    /// A member sends heartbeats, has records to read, and has committed nothing for a while: a hint, for its records may
    /// have come this moment, or it may keep its offsets elsewhere.
    MemberDoesNotGetOn {
        /// Which.
        member: WaitingMember,
        /// What it does not get on with, the largest lag first.
        partitions: Vec<LaggingPartition>,
        /// Partitions beside them, of which nothing is told.
        others: usize,
    },
}

impl From<&GroupWait> for Explanation {
    fn from(wait: &GroupWait) -> Self {
        let explain = |code: &'static str, cause: &str, evidence, freed_by: &str, left_ms| Self {
            code: code.into(),
            cause: cause.to_owned(),
            evidence,
            freed_by: freed_by.to_owned(),
            left_ms,
        };
        match wait {
            GroupWait::Loading => explain(
                "group.loading",
                "the coordinator is reading its log",
                Vec::new(),
                "the end of the log",
                None,
            ),
            GroupWait::NotCommitted { partition, replies } => explain(
                "group.not-committed",
                "what the coordinator wrote is not committed",
                vec![format!("answers of groups in {partition} that wait for it: {replies}")],
                &format!("the high watermark of {partition} (`milena why partition {partition}`)"),
                None,
            ),
            GroupWait::InitialDelay { left_ms, may_grow_ms } => explain(
                "group.initial-delay",
                "the first members have joined, and more may come",
                vec![format!("members that come now can put it off by up to {may_grow_ms} ms")],
                "time (group.initial.rebalance.delay.ms)",
                Some(*left_ms),
            ),
            GroupWait::MemberHasNotJoined { member, left_ms } => explain(
                "group.member-has-not-joined",
                "the group rebalances, and a member has not joined again",
                vec![member.to_string()],
                "its JoinGroup, its LeaveGroup, the end of its session",
                Some(*left_ms),
            ),
            GroupWait::PendingMember { member_id, left_ms } => explain(
                "group.pending-member",
                "a client was given a member id, and has not joined with it",
                vec![format!("member id {member_id}")],
                "its JoinGroup",
                Some(*left_ms),
            ),
            GroupWait::AssignmentIsMissing { leader, left_ms } => explain(
                "group.assignment-is-missing",
                "the leader has not assigned",
                vec![leader.to_string()],
                "the leader's SyncGroup, or a rebalance",
                Some(*left_ms),
            ),
            GroupWait::MemberHasNotSynced { member, left_ms } => explain(
                "group.member-has-not-synced",
                "a member has not asked for its assignment",
                vec![member.to_string()],
                "its SyncGroup",
                Some(*left_ms),
            ),
            GroupWait::TargetIsDue { group_epoch, assignment_epoch, left_ms } => explain(
                "group.target-is-due",
                "the group has changed since partitions were shared out",
                vec![format!("group epoch {group_epoch}, assignment epoch {assignment_epoch}")],
                "the next heartbeat of a member, once consumer.assignment.interval.ms has passed since the last assignment",
                *left_ms,
            ),
            GroupWait::TargetIsMade { for_ms, left_ms } => explain(
                "group.target-is-made",
                "partitions are being shared out",
                vec![format!("for {for_ms} ms")],
                "the end of that; where it is lost, a later heartbeat",
                Some(*left_ms),
            ),
            GroupWait::PatternsAreResolved { for_ms, left_ms } => explain(
                "group.patterns-are-resolved",
                "the topics that patterns mean are being looked for",
                vec![format!("for {for_ms} ms")],
                "the end of that; where it is lost, a later heartbeat",
                Some(*left_ms),
            ),
            GroupWait::MemberIsBehind { member, epoch, assignment_epoch } => explain(
                "group.member-is-behind",
                "a member has not heard of its new share",
                vec![member.to_string(), format!("its epoch {epoch}, assignment epoch {assignment_epoch}")],
                "its heartbeat, the end of its session",
                member.session_left_ms,
            ),
            GroupWait::MemberHasToGiveUp { member, partitions, others, left_ms } => {
                let told = partitions.iter().map(ToString::to_string).collect();
                explain(
                    "group.member-has-to-give-up",
                    "a member still has partitions that others are to have",
                    listed(member, told, *others),
                    "its heartbeat without them, its rebalance timeout, the end of its session",
                    *left_ms,
                )
            }
            GroupWait::MemberWaitsForPartitions { member, partitions, others } => {
                let told = partitions.iter().map(|(partition, owner)| format!("{partition}: {owner} has it"));
                explain(
                    "group.member-waits-for-partitions",
                    "a member is to have partitions that others have",
                    listed(member, told.collect(), *others),
                    "the others, when they give them up, and then its own heartbeat",
                    None,
                )
            }
            GroupWait::StaticMemberIsAway { member } => explain(
                "group.static-member-is-away",
                "a static member has left, and its partitions are kept for it",
                vec![member.to_string()],
                "a member with its instance id, the end of its session",
                member.session_left_ms,
            ),
            GroupWait::MemberDoesNotGetOn { member, partitions, others } => {
                let told = partitions.iter().map(LaggingPartition::to_string).collect();
                explain(
                    "group.member-does-not-get-on",
                    "a member is alive, and commits nothing although there is more to read",
                    listed(member, told, *others),
                    "its next commit; where it has stopped to poll, its own max.poll.interval.ms, after which it leaves",
                    None,
                )
            }
        }
    }
}

/// A member, its partitions, and how many more there are.
fn listed(member: &WaitingMember, partitions: Vec<String>, others: usize) -> Vec<String> {
    let mut evidence = vec![member.to_string()];
    evidence.extend(partitions);
    if others > 0 {
        evidence.push(format!("partitions beside them: {others}"));
    }
    evidence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explanation_names_the_cause_what_shows_it_and_what_frees_it() {
        let member = WaitingMember {
            member_id: "a-1".to_owned(),
            group_instance_id: None,
            client_id: "a".to_owned(),
            client_host: "/10.0.0.1".to_owned(),
            session_left_ms: Some(700),
        };
        let wait = GroupWait::MemberHasNotJoined { member, left_ms: 60_000 };
        let text = Explanation::from(&wait).to_string();
        let expected = "the group rebalances, and a member has not joined again [group.member-has-not-joined]\n  \
                        seen: member a-1 of client a at /10.0.0.1, session ends in 700 ms\n  \
                        freed by: its JoinGroup, its LeaveGroup, the end of its session, or in 60000 ms";
        assert_eq!(text, expected);
    }

    #[test]
    fn lag_counts_what_can_be_read_and_is_not_committed() {
        let partition = |committed: Option<i64>, log_start, high_watermark| LaggingPartition {
            partition: TopicPartition::new("t", 0),
            committed: committed.map(|offset| LastCommit { offset: Offset(offset), ago_ms: 70_000 }),
            log_start: Offset(log_start),
            high_watermark: Offset(high_watermark),
        };
        let told = "t-0: high watermark 10, lag 7, committed 3 70000 ms ago";
        assert_eq!(partition(Some(3), 0, 10).to_string(), told);
        assert_eq!(partition(None, 4, 10).to_string(), "t-0: high watermark 10, lag 6, never committed");
        let lags = [(Some(3), 8, 10), (Some(10), 0, 10), (Some(11), 0, 10), (None, 10, 10)];
        assert_eq!(lags.map(|(committed, start, end)| partition(committed, start, end).lag()), [2, 0, 0, 0]);
    }
}
