//! Carries parts from the directory to the server, again and again for a while where the way is closed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::transfer::{Part, PartAnswer};
use tokio::sync::mpsc;

use crate::clock::jittered;
use crate::directory::{Refusal, Shipment};
use crate::uplink::{Uplink, UplinkError};

/// Then the read is given up: the lease is somebody else's long since.
const GIVE_UP_AFTER: Duration = Duration::from_secs(20);

pub(super) async fn relay(uplink: Arc<Uplink>, mut shipped: mpsc::Receiver<Shipment>) {
    while let Some(Shipment { part, mut answer }) = shipped.recv().await {
        let outcome = tokio::select! {
            // The reader stopped: the part is of no use any more.
            () = answer.closed() => continue,
            outcome = carry(&uplink, &part) => outcome,
        };
        drop(part);
        let _ = answer.send(outcome);
    }
}

async fn carry(uplink: &Uplink, part: &Part) -> Result<PartAnswer, Refusal> {
    let began = Instant::now();
    let mut pause = Duration::from_millis(250);
    loop {
        match uplink.send(part).await {
            Ok(answer) => return Ok(answer),
            Err(error) if error.is_passing() && began.elapsed() < GIVE_UP_AFTER => {
                tracing::debug!(transfer = %part.transfer, part = part.number, %error, "the part is sent again");
                tokio::time::sleep(jittered(pause)).await;
                pause = (pause * 2).min(Duration::from_secs(3));
            }
            Err(error) => return Err(refusal(error)),
        }
    }
}

fn refusal(error: UplinkError) -> Refusal {
    match error.problem() {
        Some(problem) if problem.code == "lease_lost" => Refusal::LeaseLost,
        Some(problem) if problem.status == 409 => Refusal::Cursor(problem.cursor),
        _ => Refusal::Failed(error.to_string()),
    }
}
