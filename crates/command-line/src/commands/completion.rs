//! What a shell may complete a word with: names of topics, groups and contexts as they are now.
//!
//! The shell runs this program at every press of the key (`COMPLETE=bash milena -- WORDS`, which `milena completions`
//! sets up), so a cluster that does not answer at once has nothing to say.

use std::time::Duration;

use clap_complete::{ArgValueCandidates, CompletionCandidate};
use client::ClientError;
use client::admin::{Admin, TransactionsFilter};
use tokio::time::timeout;

use super::arguments::ClusterArguments;
use super::connect;
use super::ctx::contexts::Contexts;

/// How long somebody who pressed the key waits.
const PATIENCE: Duration = Duration::from_millis(700);

/// The topics of the cluster that the words before name.
pub(crate) fn topics() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        candidates(async |admin| {
            let topics = admin.list_topics().await?;
            Ok(topics
                .into_iter()
                .filter(|topic| !topic.is_internal)
                .map(|topic| topic.name.to_string())
                .collect())
        })
    })
}

/// The groups of the cluster that the words before name.
pub(crate) fn groups() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        candidates(async |admin| {
            Ok(admin.list_groups().await?.into_iter().map(|group| group.group).collect())
        })
    })
}

/// The transactional ids of the cluster that the words before name.
pub(crate) fn transactional_ids() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        candidates(async |admin| {
            let listed = admin.list_transactions(&TransactionsFilter::default()).await?;
            Ok(listed.into_iter().map(|it| it.transactional_id).collect())
        })
    })
}

/// The contexts of whoever types.
pub(crate) fn contexts() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let known = Contexts::load().unwrap_or_default();
        known.contexts.into_keys().map(CompletionCandidate::new).collect()
    })
}

/// What the cluster answers; nothing where it does not, for nobody could be told.
fn candidates(
    question: impl AsyncFnOnce(&Admin) -> Result<Vec<String>, ClientError>,
) -> Vec<CompletionCandidate> {
    let words: Vec<String> = std::env::args().collect();
    let cluster = ClusterArguments {
        bootstrap_server: typed(&words, "-b", "--bootstrap-server")
            .map_or_else(Vec::new, |servers| servers.split(',').map(str::to_owned).collect()),
        context: typed(&words, "", "--context"),
        timeout: PATIENCE,
    };
    let Ok(client) = connect::client(&cluster, "milena-completion") else { return Vec::new() };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return Vec::new();
    };
    let names = connect::block_on(&runtime, async { timeout(PATIENCE, question(&Admin::new(client))).await });
    names.ok().and_then(Result::ok).unwrap_or_default().into_iter().map(CompletionCandidate::new).collect()
}

/// The value of an option among the words that are there so far.
fn typed(words: &[String], short: &str, long: &str) -> Option<String> {
    words.iter().enumerate().rev().find_map(|(index, word)| {
        if word == long || (!short.is_empty() && word == short) {
            return words.get(index + 1).cloned();
        }
        word.strip_prefix(long)?.strip_prefix('=').map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_before_name_the_cluster() {
        let typed = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            typed(&words, "-b", "--bootstrap-server")
        };
        assert_eq!(typed("milena -- milena topic describe -b a:1 ord").as_deref(), Some("a:1"));
        assert_eq!(typed("milena topic --bootstrap-server=a:1,b:2 describe").as_deref(), Some("a:1,b:2"));
        assert_eq!(typed("milena topic describe ord"), None);
    }
}
