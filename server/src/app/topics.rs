//! What has changed lately, for pages that are open: topics, never data. Each page that follows is told a topic at most
//! once a second, and always once more after its last change.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use protocol::DomainId;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

/// The least time between two tellings of one topic to one page.
const PAUSE: Duration = Duration::from_secs(1);

/// Something that a page may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Agents, as far as a heartbeat brings something new.
    Agents,
    Alerts,
    /// Users, groups, counts and mode of one domain.
    Domain(DomainId),
    Holds,
    Operations,
    /// Problems of organizations, and how far their mirrors were read.
    Organizations,
    /// Sessions have ended; for the server itself.
    Sessions,
}

impl Topic {
    /// Those that every installation has.
    pub const FIXED: [Self; 6] =
        [Self::Agents, Self::Alerts, Self::Holds, Self::Operations, Self::Organizations, Self::Sessions];
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agents => f.write_str("agents"),
            Self::Alerts => f.write_str("alerts"),
            Self::Domain(id) => write!(f, "domain-{id}"),
            Self::Holds => f.write_str("holds"),
            Self::Operations => f.write_str("operations"),
            Self::Organizations => f.write_str("organizations"),
            Self::Sessions => f.write_str("sessions"),
        }
    }
}

/// No topic: what a newer server tells.
#[derive(Debug)]
pub struct Unknown;

impl FromStr for Topic {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        if let Some(id) = text.strip_prefix("domain-") {
            return id.parse().map(Self::Domain).map_err(|_| Unknown);
        }
        Self::FIXED.into_iter().find(|topic| topic.to_string() == text).ok_or(Unknown)
    }
}

/// Where a page stands: what was told up to here, it shows. Only the process that made it can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    process: Uuid,
    count: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.process.simple(), self.count)
    }
}

impl FromStr for Place {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        let (process, count) = text.split_once('.').ok_or(Unknown)?;
        let read = process.parse().ok().zip(count.parse().ok());
        read.map(|(process, count)| Self { process, count }).ok_or(Unknown)
    }
}

/// When each topic was told last, by a count of its own.
#[derive(Clone, Debug, Default)]
struct Told {
    count: u64,
    last: BTreeMap<Topic, u64>,
    stopping: bool,
}

/// What is told in this process.
#[derive(Debug)]
pub struct Topics {
    process: Uuid,
    told: watch::Sender<Told>,
}

impl Topics {
    pub(super) fn new(process: Uuid) -> Self {
        Self { process, told: watch::Sender::new(Told::default()) }
    }

    /// Tells everybody who follows.
    pub fn tell(&self, topics: impl IntoIterator<Item = Topic>) {
        self.told.send_modify(|told| {
            for topic in topics {
                told.count += 1;
                told.last.insert(topic, told.count);
            }
        });
    }

    /// Where a page stands that is made from now on.
    pub fn here(&self) -> Place {
        Place { process: self.process, count: self.told.borrow().count }
    }

    /// Follows from the place where a page stands; from an unknown one everything is told once.
    pub fn follow(&self, from: Option<Place>) -> Follower {
        let count = from.filter(|place| place.process == self.process).map_or(0, |place| place.count);
        Follower {
            place: Place { process: self.process, count },
            told: self.told.subscribe(),
            not_before: Instant::now(),
        }
    }

    /// Lets everybody who follows go: the server stops.
    pub fn close(&self) {
        self.told.send_modify(|told| told.stopping = true);
    }
}

/// One page that is open.
#[derive(Debug)]
pub struct Follower {
    place: Place,
    told: watch::Receiver<Told>,
    not_before: Instant,
}

impl Follower {
    /// Where the page stands by now.
    pub fn place(&self) -> Place {
        self.place
    }

    /// What was told since the last call, once there is anything and the pause is over. `None`: the server stops.
    pub async fn next(&mut self) -> Option<(Vec<Topic>, Place)> {
        tokio::select! {
            () = tokio::time::sleep_until(self.not_before) => {}
            _ = self.told.wait_for(|told| told.stopping) => return None,
        }
        let before = self.place.count;
        let told = self.told.wait_for(|told| told.stopping || told.count > before).await.ok()?;
        if told.stopping {
            return None;
        }
        let topics =
            told.last.iter().filter(|(_, count)| **count > before).map(|(topic, _)| *topic).collect();
        self.place.count = told.count;
        self.not_before = Instant::now() + PAUSE;
        Some((topics, self.place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics() -> Topics {
        Topics::new(Uuid::from_u128(1))
    }

    async fn is_told_nothing(mut page: Follower) -> bool {
        tokio::time::timeout(Duration::from_secs(60), page.next()).await.is_err()
    }

    #[test]
    fn a_topic_is_read_as_it_is_written() {
        let domain = Topic::Domain(DomainId(Uuid::from_u128(7)));
        for topic in Topic::FIXED.into_iter().chain([domain]) {
            assert_eq!(topic.to_string().parse::<Topic>().ok(), Some(topic));
        }
        assert!("domain-x".parse::<Topic>().is_err());
        assert!("something newer".parse::<Topic>().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn many_changes_are_told_once_a_second_and_the_last_one_always() {
        let topics = topics();
        let mut page = topics.follow(Some(topics.here()));
        topics.tell([Topic::Holds]);
        let start = Instant::now();
        assert_eq!(page.next().await.unwrap().0, [Topic::Holds]);
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..100 {
            topics.tell([Topic::Alerts, Topic::Holds]);
        }
        assert_eq!(page.next().await.unwrap().0, [Topic::Alerts, Topic::Holds]);
        assert_eq!(start.elapsed(), PAUSE);
        topics.tell([Topic::Operations]);
        assert_eq!(page.next().await.unwrap().0, [Topic::Operations]);
        assert!(is_told_nothing(page).await);
    }

    #[tokio::test(start_paused = true)]
    async fn what_changed_between_the_page_and_its_following_is_told() {
        let topics = topics();
        topics.tell([Topic::Holds]);
        let shown = topics.here();
        topics.tell([Topic::Alerts]);
        let (told, place) = topics.follow(Some(shown)).next().await.unwrap();
        assert_eq!(told, [Topic::Alerts]);
        let read: Place = place.to_string().parse().ok().unwrap();
        assert!(is_told_nothing(topics.follow(Some(read))).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_of_another_process_is_told_everything_once() {
        let topics = topics();
        topics.tell(Topic::FIXED);
        let elsewhere = Place { process: Uuid::from_u128(9), count: 1000 };
        assert_eq!(topics.follow(Some(elsewhere)).next().await.unwrap().0, Topic::FIXED);
        assert_eq!(topics.follow(None).next().await.unwrap().0, Topic::FIXED);
    }

    #[tokio::test(start_paused = true)]
    async fn who_follows_is_let_go_when_the_server_stops() {
        let topics = topics();
        let mut page = topics.follow(None);
        topics.tell([Topic::Holds]);
        page.next().await.unwrap();
        topics.close();
        assert!(page.next().await.is_none());
        assert!(topics.follow(None).next().await.is_none());
    }
}
