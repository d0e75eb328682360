//! Ctrl-C and SIGTERM: they stop this command, never the session.

use std::io;

use tokio::sync::watch;

use crate::exit::Code;

/// Hears the signals from the moment it is made.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<Option<Code>>);

impl Stop {
    /// To be called on the runtime, before anything that must be stopped in order.
    pub(crate) fn listen() -> io::Result<Self> {
        let (tell, hears) = watch::channel(None);
        let signals = signals()?;
        tokio::spawn(async move {
            // Nobody listens any more when it fails.
            let _ = tell.send(Some(signals.await));
        });
        Ok(Self(hears))
    }

    /// Returns when the command is to stop.
    pub(crate) async fn asked(&self) -> Code {
        let mut hears = self.0.clone();
        match hears.wait_for(Option::is_some).await.map(|heard| *heard) {
            Ok(Some(code)) => code,
            _ => std::future::pending().await,
        }
    }
}

#[cfg(unix)]
fn signals() -> io::Result<impl Future<Output = Code>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => Code::Interrupted,
            _ = terminate.recv() => Code::Terminated,
        }
    })
}

#[cfg(not(unix))]
fn signals() -> io::Result<impl Future<Output = Code>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Code::Interrupted
    })
}
