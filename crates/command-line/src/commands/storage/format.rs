//! `milena storage format`: what `kafka-storage format` of Apache Kafka leaves, byte for byte but for times and ids.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use controller_node::format::{FormatOptions, NewQuorum, format_fresh, new_id};
use io::{Clock, Disk};
use log::log_dirs::DataDirectory;
use metadata::MetadataVersion;

use super::directory::{DirectoryState, FoundDirectory};
use super::{NodeArguments, directories};
use crate::commands::arguments::OutputArguments;
use crate::commands::{connect, key_value};
use crate::failure::Failure;
use crate::output::{Report, Value, View};
use crate::settings::NodeSettings;

/// Options of `milena storage format`.
#[derive(Args, Clone, Debug)]
pub struct FormatArguments {
    /// The cluster's id; all its nodes are formatted with the same one [default: CLUSTER_ID of the environment, or a random one].
    #[arg(short = 't', long, value_name = "ID")]
    pub cluster_id: Option<String>,

    /// The node is a cluster of its own, as its only voter; so it is taken where nothing else is asked for.
    #[arg(short = 's', long, conflicts_with = "no_initial_controllers")]
    pub standalone: bool,

    /// The node joins a cluster whose voters let it in.
    #[arg(short = 'N', long)]
    pub no_initial_controllers: bool,

    /// Begin with the features of this release, such as 4.0 or 4.1-IV1 [default: the newest].
    #[arg(short = 'r', long, value_name = "RELEASE")]
    pub release_version: Option<String>,

    /// Begin with a feature at this level; 0 leaves it out; may be repeated.
    #[arg(short = 'f', long = "feature", value_name = "NAME=LEVEL", value_parser = key_value::parse)]
    pub features: Vec<(String, String)>,

    /// Leave formatted directories as they are, and format the others.
    #[arg(short = 'g', long)]
    pub ignore_formatted: bool,

    /// Say what would be done, and do nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// Whose directories.
    #[command(flatten)]
    pub node: NodeArguments,

    /// How the answer is printed.
    #[command(flatten)]
    pub output: OutputArguments,
}

pub(crate) fn format(arguments: &FormatArguments) -> Result<(), Failure> {
    let settings = arguments.node.settings()?;
    let entropy = connect::entropy()?;
    let (version, chosen) = features(arguments)?;
    let bootstrap_records =
        controller_node::records_at(version, &chosen).map_err(|error| Failure::usage("feature", error))?;
    let paths = directories(&settings);
    let found: Vec<FoundDirectory> = paths.iter().map(|path| FoundDirectory::look(path)).collect();
    let owner = found.iter().find_map(|directory| match &directory.state {
        DirectoryState::Formatted(meta) => Some(meta.cluster_id.clone()),
        _ => None,
    });
    let named = arguments.cluster_id.clone().or(settings.config.cluster_id.clone());
    let cluster_id = named.or(owner).unwrap_or_else(|| new_id(&entropy).to_string());
    let options = FormatOptions {
        node_id: settings.config.node_id,
        quorum: quorum(arguments, &settings, &chosen)?,
        bootstrap_records,
        cluster_id,
    };
    let fresh = fresh(arguments, &found, &options)?;
    if !arguments.dry_run && !fresh.is_empty() {
        let disk = Disk::Real;
        let lock = |path| DataDirectory::lock(disk.clone(), path);
        let locked: Result<Vec<_>, _> = paths.iter().map(|path| lock(path)).collect();
        let mut locked = locked.map_err(|error| Failure::runtime("data-directory", error))?;
        format_fresh(&disk, &mut locked, &options, &entropy, Clock::System.now_ms())
            .map_err(|error| Failure::runtime("data-directory", error))?;
    }
    let outcome = |path: &Path| match (fresh.contains(&path), arguments.dry_run) {
        (false, _) => "is formatted already",
        (true, false) => "formatted",
        (true, true) => "would be formatted",
    };
    let item = |path: &Path| {
        Value::object([
            ("name", path.display().to_string().into()),
            ("outcome", outcome(path).into()),
            ("cluster_id", options.cluster_id.as_str().into()),
            ("node_id", options.node_id.into()),
            ("metadata_version", version.name().into()),
        ])
    };
    let items = paths.iter().map(|path| item(path)).collect();
    let sentence =
        "{name} {outcome}: node {node_id} of cluster {cluster_id}, metadata.version {metadata_version}";
    Report::many(items, View::Sentences(sentence)).print(&arguments.output.output)
}

