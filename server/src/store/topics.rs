//! What the database tells when something has changed: one connection listens for all pages of this process.

use sqlx::PgPool;
use sqlx::postgres::PgListener;

/// The channel that the migrations' triggers speak on.
const CHANNEL: &str = "adit";

/// Listens from now on.
pub async fn listen(db: &PgPool) -> sqlx::Result<Listener> {
    let mut listener = PgListener::connect_with(db).await?;
    listener.listen(CHANNEL).await?;
    Ok(Listener(listener))
}

/// A connection that listens.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// The next that is told. `None`: the connection was lost, and with it perhaps something that was told; it is there
    /// again.
    pub async fn next(&mut self) -> sqlx::Result<Option<String>> {
        Ok(self.0.try_recv().await?.map(|told| told.payload().to_owned()))
    }
}
