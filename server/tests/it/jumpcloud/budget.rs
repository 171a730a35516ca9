//! How fast an organization is asked: on a stopped clock, against a limit that behaves like JumpCloud's.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use server::jumpcloud::{Budget, Lane};
use tokio::time::{Instant, sleep};

/// A bucket of one minute's requests that refills evenly.
struct Limit {
    per_second: f64,
    level: f64,
    since: Instant,
    tells_time: bool,
    answered: u32,
    refused: u32,
}

impl Limit {
    fn new(per_second: f64, tells_time: bool) -> Arc<Mutex<Self>> {
        let level = per_second * 60.0;
        Arc::new(Mutex::new(Self {
            per_second,
            level,
            since: Instant::now(),
            tells_time,
            answered: 0,
            refused: 0,
        }))
    }

    /// `Err` holds what `Retry-After` says.
    fn ask(&mut self) -> Result<(), Option<Duration>> {
        let passed = self.since.elapsed().as_secs_f64();
        self.since = Instant::now();
        self.level = (self.level + passed * self.per_second).min(self.per_second * 60.0);
        if self.level >= 1.0 {
            self.level -= 1.0;
            self.answered += 1;
            return Ok(());
        }
        self.refused += 1;
        let wait = ((1.0 - self.level) / self.per_second).ceil().max(1.0);
        Err(self.tells_time.then(|| Duration::from_secs_f64(wait)))
    }
}

