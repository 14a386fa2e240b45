//! The table of APIs: key, versions, listeners, who may call it.

use std::fmt::Write;

use anyhow::{Context, Result, bail};

/// One row of `schemas/apis.tsv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiRow {
    /// The API key.
    pub key: i16,
    /// Its name, such as `Produce`.
    pub name: String,
    /// Oldest version.
    pub min: i16,
    /// Newest version.
    pub max: i16,
    /// Newest version that is not marked unstable.
    pub stable_max: i16,
    /// Served on broker listeners.
    pub on_brokers: bool,
    /// Served on controller listeners.
    pub on_controllers: bool,
    /// Asks for the right to act for the cluster.
    pub cluster_action: bool,
    /// Forwarded by brokers to the controller.
    pub forwarded: bool,
    /// First version with compact lengths and tagged fields.
    pub flexible_since: Option<i16>,
}

/// The rows of the table, below its head line.
///
/// # Errors
/// Names the line that does not have nine columns of the right kind.
pub fn parse_apis(text: &str) -> Result<Vec<ApiRow>> {
    text.lines().skip(1).map(|line| parse_row(line).with_context(|| line.to_owned())).collect()
}

fn parse_row(line: &str) -> Result<ApiRow> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [key, name, min, max, stable_max, listeners, cluster_action, forwarded, flexible] =
        columns.as_slice()
    else {
        bail!("{} columns instead of nine", columns.len());
    };
    Ok(ApiRow {
        key: key.parse()?,
        name: (*name).to_owned(),
        min: min.parse()?,
        max: max.parse()?,
        stable_max: stable_max.parse()?,
        on_brokers: listeners.split(',').any(|listener| listener == "broker"),
        on_controllers: listeners.split(',').any(|listener| listener == "controller"),
        cluster_action: yes_or_no(cluster_action)?,
        forwarded: yes_or_no(forwarded)?,
        flexible_since: if *flexible == "-" { None } else { Some(flexible.parse()?) },
    })
}

fn yes_or_no(word: &str) -> Result<bool> {
    match word {
        "yes" => Ok(true),
        "no" => Ok(false),
        other => bail!("{other} is neither yes nor no"),
    }
}

/// A constant `APIS`, ordered by key, and a constant for every key such as `PRODUCE`.
pub fn emit_apis(rows: &[ApiRow]) -> String {
    let mut out =
        String::from("/// Every API of the protocol, ordered by key.\npub const APIS: &[Api] = &[\n");
    for row in rows {
        let ApiRow { key, name, min, max, stable_max, on_brokers, on_controllers, .. } = row;
        let ApiRow { cluster_action, forwarded, flexible_since, .. } = row;
        let _ = writeln!(
            out,
            "Api {{ key: {key}, name: \"{name}\", min_version: {min}, max_version: {max}, \
             stable_max_version: {stable_max}, on_brokers: {on_brokers}, on_controllers: {on_controllers}, \
             cluster_action: {cluster_action}, forwarded: {forwarded}, flexible_since: {flexible_since:?} }},"
        );
    }
    out += "];\n";
    for row in rows {
        let constant = crate::snake_case(&row.name).to_uppercase();
        let _ = writeln!(out, "/// Key of the API {}.\npub const {constant}: i16 = {};", row.name, row.key);
    }
    out
}
