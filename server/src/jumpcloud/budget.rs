//! One organization's share of JumpCloud's patience, shared by everything in this process that asks for it.
//!
//! Whoever wants to send takes a [`Permit`] in a lane: passwords and ends of access overtake the rest and keep places
//! of their own, and one slot in ten still goes to whoever was overtaken.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use planner::plan::Lane;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::pace::Pace;

/// Requests under way at once, of any lane.
const WIDEST: usize = 12;
/// Places beyond those that only the urgent lane may take.
const RESERVED: usize = 4;
/// How often a waiting lane is overtaken before it is its turn.
const PATIENCE: u32 = 9;

/// The budget of one organization. Clones share it.
#[derive(Clone, Debug)]
pub struct Budget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
    /// In each lane one waits for the slot, the others wait for that one.
    turns: [tokio::sync::Mutex<()>; 3],
}

#[derive(Debug)]
struct State {
    pace: Pace,
    under_way: usize,
    waiting: [bool; 3],
    overtaken: [u32; 3],
}

/// The right to send one request. Dropping it without a word says that no answer came.
#[derive(Debug)]
pub struct Permit {
    shared: Arc<Shared>,
    epoch: u64,
}

enum Decision {
    Go,
    Until(Instant),
    /// Until somebody finishes or gives way.
    Change,
    Paused(Duration),
}

impl Budget {
    /// A budget without a limit of its own, or with one; in both cases JumpCloud's throttling is learnt from.
    pub fn new(per_minute: Option<u32>) -> Self {
        let pace = Pace::new(WIDEST, per_minute, Instant::now());
        let state = State { pace, under_way: 0, waiting: [false; 3], overtaken: [0; 3] };
        let shared = Shared { state: Mutex::new(state), changed: Notify::new(), turns: Default::default() };
        Self { shared: Arc::new(shared) }
    }

    /// Sets or lifts the limit.
    pub fn set_limit(&self, per_minute: Option<u32>) {
        self.shared.state().pace.set_limit(per_minute);
        self.shared.changed.notify_waiters();
    }

    /// How long JumpCloud wants to be left alone; `None` if it does not. Whoever leases work looks here first.
    pub fn paused_for(&self) -> Option<Duration> {
        self.shared.state().pace.pause_left(Instant::now())
    }

    /// Requests per second, as configured or learnt.
    pub fn rate(&self) -> Option<f64> {
        self.shared.state().pace.rate()
    }

    /// Waits until a request may be sent.
    pub async fn acquire(&self, lane: Lane) -> Permit {
        loop {
            if let Ok(permit) = self.acquire_within(lane, Duration::MAX).await {
                return permit;
            }
        }
    }

    /// Waits for a slot, but not through a pause of more than `patience`: the error is what is left of it.
    pub async fn acquire_within(&self, lane: Lane, patience: Duration) -> Result<Permit, Duration> {
        let index = index(lane);
        let _turn = self.shared.turns[index].lock().await;
        let mut waiting = Waiting::new(&self.shared, index);
        let mut waited = false;
        loop {
            let changed = self.shared.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            match waiting.decide(patience, waited) {
                Decision::Go => return Ok(waiting.into_permit()),
                Decision::Paused(left) => return Err(left),
                Decision::Change => changed.await,
                Decision::Until(at) => {
                    waited = true;
                    tokio::select! {
                        () = sleep_until(at) => {}
                        () = changed => {}
                    }
                }
            }
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in there can be half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_place(&self, lane: usize) -> bool {
        let places = self.pace.window() + if lane == 0 { RESERVED } else { 0 };
        self.under_way < places
    }

    /// Whose turn it is among those that wait and could go.
    fn first(&self) -> Option<usize> {
        let could = |lane: &usize| self.waiting[*lane] && self.has_place(*lane);
        let neglected = (0..3).rev().filter(could).find(|lane| self.overtaken[*lane] >= PATIENCE);
        neglected.or_else(|| (0..3).find(could))
    }

    fn take(&mut self, lane: usize, now: Instant, waited: bool) {
        self.pace.take(now, waited);
        self.under_way += 1;
        for (other, overtaken) in self.overtaken.iter_mut().enumerate() {
            match other {
                _ if other == lane => *overtaken = 0,
                _ if other > lane && self.waiting[other] => *overtaken += 1,
                _ => {}
            }
        }
    }
}

/// A lane's claim to the next slot; gone when its future is.
struct Waiting<'a> {
    shared: &'a Arc<Shared>,
    lane: usize,
    epoch: u64,
}

impl<'a> Waiting<'a> {
    fn new(shared: &'a Arc<Shared>, lane: usize) -> Self {
        shared.state().waiting[lane] = true;
        Self { shared, lane, epoch: 0 }
    }

    fn decide(&mut self, patience: Duration, waited: bool) -> Decision {
        let now = Instant::now();
        let mut state = self.shared.state();
        if let Some(left) = state.pace.pause_left(now).filter(|left| *left > patience) {
            return Decision::Paused(left);
        }
        if state.first() != Some(self.lane) {
            return Decision::Change;
        }
        let ready = state.pace.ready_at(now);
        if ready > now {
            return Decision::Until(ready);
        }
        state.take(self.lane, now, waited);
        self.epoch = state.pace.epoch();
        Decision::Go
    }

    fn into_permit(self) -> Permit {
        Permit { shared: Arc::clone(self.shared), epoch: self.epoch }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.shared.state().waiting[self.lane] = false;
        self.shared.changed.notify_waiters();
    }
}

impl Permit {
    /// JumpCloud answered with anything but 429.
    pub fn answered(self) {
        self.shared.state().pace.answered(self.epoch);
    }

    /// JumpCloud answered 429. Returns how long the organization now pauses.
    pub fn throttled(self, retry_after: Option<Duration>) -> Duration {
        self.shared.state().pace.throttled(self.epoch, retry_after, jitter(), Instant::now())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.shared.state().under_way -= 1;
        self.shared.changed.notify_waiters();
    }
}

fn index(lane: Lane) -> usize {
    match lane {
        Lane::Urgent => 0,
        Lane::Normal => 1,
        Lane::Bulk => 2,
    }
}

/// From 0 to 1. The standard library's hash keys are random enough to keep two servers apart.
fn jitter() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    let bits = u32::try_from(RandomState::new().hash_one(0_u8) >> 32).unwrap_or_default();
    f64::from(bits) / f64::from(u32::MAX)
}
