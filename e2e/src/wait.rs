//! Waiting for what must come, never for luck.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long anything may take on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(45);

const INTERVAL: Duration = Duration::from_millis(40);

/// Asks until the answer is there; `what` names it if it never comes.
pub async fn until<T>(what: &str, mut probe: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = probe().await? {
            return Ok(found);
        }
        if start.elapsed() > PATIENCE {
            bail!("this did not come within {} s: {what}", PATIENCE.as_secs());
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