/// The metadata version of the new cluster, and the levels of other features that were asked for.
fn features(arguments: &FormatArguments) -> Result<(MetadataVersion, BTreeMap<String, i16>), Failure> {
    let usage = |message: String| Failure::usage("feature", message);
    let mut chosen = BTreeMap::new();
    for (name, level) in &arguments.features {
        let level: i16 =
            level.trim().parse().map_err(|_| usage(format!("{name}={level}: a level is a number")))?;
        chosen.insert(name.clone(), level);
    }
    let by_level = chosen.remove(MetadataVersion::FEATURE);
    let asked = match (&arguments.release_version, by_level) {
        (Some(_), Some(_)) => {
            return Err(usage(
                "--release-version and --feature metadata.version exclude each other".to_owned(),
            ));
        }
        (Some(name), None) => (name.clone(), MetadataVersion::from_name(name)),
        (None, Some(level)) => (level.to_string(), MetadataVersion::from_level(level)),
        (None, None) => return Ok((MetadataVersion::LATEST_PRODUCTION, chosen)),
    };
    match asked {
        (_, Some(version)) if version <= MetadataVersion::LATEST_PRODUCTION => Ok((version, chosen)),
        (asked, _) => {
            let (oldest, newest) = (MetadataVersion::MIN, MetadataVersion::LATEST_PRODUCTION);
            Err(usage(format!("there is no metadata.version {asked}: it goes from {oldest} to {newest}")))
        }
    }
}

fn quorum(
    arguments: &FormatArguments,
    settings: &NodeSettings,
    chosen: &BTreeMap<String, i16>,
) -> Result<NewQuorum, Failure> {
    let is_static = !settings.config.quorum_voters.is_empty();
    if is_static && (arguments.standalone || arguments.no_initial_controllers) {
        let message = "controller.quorum.voters names the voters: remove it for a quorum that can change, or leave \
                       --standalone and --no-initial-controllers away";
        return Err(Failure::usage("quorum", message));
    }
    let wanted = chosen.get("kraft.version").copied();
    if wanted.is_some_and(|level| (level == 0) != is_static) {
        let message = "kraft.version is 0 where controller.quorum.voters is set, and 1 where it is not";
        return Err(Failure::usage("quorum", message));
    }
    Ok(match is_static || arguments.no_initial_controllers {
        true => NewQuorum::Static,
        false => NewQuorum::Standalone(node::controller_endpoints(&settings.config)),
    })
}

/// The directories that are to be formatted; refuses where that may be a mistake.
fn fresh<'a>(
    arguments: &FormatArguments,
    found: &'a [FoundDirectory],
    options: &FormatOptions,
) -> Result<Vec<&'a Path>, Failure> {
    let mut fresh = Vec::new();
    for directory in found {
        let path = directory.path.display();
        if let Some(process) = &directory.used_by {
            return Err(Failure::runtime("data-directory", format!("{path} is in use by {process}")));
        }
        match &directory.state {
            DirectoryState::Missing | DirectoryState::NotFormatted => fresh.push(directory.path.as_path()),
            DirectoryState::NotADirectory => {
                return Err(Failure::runtime("data-directory", format!("{path} is not a directory")));
            }
            DirectoryState::Unreadable(reason) => {
                return Err(Failure::runtime("data-directory", format!("{path}: {reason}")));
            }
            DirectoryState::Formatted(meta) => {
                if meta.cluster_id != options.cluster_id || meta.node_id != options.node_id {
                    return Err(Failure::runtime(
                        "data-directory",
                        format!("{path} belongs to node {} of cluster {}", meta.node_id, meta.cluster_id),
                    ));
                }
                if !arguments.ignore_formatted {
                    return Err(Failure::runtime(
                        "data-directory",
                        format!(
                            "{path} is formatted already; --ignore-formatted leaves it as it is and formats the others"
                        ),
                    ));
                }
            }
        }
    }
    Ok(fresh)
}
