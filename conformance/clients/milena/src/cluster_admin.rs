//! The steps of admin that only the suite client-library asks for: what its scenario of this library's own is made of.

use std::collections::BTreeMap;

use client::ClientError;
use client::admin::{
    ElectionType, FeatureDirection, FeatureUpdate, QuorumReplica, QuotaEntity, QuotaFilter, QuotaMatch,
    ResourceType, Whose,
};
use serde_json::{Value, json};
use types::{NodeId, TopicPartition};

use crate::admin::{Step, done, only};

pub async fn answer(step: &Step<'_>) -> Result<Value, ClientError> {
    let admin = step.admin;
    match step.text("do") {
        "features" => {
            let features = admin.describe_features().await?;
            let told =
                |feature: client::admin::FeatureDescription| json!([feature.supported, feature.finalized]);
            Ok(Value::Object(features.into_iter().map(|(name, feature)| (name, told(feature))).collect()))
        }
        "update_feature" => {
            let update = FeatureUpdate {
                level: step.number("level") as i16,
                direction: match step.text("direction") {
                    "upgrade" => FeatureDirection::Upgrade,
                    "safe" => FeatureDirection::SafeDowngrade,
                    _ => FeatureDirection::UnsafeDowngrade,
                },
            };
            let updates = BTreeMap::from([(step.text("feature").to_owned(), update)]);
            done(admin.update_features(&updates, step.effect()).await?)
        }
        "quorum" => {
            let quorum = admin.describe_quorum().await?;
            let replicas = |replicas: &[QuorumReplica]| {
                let told = replicas.iter().map(|replica| {
                    let has_end = replica.log_end.is_some_and(|end| end.0 > 0);
                    json!([replica.node.0, !replica.directory_id.is_zero(), has_end])
                });
                told.collect::<Value>()
            };
            let (voters, observers) = (replicas(&quorum.voters), replicas(&quorum.observers));
            let is_led = quorum.leader_epoch.0 > 0 && quorum.high_watermark.0 > 0;
            Ok(json!({"leader": quorum.leader.0, "led": is_led, "voters": voters, "observers": observers}))
        }
        "alter_quota" => {
            let values = step.object("set").map(|(key, value)| (key.clone(), value.as_f64()));
            let changes = BTreeMap::from([(entity(step), values.collect())]);
            done(admin.alter_quotas(&changes, step.effect()).await?)
        }
        "describe_quotas" => {
            let matches = step.object("match").map(|(kind, wanted)| {
                let wanted = match wanted.as_str() {
                    None => QuotaMatch::Default,
                    Some("*") => QuotaMatch::Any,
                    Some(name) => QuotaMatch::Exact(name.to_owned()),
                };
                (kind.clone(), wanted)
            });
            let filter = if step.step["strict"] == true { QuotaFilter::Strict } else { QuotaFilter::Loose };
            let mut found = admin.describe_quotas(&matches.collect(), filter).await?;
            found.sort_by(|(left, _), (right, _)| left.cmp(right));
            Ok(found.into_iter().map(|(entity, values)| json!([entity, values])).collect())
        }
        "scram" => {
            let users: Vec<String> =
                step.list("users").filter_map(Value::as_str).map(str::to_owned).collect();
            let asked = Some(users.as_slice()).filter(|users| !users.is_empty());
            let described = admin.describe_scram_credentials(asked).await?;
            let told = described.into_iter().map(|(user, outcome)| {
                let outcome = outcome.map(|credentials| json!(credentials.len()));
                (user, outcome.unwrap_or_else(|error| json!({"code": error.code().map(|code| code.code())})))
            });
            Ok(Value::Object(told.collect()))
        }
        "reassign" => {
            let to = step.step["to"].as_array().map(|nodes| {
                nodes.iter().filter_map(Value::as_i64).map(|node| NodeId(node as i32)).collect()
            });
            done(admin.alter_reassignments(&BTreeMap::from([(step.place(), to)])).await?)
        }
        "reassignments" => {
            let place = [step.place()];
            let of_one = admin.list_reassignments(Some(&place)).await?.len();
            Ok(json!([of_one, admin.list_reassignments(None).await?.len()]))
        }
        "elect" => {
            let kind = match step.text("type") {
                "preferred" => ElectionType::Preferred,
                _ => ElectionType::Unclean,
            };
            match step.text("topic") {
                "" => Ok(json!(admin.elect_leaders(kind, None).await?.len())),
                _ => done(admin.elect_leaders(kind, Some(&[step.place()])).await?),
            }
        }
        "delete_all_records" => {
            Ok(json!(only(admin.delete_records(&BTreeMap::from([(step.place(), None)])).await?)?.0))
        }
        "producers" => {
            let found = only(admin.describe_producers(&[step.place()]).await?)?;
            let told = found.iter().map(|producer| {
                let is_known = producer.producer_id >= 0 && producer.last_timestamp_ms > 0;
                json!([
                    is_known,
                    producer.epoch,
                    producer.last_sequence,
                    producer.transaction_start.is_some()
                ])
            });
            Ok(told.collect())
        }
        "log_dirs" => {
            let node = NodeId(step.number("node") as i32);
            let place = [step.place()];
            let directories = admin.describe_log_dirs(node, Whose::Of(&place)).await?;
            let all = admin.describe_log_dirs(node, Whose::Everyones).await?;
            let holds =
                |partitions: &[(TopicPartition, _)]| partitions.iter().any(|(held, _)| *held == place[0]);
            let told = directories.iter().zip(&all).map(|(directory, whole)| {
                let sizes = directory.partitions.iter().map(|(held, replica)| {
                    json!([
                        held.topic.to_string(),
                        held.partition.0,
                        replica.bytes > 0,
                        replica.offset_lag,
                        replica.is_future
                    ])
                });
                let has_room =
                    directory.total_bytes >= directory.usable_bytes && directory.usable_bytes > Some(0);
                json!([
                    directory.error.is_none(),
                    has_room,
                    sizes.collect::<Value>(),
                    holds(&whole.partitions)
                ])
            });
            Ok(told.collect())
        }
        "unregister" => {
            admin.unregister_broker(NodeId(step.number("node") as i32)).await.map(|()| Value::Null)
        }
        "config_resources" => {
            let kinds = step.list("kinds").filter_map(Value::as_str);
            let kinds =
                kinds.filter_map(|kind| ResourceType::ALL.into_iter().find(|known| known.name() == kind));
            let found = admin.list_config_resources(&kinds.collect::<Vec<_>>()).await?;
            Ok(found.into_iter().map(|resource| resource.to_string()).collect())
        }
        other => panic!("no such step: {other}"),
    }
}

/// Whom a quota is for: null stands for the default of a kind.
fn entity(step: &Step<'_>) -> QuotaEntity {
    step.object("entity").map(|(kind, name)| (kind.clone(), name.as_str().map(str::to_owned))).collect()
}
