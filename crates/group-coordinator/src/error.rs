//! Why a group's request is refused.

/// Refusals, one for each of Kafka's error codes that groups use; `handlers` has the mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// An empty group id where one is needed.
    #[error("the group id is not valid")]
    InvalidGroupId,
    /// There is no such group, or it is not of the protocol asked for.
    #[error("there is no such group")]
    GroupIdNotFound,
    /// The member is not, or no longer, in the group.
    #[error("the group does not know this member")]
    UnknownMemberId,
    /// The member id to join with was just given: join again with it (KIP-394).
    #[error("a member id is needed to join")]
    MemberIdRequired,
    /// Another process has the same `group.instance.id` (KIP-345).
    #[error("another process goes by this group instance id")]
    FencedInstanceId,
    /// The request speaks of another generation of the group.
    #[error("another generation of the group is current")]
    IllegalGeneration,
    /// The group rebalances: join again.
    #[error("the group rebalances")]
    RebalanceInProgress,
    /// Protocol type or protocols that the other members do not share.
    #[error("the group's members have no protocol in common with this one")]
    InconsistentGroupProtocol,
    /// Outside `group.min.session.timeout.ms` … `group.max.session.timeout.ms`.
    #[error("the session timeout is out of bounds")]
    InvalidSessionTimeout,
    /// `group.max.size` members are there.
    #[error("the group has as many members as it may have")]
    GroupMaxSizeReached,
    /// The group still has members.
    #[error("the group is not empty")]
    NonEmptyGroup,
    /// A member still reads the topic.
    #[error("the group is subscribed to the topic")]
    GroupSubscribedToTopic,
    /// Metadata beyond `offset.metadata.max.bytes`.
    #[error("the metadata of the offset is too large")]
    OffsetMetadataTooLarge,
    /// What the log would have to say does not fit into a batch of the internal topic. Nothing is written.
    #[error("the records are larger than a batch may be")]
    TooLarge,
    /// There is more to delete than fits into a batch of the internal topic; what fits is deleted. Ask again.
    #[error("there is more to delete than fits into a batch")]
    NotFinished,
    /// Offsets of an open transaction decide what is committed: ask again (KIP-447).
    #[error("a transaction that is not decided holds an offset")]
    UnstableOffsetCommit,
    /// An older epoch than the member's (KIP-848).
    #[error("the member epoch is stale")]
    StaleMemberEpoch,
    /// The member is in another epoch: it has to give everything up and join again (KIP-848).
    #[error("the member is not in this epoch")]
    FencedMemberEpoch,
    /// Another process with the same `group.instance.id` is in the group (KIP-848).
    #[error("the group instance id is in use")]
    UnreleasedInstanceId,
    /// The pattern of a subscription cannot be compiled (KIP-848).
    #[error("the pattern of the subscription is not valid")]
    InvalidRegularExpression,
    /// `group.consumer.assignors` does not have the assignor (KIP-848).
    #[error("there is no such assignor")]
    UnsupportedAssignor,
    /// A heartbeat without what it needs, or with what makes no sense (KIP-848).
    #[error("the request is not valid")]
    InvalidRequest,
    /// A request of a version that the member's protocol does not go with.
    #[error("members of this group need a later version of the request")]
    UnsupportedVersion,
    /// The assignor found no assignment.
    #[error("no assignment was found")]
    NotAssigned,
}
