//! Every record of the metadata log, as one enum.

use protocol::records::abort_transaction_record::AbortTransactionRecord;
use protocol::records::access_control_entry_record::AccessControlEntryRecord;
use protocol::records::begin_transaction_record::BeginTransactionRecord;
use protocol::records::broker_registration_change_record::BrokerRegistrationChangeRecord;
use protocol::records::clear_elr_record::ClearElrRecord;
use protocol::records::client_quota_record::ClientQuotaRecord;
use protocol::records::config_record::ConfigRecord;
use protocol::records::delegation_token_record::DelegationTokenRecord;
use protocol::records::end_transaction_record::EndTransactionRecord;
use protocol::records::feature_level_record::FeatureLevelRecord;
use protocol::records::fence_broker_record::FenceBrokerRecord;
use protocol::records::no_op_record::NoOpRecord;
use protocol::records::partition_change_record::PartitionChangeRecord;
use protocol::records::partition_record::PartitionRecord;
use protocol::records::producer_ids_record::ProducerIdsRecord;
use protocol::records::register_broker_record::RegisterBrokerRecord;
use protocol::records::register_controller_record::RegisterControllerRecord;
use protocol::records::remove_access_control_entry_record::RemoveAccessControlEntryRecord;
use protocol::records::remove_delegation_token_record::RemoveDelegationTokenRecord;
use protocol::records::remove_topic_record::RemoveTopicRecord;
use protocol::records::remove_user_scram_credential_record::RemoveUserScramCredentialRecord;
use protocol::records::topic_record::TopicRecord;
use protocol::records::unfence_broker_record::UnfenceBrokerRecord;
use protocol::records::unregister_broker_record::UnregisterBrokerRecord;
use protocol::records::user_scram_credential_record::UserScramCredentialRecord;
use protocol::records::zk_migration_state_record::ZkMigrationStateRecord;
use protocol::{DecodeError, EncodeError, Reader, Writer};

use crate::{MetadataVersion, RecordError};

macro_rules! metadata_records {
    ($($(#[$doc:meta])* $variant:ident($record:ident),)*) => {
        /// A record of the metadata log. A change here is a change of the log's format.
        #[derive(Clone, Debug, PartialEq)]
        pub enum MetadataRecord {
            $($(#[$doc])* $variant($record),)*
        }

        impl MetadataRecord {
            /// The number that stands for the record's type in the log.
            pub fn record_type(&self) -> i16 {
                match self {
                    $(Self::$variant(_) => $record::API_KEY,)*
                }
            }

            /// Kafka's name of the record's type, such as `TopicRecord`.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => stringify!($record),)*
                }
            }

            pub(crate) fn decode_body(
                reader: &mut Reader,
                record_type: u32,
                version: i16,
            ) -> Result<Self, RecordError> {
                $(
                    if record_type == $record::API_KEY as u32 {
                        return body($record::decode(reader, version)).map(Self::$variant);
                    }
                )*
                Err(RecordError::UnknownType(record_type))
            }

            pub(crate) fn encode_body(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
                match self {
                    $(Self::$variant(record) => record.encode(writer, version),)*
                }
            }
        }

        $(
            impl From<$record> for MetadataRecord {
                fn from(record: $record) -> Self {
                    Self::$variant(record)
                }
            }
        )*
    };
}

metadata_records! {
    /// A broker has registered; replaces an earlier registration.
    RegisterBroker(RegisterBrokerRecord),
    /// A broker is gone for good.
    UnregisterBroker(UnregisterBrokerRecord),
    /// A topic exists; its partitions follow.
    Topic(TopicRecord),
    /// A partition exists, or is replaced as a whole.
    Partition(PartitionRecord),
    /// A dynamic setting of a resource; null removes it.
    Config(ConfigRecord),
    /// Some fields of a partition change.
    PartitionChange(PartitionChangeRecord),
    /// A broker is fenced (written by Kafka before 3.2).
    FenceBroker(FenceBrokerRecord),
    /// A broker is not fenced any more (written by Kafka before 3.2).
    UnfenceBroker(UnfenceBrokerRecord),
    /// A topic is deleted with its partitions and settings.
    RemoveTopic(RemoveTopicRecord),
    /// A delegation token exists.
    DelegationToken(DelegationTokenRecord),
    /// A SCRAM credential exists.
    UserScramCredential(UserScramCredentialRecord),
    /// A feature is finalized at a level; 0 removes it.
    FeatureLevel(FeatureLevelRecord),
    /// A client quota exists or is removed.
    ClientQuota(ClientQuotaRecord),
    /// Producer ids below this one are given away.
    ProducerIds(ProducerIdsRecord),
    /// A broker is fenced, unfenced, shutting down, or has other directories.
    BrokerRegistrationChange(BrokerRegistrationChangeRecord),
    /// An access control entry exists.
    AccessControlEntry(AccessControlEntryRecord),
    /// An access control entry is removed.
    RemoveAccessControlEntry(RemoveAccessControlEntryRecord),
    /// Nothing; moves the end of the log.
    NoOp(NoOpRecord),
    /// How far a migration from ZooKeeper has come; means nothing any more.
    ZkMigrationState(ZkMigrationStateRecord),
    /// A SCRAM credential is removed.
    RemoveUserScramCredential(RemoveUserScramCredentialRecord),
    /// The records up to the end or abort take effect together.
    BeginTransaction(BeginTransactionRecord),
    /// The records since the beginning take effect.
    EndTransaction(EndTransactionRecord),
    /// The records since the beginning never happened.
    AbortTransaction(AbortTransactionRecord),
    /// A delegation token is removed.
    RemoveDelegationToken(RemoveDelegationTokenRecord),
    /// A controller has registered.
    RegisterController(RegisterControllerRecord),
    /// A topic's, or every topic's, eligible leader replicas are forgotten.
    ClearElr(ClearElrRecord),
}

fn body<T>(decoded: Result<T, DecodeError>) -> Result<T, RecordError> {
    decoded.map_err(RecordError::Decode)
}

impl MetadataRecord {
    /// The version this record is written at.
    pub fn version_at(&self, metadata_version: MetadataVersion) -> i16 {
        match self {
            Self::RegisterBroker(_) => metadata_version.register_broker_record(),
            Self::BrokerRegistrationChange(record) => registration_change_version(record),
            Self::Partition(_) | Self::PartitionChange(_) => metadata_version.partition_record(),
            _ => 0,
        }
    }
}

/// The oldest version that carries what changes, so that older members of the cluster understand what concerns them.
fn registration_change_version(record: &BrokerRegistrationChangeRecord) -> i16 {
    if record.cordoned_log_dirs.is_some() {
        3
    } else if !record.log_dirs.is_empty() {
        2
    } else {
        i16::from(record.in_controlled_shutdown != 0)
    }
}