/// Workers without end, for `time`.
async fn saturate(budget: &Budget, limit: &Arc<Mutex<Limit>>, latency: Duration, time: Duration) {
    let workers = (0..24).map(|_| {
        let (budget, limit) = (budget.clone(), Arc::clone(limit));
        tokio::spawn(async move {
            loop {
                let permit = budget.acquire(Lane::Normal).await;
                sleep(latency / 2).await;
                let answer = limit.lock().unwrap().ask();
                sleep(latency / 2).await;
                match answer {
                    Ok(()) => permit.answered(),
                    Err(wait) => drop(permit.throttled(wait)),
                }
            }
        })
    });
    let workers: Vec<_> = workers.collect();
    sleep(time).await;
    for worker in workers {
        worker.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_limit_is_found_and_used() {
    for (per_second, latency, seconds) in [(10.0, 40, 240), (50.0, 4, 120), (200.0, 20, 60)] {
        let budget = Budget::new(None);
        let limit = Limit::new(per_second, true);
        let time = Duration::from_secs(seconds);
        saturate(&budget, &limit, Duration::from_millis(latency), time).await;
        let limit = limit.lock().unwrap();
        // The bucket was full at the start.
        let possible = per_second * (time.as_secs_f64() + 60.0);
        let used = f64::from(limit.answered) / possible;
        let refused = f64::from(limit.refused) / f64::from(limit.answered);
        assert!(used >= 0.95, "{per_second}/s: {used:.3} used, rate {:?}", budget.rate());
        assert!(refused < 0.01, "{per_second}/s: {refused:.4} refused");
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_tells_no_time_is_found_too() {
    let budget = Budget::new(None);
    let limit = Limit::new(10.0, false);
    saturate(&budget, &limit, Duration::from_millis(20), Duration::from_secs(900)).await;
    let limit = limit.lock().unwrap();
    let used = f64::from(limit.answered) / (10.0 * 960.0);
    assert!(used >= 0.9, "{used:.3} used, rate {:?}", budget.rate());
    assert!(f64::from(limit.refused) / f64::from(limit.answered) < 0.01, "{} refused", limit.refused);
}

#[tokio::test(start_paused = true)]
async fn a_configured_limit_is_kept_and_filled() {
    let budget = Budget::new(Some(600));
    let limit = Limit::new(10.0, true);
    limit.lock().unwrap().level = 10.0;
    saturate(&budget, &limit, Duration::from_millis(20), Duration::from_secs(120)).await;
    let limit = limit.lock().unwrap();
    assert!((1180..=1215).contains(&limit.answered), "{}", limit.answered);
    assert!(limit.refused <= 3, "{}", limit.refused);
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_sinks_is_followed() {
    let budget = Budget::new(None);
    let limit = Limit::new(50.0, true);
    saturate(&budget, &limit, Duration::from_millis(20), Duration::from_secs(100)).await;
    {
        let mut limit = limit.lock().unwrap();
        (limit.per_second, limit.level, limit.answered, limit.refused) = (5.0, 0.0, 0, 0);
    }
    saturate(&budget, &limit, Duration::from_millis(20), Duration::from_secs(400)).await;
    let limit = limit.lock().unwrap();
    assert!(limit.answered >= 1900, "{}", limit.answered);
    assert!(f64::from(limit.refused) / f64::from(limit.answered) < 0.02, "{}", limit.refused);
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_only_the_places_count() {
    let budget = Budget::new(None);
    let mut permits = Vec::new();
    for _ in 0..12 {
        permits.push(budget.acquire(Lane::Normal).await);
    }
    assert!(is_waiting(&budget, Lane::Normal).await && is_waiting(&budget, Lane::Bulk).await);
    for _ in 0..4 {
        permits.push(budget.acquire(Lane::Urgent).await);
    }
    assert!(is_waiting(&budget, Lane::Urgent).await);
    permits.pop();
    assert!(!is_waiting(&budget, Lane::Urgent).await);
    assert!(is_waiting(&budget, Lane::Normal).await, "the reserved places stay reserved");
}

async fn is_waiting(budget: &Budget, lane: Lane) -> bool {
    tokio::time::timeout(Duration::from_millis(10), budget.acquire(lane)).await.is_err()
}

#[tokio::test(start_paused = true)]
async fn the_urgent_overtake_and_nobody_starves() {
    let budget = Budget::new(Some(60));
    let order = Arc::new(Mutex::new(Vec::new()));
    // The second that may be caught up on.
    for _ in 0..2 {
        budget.acquire(Lane::Normal).await.answered();
    }
    let mut tasks = Vec::new();
    for lane in [Lane::Bulk, Lane::Normal, Lane::Urgent] {
        for _ in 0..20 {
            let (budget, order) = (budget.clone(), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                budget.acquire(lane).await.answered();
                order.lock().unwrap().push(lane);
            }));
        }
    }
    let started = Instant::now();
    for task in tasks {
        task.await.unwrap();
    }
    let order = order.lock().unwrap();
    let urgent_done = order.iter().rposition(|lane| *lane == Lane::Urgent).unwrap();
    assert!(urgent_done < 26, "{order:?}");
    assert!(
        order[..urgent_done].contains(&Lane::Normal) && order[..urgent_done].contains(&Lane::Bulk),
        "{order:?}"
    );
    assert!((58.0..=61.0).contains(&started.elapsed().as_secs_f64()), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_pause_ends_when_jumpcloud_said() {
    let budget = Budget::new(None);
    let wait = budget.acquire(Lane::Normal).await.throttled(Some(Duration::from_secs(7)));
    assert_eq!((wait, budget.paused_for()), (Duration::from_secs(7), Some(Duration::from_secs(7))));
    let refused = budget.acquire_within(Lane::Urgent, Duration::from_secs(5)).await.map(drop);
    assert_eq!(refused, Err(Duration::from_secs(7)));
    let started = Instant::now();
    budget.acquire(Lane::Bulk).await.answered();
    assert_eq!(started.elapsed().as_secs(), 7);
    assert_eq!(budget.paused_for(), None);
}

#[tokio::test(start_paused = true)]
async fn without_a_time_the_pauses_double_up_to_four_minutes() {
    let budget = Budget::new(None);
    let mut waits = Vec::new();
    for _ in 0..6 {
        waits.push(budget.acquire(Lane::Normal).await.throttled(None).as_secs_f64());
    }
    for (wait, expected) in waits.iter().zip([30.0, 60.0, 120.0, 240.0, 240.0, 240.0]) {
        assert!((expected..=expected * 1.11).contains(wait), "{waits:?}");
    }
    budget.acquire(Lane::Normal).await.answered();
    let wait = budget.acquire(Lane::Normal).await.throttled(None).as_secs_f64();
    assert!((30.0..=33.0).contains(&wait), "an answer starts it over: {wait}");
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_refusals_counts_once() {
    let budget = Budget::new(Some(6000));
    let mut permits = Vec::new();
    for _ in 0..12 {
        permits.push(budget.acquire(Lane::Normal).await);
    }
    for permit in permits {
        permit.throttled(Some(Duration::from_secs(1)));
    }
    assert_eq!(budget.rate(), Some(50.0), "halved once, not twelve times");
}

#[tokio::test(start_paused = true)]
async fn the_limit_can_be_changed_while_running() {
    let budget = Budget::new(Some(60));
    assert_eq!(budget.rate(), Some(1.0));
    budget.set_limit(Some(600));
    assert_eq!(budget.rate(), Some(10.0));
    budget.set_limit(None);
    assert_eq!(budget.rate(), None);
}

#[tokio::test(start_paused = true)]
async fn giving_up_leaves_nothing_behind() {
    let budget = Budget::new(Some(60));
    for _ in 0..3 {
        assert!(tokio::time::timeout(Duration::from_secs(9), budget.acquire(Lane::Urgent)).await.is_ok());
    }
    for _ in 0..5 {
        assert!(is_waiting(&budget, Lane::Urgent).await);
    }
    let started = Instant::now();
    budget.acquire(Lane::Bulk).await.answered();
    assert!(started.elapsed() <= Duration::from_secs(1));
}
