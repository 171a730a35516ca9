//! How much may be destroyed in one window before a person is asked. Applied to the outbox as a whole, so that it does
//! not depend on how a plan was partitioned.

use crate::policy::Limit;

/// How many destructive operations of a kind may pass in the window, given how many objects of it are linked.
///
/// `min_count` 0 with few objects is strict: the percentage alone decides, rounded down.
pub fn allowed(limit: &Limit, linked: u64) -> u64 {
    let percent = linked.saturating_mul(u64::from(limit.max_percent)) / 100;
    u64::from(limit.max_count).min(u64::from(limit.min_count).max(percent))
}

/// True if the operations done in the window and those ready are more than may pass: the ready ones are held.
pub fn trips(limit: &Limit, linked: u64, done: u64, ready: u64) -> bool {
    ready > 0 && done.saturating_add(ready) > allowed(limit, linked)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: Limit = Limit { min_count: 3, max_percent: 5, max_count: 500 };

    #[test]
    fn a_small_domain_may_lose_three_and_a_large_one_five_percent_up_to_the_ceiling() {
        assert_eq!(allowed(&USERS, 10), 3);
        assert_eq!(allowed(&USERS, 1_000), 50);
        assert_eq!(allowed(&USERS, 100_000), 500);
        assert_eq!(allowed(&Limit { min_count: 0, ..USERS }, 10), 0);
    }

    #[test]
    fn what_was_done_in_the_window_counts() {
        assert!(!trips(&USERS, 10, 2, 1));
        assert!(trips(&USERS, 10, 3, 1));
        assert!(!trips(&USERS, 10, 30, 0));
    }
}
