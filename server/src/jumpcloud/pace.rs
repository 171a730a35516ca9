//! How fast an organization may be asked: the arithmetic, without any waiting.
//!
//! No limit is assumed until JumpCloud sets one. The first 429 tells that a limit exists, and a cautious restart after
//! the pause finds it: what was answered between one throttling and the next, divided by the time between, is what
//! JumpCloud refills. From there the rate creeps up and is measured again at each throttling.

use std::time::Duration;

use tokio::time::Instant;

/// Never slower than this, so that a wrong measurement heals.
const SLOWEST: f64 = 0.5;
/// What the rate gains with each request that had to wait for its slot: 0.2 % per second.
const GAIN: f64 = 0.002;
/// Unused slots of this time may be caught up on.
const BURST: Duration = Duration::from_secs(1);
/// Longer than this between two throttlings, and idle times would spoil the measurement.
const MEASURABLE: Duration = Duration::from_secs(150);
/// No answer makes an organization wait longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// The state of one organization's budget.
#[derive(Debug)]
pub(super) struct Pace {
    limit: Option<f64>,
    /// Requests per second; `None` while no limit is known.
    rate: Option<f64>,
    /// Requests that may be under way at once.
    window: usize,
    widest: usize,
    /// When the next slot is due.
    next: Instant,
    paused_until: Option<Instant>,
    /// Counts throttlings; answers to requests of an earlier one say nothing new.
    epoch: u64,
    throttled_at: Option<Instant>,
    answered: u32,
    /// Throttlings in a row without an answer between them.
    strikes: u32,
}

impl Pace {
    pub(super) fn new(widest: usize, per_minute: Option<u32>, now: Instant) -> Self {
        let limit = per_minute.map(per_second);
        Self {
            limit,
            rate: limit,
            window: widest,
            widest,
            next: now,
            paused_until: None,
            epoch: 0,
            throttled_at: None,
            answered: 0,
            strikes: 0,
        }
    }

    pub(super) fn set_limit(&mut self, per_minute: Option<u32>) {
        self.limit = per_minute.map(per_second);
        self.rate = match (self.rate, self.limit) {
            (Some(rate), Some(limit)) if self.throttled_at.is_some() => Some(rate.min(limit)),
            (rate, None) if self.throttled_at.is_some() => rate,
            (_, limit) => limit,
        };
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) fn window(&self) -> usize {
        self.window
    }

    pub(super) fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// How long the pause still lasts.
    pub(super) fn pause_left(&self, now: Instant) -> Option<Duration> {
        self.paused_until.and_then(|until| until.checked_duration_since(now)).filter(|left| !left.is_zero())
    }

    /// When the next request may go.
    pub(super) fn ready_at(&self, now: Instant) -> Instant {
        let slot = match self.rate {
            Some(_) => self.next.checked_sub(BURST).map_or(now, |at| at.max(now)),
            None => now,
        };
        self.paused_until.map_or(slot, |until| until.max(slot))
    }

    /// Takes the slot. `waited`: the rate, not the demand, decided when.
    pub(super) fn take(&mut self, now: Instant, waited: bool) {
        let Some(rate) = self.rate else { return };
        if waited {
            self.rate = Some(self.limit.map_or(rate + GAIN, |limit| (rate + GAIN).min(limit)));
        }
        self.next = self.next.max(now) + Duration::from_secs_f64(1.0 / rate);
    }

    /// An answer other than 429.
    pub(super) fn answered(&mut self, epoch: u64) {
        if epoch != self.epoch {
            return;
        }
        self.answered = self.answered.saturating_add(1);
        self.strikes = 0;
        // While the limit is being found, few are under way at once, so that few meet it.
        if self.answered.is_multiple_of(16) && self.window < self.widest {
            self.window += 1;
        }
    }

    /// A 429. Returns how long everybody waits; `jitter` (0 to 1) spreads several servers.
    pub(super) fn throttled(
        &mut self,
        epoch: u64,
        asked: Option<Duration>,
        jitter: f64,
        now: Instant,
    ) -> Duration {
        if epoch == self.epoch {
            self.learn(now);
            self.epoch += 1;
            self.throttled_at = Some(now);
            self.answered = 0;
            self.strikes = self.strikes.saturating_add(1);
        } else if asked.is_none() {
            return self.pause_left(now).unwrap_or_default();
        }
        let wait = asked.map_or_else(|| self.backoff(jitter), |asked| asked.min(LONGEST_PAUSE));
        let until = self.paused_until.map_or(now + wait, |until| until.max(now + wait));
        self.paused_until = Some(until);
        // Slots of the pause are not caught up on: JumpCloud's own budget decides what is left.
        self.next = self.next.max(until + BURST);
        until - now
    }

    /// 30, 60, 120, 240 s: JumpCloud's own advice where it names no time.
    fn backoff(&self, jitter: f64) -> Duration {
        let doublings = self.strikes.saturating_sub(1).min(3);
        Duration::from_secs(30 << doublings).mul_f64(1.0 + jitter.clamp(0.0, 1.0) / 10.0)
    }

    fn learn(&mut self, now: Instant) {
        let span = self.throttled_at.map(|since| now - since).filter(|span| *span <= MEASURABLE);
        let measured = span.filter(|_| self.answered >= 5);
        let measured = measured.map(|span| 0.97 * f64::from(self.answered) / span.as_secs_f64().max(0.001));
        let rate = match (self.rate, measured) {
            (Some(rate), Some(measured)) => Some(measured.clamp(rate / 2.0, rate * 0.97)),
            (Some(rate), None) if self.answered == 0 => Some(rate / 2.0),
            (Some(rate), None) => Some(rate * 0.95),
            (None, measured) => measured,
        };
        self.rate = rate.map(|rate| rate.max(SLOWEST));
        self.window = if self.rate.is_some() { self.widest } else { 1 };
    }
}

fn per_second(per_minute: u32) -> f64 {
    f64::from(per_minute.max(1)) / 60.0
}
