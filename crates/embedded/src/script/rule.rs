//! Which request, and what becomes of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::frame::RequestHeader;
use tokio::sync::watch;
use types::ErrorCode;

use super::Api;
use super::fences::Fences;

/// The rules of a node, in the order in which they were written; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    rules: Arc<Mutex<Vec<Rule>>>,
    pub(crate) fences: Fences,
}

#[derive(Debug)]
struct Rule {
    api: Api,
    client_id: Option<String>,
    /// Requests that it lets pass before it strikes.
    passes: u64,
    /// How often it strikes.
    times: u64,
    act: Act,
    struck: watch::Sender<u64>,
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// It never came: no effect, and the connection ends.
    LoseRequest,
    /// It takes effect, and the connection ends instead of an answer.
    LoseAnswer,
    /// It has no effect, and is answered so.
    Answer(ErrorCode),
    /// It takes effect; the answer goes once this is true, or its writer is gone.
    Hold(watch::Receiver<bool>),
}

/// A rule to be; the last word of it, such as [`Script::lose_answer`], puts it in force.
///
/// Of several rules for a request the oldest strikes alone. Requests count from the moment the rule is in force.
#[derive(Debug)]
#[must_use = "a rule without an end is none"]
pub struct Script {
    rules: Rules,
    api: Api,
    client_id: Option<String>,
    nth: u64,
    times: u64,
}

impl Script {
    pub(crate) fn new(rules: Rules, api: Api) -> Self {
        Self { rules, api, client_id: None, nth: 1, times: 1 }
    }

    /// Only requests of clients of this `client.id` count.
    pub fn of_client(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Strikes at the `nth` request for the first time; 1, the default, is the next.
    pub fn nth(mut self, nth: u64) -> Self {
        self.nth = nth.max(1);
        self
    }

    /// Strikes so often, at one request after the other; once by default.
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    /// Strikes until it is lifted ([`Scripted::lift`]).
    pub fn always(self) -> Self {
        self.times(u64::MAX)
    }

    /// Closes the connection as if the request had never come: it has no effect.
    pub fn lose_request(self) -> Scripted {
        self.enforce(Act::LoseRequest)
    }

    /// Lets the request take effect, then closes the connection without an answer.
    pub fn lose_answer(self) -> Scripted {
        self.enforce(Act::LoseAnswer)
    }

    /// Answers with this error for everything that the request asks for, which takes no effect.
    pub fn answer_with(self, error: ErrorCode) -> Scripted {
        self.enforce(Act::Answer(error))
    }

    /// Lets the request take effect, and holds its answer back until what this returns is released or dropped. Answers to
    /// later requests of the connection wait behind it.
    #[must_use = "what is dropped is released"]
    pub fn hold_answer(self) -> Held {
        let (release, released) = watch::channel(false);
        Held { scripted: self.enforce(Act::Hold(released)), release }
    }

    fn enforce(self, act: Act) -> Scripted {
        let Self { rules, api, client_id, nth, times } = self;
        let (struck, strikes) = watch::channel(0);
        rules.lock().push(Rule { api, client_id, passes: nth - 1, times, act, struck });
        Scripted { rules, strikes }
    }
}

/// A rule in force. It stays so when this is dropped.
#[derive(Clone, Debug)]
pub struct Scripted {
    rules: Rules,
    strikes: watch::Receiver<u64>,
}

impl Scripted {
    /// How often it has struck.
    pub fn strikes(&self) -> u64 {
        *self.strikes.borrow()
    }

    /// Waits until a request has met it.
    pub async fn struck(&self) {
        // A rule that has struck for the last time is gone, and its count stays.
        let _ = self.strikes.clone().wait_for(|strikes| *strikes > 0).await;
    }

    /// Ends the rule.
    pub fn lift(&self) {
        self.rules.lock().retain(|rule| !rule.struck.subscribe().same_channel(&self.strikes));
    }
}

/// Answers that are held back.
#[derive(Debug)]
pub struct Held {
    scripted: Scripted,
    release: watch::Sender<bool>,
}

impl Held {
    /// Waits until there is a request whose answer is held back.
    pub async fn struck(&self) {
        self.scripted.struck().await;
    }

    /// How many answers it has held back.
    pub fn strikes(&self) -> u64 {
        self.scripted.strikes()
    }

    /// Lets the answers go, and ends the rule.
    pub fn release(self) {
        drop(self);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.scripted.lift();
        self.release.send_replace(true);
    }
}

impl Rules {
    /// What becomes of this request.
    pub(super) fn strike(&self, header: &RequestHeader) -> Option<Act> {
        let mut rules = self.lock();
        let mut struck = None;
        for (place, rule) in rules.iter_mut().enumerate() {
            if rule.api.key() != header.api_key
                || rule.client_id.is_some() && rule.client_id != header.client_id
            {
                continue;
            }
            if rule.passes > 0 {
                rule.passes -= 1;
            } else if struck.is_none() {
                struck = Some(place);
            }
        }
        let rule = &mut rules[struck?];
        let act = rule.act.clone();
        rule.struck.send_modify(|strikes| *strikes += 1);
        rule.times = rule.times.saturating_sub(1);
        if rule.times == 0 {
            rules.retain(|rule| rule.times > 0);
        }
        Some(act)
    }

    /// Nothing goes wrong any more: the node stops. Answers that are held back by rules that have struck for the last time
    /// are let go by their holder, or by the connection's end.
    pub(crate) fn lift_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
