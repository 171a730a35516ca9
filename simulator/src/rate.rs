//! The rate limit: a bucket that holds one minute's requests and refills evenly. JumpCloud publishes no
//! number and no header, so both are switchable.

use chrono::{DateTime, Utc};

/// How much of the minute's budget is left.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// The limit that the level belongs to, the requests left, and when that was true.
    level: Option<(u32, f64, DateTime<Utc>)>,
}

impl Bucket {
    /// Takes one request. Where none is left: the whole seconds until one is.
    pub(crate) fn take(&mut self, limit: u32, now: DateTime<Utc>) -> Result<(), u64> {
        let capacity = f64::from(limit);
        let per_second = capacity / 60.0;
        let level = match self.level {
            Some((same, level, since)) if same == limit => {
                let passed = (now - since).as_seconds_f64().max(0.0);
                (level + passed * per_second).min(capacity)
            }
            _ => capacity,
        };
        if level >= 1.0 {
            self.level = Some((limit, level - 1.0, now));
            return Ok(());
        }
        self.level = Some((limit, level, now));
        Err(seconds((1.0 - level) / per_second))
    }
}

fn seconds(wait: f64) -> u64 {
    std::time::Duration::try_from_secs_f64(wait.ceil()).map_or(1, |wait| wait.as_secs().max(1))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Duration};

    use super::Bucket;

    #[test]
    fn a_spent_minute_comes_back_evenly() {
        let start = DateTime::UNIX_EPOCH;
        let mut bucket = Bucket::default();
        for _ in 0..60 {
            assert_eq!(bucket.take(60, start), Ok(()));
        }
        assert_eq!(bucket.take(60, start), Err(1));
        assert_eq!(bucket.take(60, start + Duration::seconds(1)), Ok(()));
        assert_eq!(bucket.take(60, start + Duration::milliseconds(1500)), Err(1));
        assert_eq!(bucket.take(60, start + Duration::seconds(2)), Ok(()));
    }
}
