//! The server itself: its certificate, its disk, its database.

use chrono::{DateTime, Duration, Utc};

use super::{Check, Facts, State};
use crate::app::App;
use crate::config::{Database, Room};
use crate::tls;

const NOTICE: Duration = Duration::days(30);
const GIGABYTE: u64 = 1 << 30;

/// What the machine tells at the moment.
pub(super) struct Machine {
    certificate: Certificate,
    /// Where the private database lies; where somebody else runs it, its disk is theirs.
    room: Option<Room>,
}

enum Certificate {
    /// A proxy in front terminates TLS.
    Elsewhere,
    Ends(DateTime<Utc>),
    /// The file holds another one than the server shows.
    Replaced,
    Unreadable,
}

pub(super) fn look(app: &App) -> Machine {
    let certificate = match &app.fingerprint {
        None => Certificate::Elsewhere,
        Some(shown) => match tls::stored(&app.config) {
            Some(stored) if stored.fingerprint != *shown => Certificate::Replaced,
            Some(stored) => stored.ends_at.map_or(Certificate::Unreadable, Certificate::Ends),
            None => Certificate::Unreadable,
        },
    };
    let is_private = matches!(app.config.database, Database::Private);
    Machine { certificate, room: app.config.room().filter(|_| is_private) }
}

pub(super) fn of(facts: &Facts, machine: &Machine) -> Vec<Check> {
    let mut checks = vec![certificate(&machine.certificate, facts.now)];
    checks.extend(machine.room.as_ref().map(disk));
    checks.push(database(facts));
    checks
}

fn certificate(found: &Certificate, now: DateTime<Utc>) -> Check {
    let renew = "Renew it (ADIT_TLS_CERT) and restart the server. Agents that pin a fingerprint must be told the new one first.";
    match found {
        Certificate::Elsewhere => {
            Check::ok("server_certificate", "A proxy in front of the server shows its certificate.")
        }
        Certificate::Replaced => Check::new(
            "server_certificate",
            State::Warning,
            "The certificate on disk is another one than the server shows.",
            "Restart the server to show the new one.",
        ),
        Certificate::Unreadable => Check::new(
            "server_certificate",
            State::Unknown,
            "The certificate on disk cannot be read.",
            "See that ADIT_TLS_CERT, or tls-certificate.pem in the data directory, is there.",
        ),
        Certificate::Ends(at) if *at <= now => Check::new(
            "server_certificate_expired",
            State::Error,
            format!("The server's certificate ended on {}.", at.format("%F")),
            renew,
        ),
        Certificate::Ends(at) if *at < now + NOTICE => Check::new(
            "server_certificate_expiring",
            State::Warning,
            format!("The server's certificate ends on {}.", at.format("%F")),
            renew,
        ),
        Certificate::Ends(at) => Check::ok(
            "server_certificate",
            format!("The server's certificate is valid until {}.", at.format("%F")),
        ),
    }
}

fn disk(room: &Room) -> Check {
    let percent = room.free.saturating_mul(100).checked_div(room.whole).unwrap_or(100);
    let message = format!(
        "{:.1} GB ({percent} %) are free in {}.",
        room.free as f64 / GIGABYTE as f64,
        room.path.display()
    );
    let fix = "Make room, or move ADIT_DATA_DIR to a larger disk.";
    if room.free < GIGABYTE / 2 {
        Check::new("server_disk_full", State::Error, message, fix)
    } else if percent < 10 && room.free < 5 * GIGABYTE {
        Check::new("server_disk_low", State::Warning, message, fix)
    } else {
        Check::ok("server_disk", message)
    }
}

fn database(facts: &Facts) -> Check {
    let found = &facts.database;
    let version = found.version.split_whitespace().next().unwrap_or_default();
    if found.read_only {
        return Check::new(
            "database_read_only",
            State::Error,
            format!(
                "The database (PostgreSQL {version}) takes no writes: it is a standby, or set to read only."
            ),
            "Point ADIT_DATABASE_URL at the primary.",
        );
    }
    let message = format!("PostgreSQL {version}, {} MB, takes writes.", found.octets / (1 << 20));
    Check::ok("database", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    #[test]
    fn a_certificate_is_announced_a_month_before_its_end() {
        let code = |days| certificate(&Certificate::Ends(now() + Duration::days(days)), now()).code;
        assert_eq!(code(31), "server_certificate");
        assert_eq!(code(29), "server_certificate_expiring");
        assert_eq!(code(0), "server_certificate_expired");
        assert_eq!(certificate(&Certificate::Replaced, now()).state, State::Warning);
    }

    #[test]
    fn a_disk_is_low_before_it_is_full() {
        let code = |free, whole| disk(&Room { path: "/data".into(), free, whole }).code;
        assert_eq!(code(50 * GIGABYTE, 1000 * GIGABYTE), "server_disk");
        assert_eq!(code(20 * GIGABYTE, 100 * GIGABYTE), "server_disk");
        assert_eq!(code(4 * GIGABYTE, 100 * GIGABYTE), "server_disk_low");
        assert_eq!(code(GIGABYTE / 4, 100 * GIGABYTE), "server_disk_full");
    }
}
