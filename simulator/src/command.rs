//! The command line of the simulator, and what it does: for `liveflow-simulator`, and for other
//! commands that carry the simulator inside.

use std::error::Error;
use std::io::{self, Read as _, Write as _};
use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::{FaultRule, Simulator, SimulatorBuilder, StartError};

/// What the command can be told.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// IP address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Also load every *.json in this directory as a flow
    #[arg(long, value_name = "DIR")]
    flows: Option<PathBuf>,
    /// Service time runs this many times as fast as real time
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// Seeds random durations and the probabilities of faults
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The one key that is accepted
    #[arg(long, value_name = "KEY", default_value = "simulator-key")]
    api_key: String,
    /// JSON array of fault rules
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// A fault rule: CALL=FAULT, as in `get_session=hold`, or CALL=FAULT*TIMES, or the rule as JSON
    #[arg(long, value_name = "RULE")]
    fault: Vec<FaultRule>,
    /// JSON object of settings
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Exit when standard input ends
    #[arg(long)]
    exit_with_stdin: bool,
    /// No request log on standard error
    #[arg(long)]
    quiet: bool,
}

impl Arguments {
    fn builder(&self) -> SimulatorBuilder {
        let mut builder = Simulator::builder()
            .host(self.host)
            .port(self.port)
            .api_key(&self.api_key)
            .speed(self.speed)
            .seed(self.seed)
            .faults(self.fault.iter().cloned());
        if let Some(directory) = &self.flows {
            builder = builder.flows(directory);
        }
        if let Some(file) = &self.faults {
            builder = builder.fault_file(file);
        }
        if let Some(file) = &self.settings {
            builder = builder.settings_file(file);
        }
        if !self.quiet {
            // A log that nobody reads any more must not stop the service.
            builder = builder.request_log(|line| drop(writeln!(io::stderr(), "{line}")));
        }
        builder
    }
}

/// Starts the simulator, has `announce` tell where it is, and runs until it is interrupted, or, if
/// that was asked for, until standard input ends.
pub async fn run(
    arguments: &Arguments,
    announce: impl FnOnce(&Simulator) -> io::Result<()>,
) -> Result<(), Box<dyn Error>> {
    // Before the first line is out: whoever has read it may send a signal.
    let interrupted = signals()?;
    let simulator = arguments.builder().start().await?;
    announce(&simulator)?;
    tokio::select! {
        () = interrupted => {}
        () = stdin_ended(), if arguments.exit_with_stdin => {}
    }
    simulator.stop().await;
    Ok(())
}

/// The exit code that tells this error: 2 when something that was given is wrong, as for a wrong
/// option, else 1.
pub fn exit_code(error: &(dyn Error + 'static)) -> u8 {
    match error.downcast_ref() {
        Some(StartError::Listen { .. }) | None => 1,
        Some(_) => 2,
    }
}

/// Tells programs where the simulator is: one line of JSON on standard output, flushed.
pub fn announce(simulator: &Simulator) -> io::Result<()> {
    let flows: Vec<_> =
        simulator.flows().into_iter().map(|(id, name)| json!({"id": id, "name": name})).collect();
    let line = json!({
        "base_url": simulator.base_url(),
        "control_url": simulator.control_url(),
        "api_key": simulator.api_key(),
        "flows": flows,
    });
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

#[cfg(unix)]
fn signals() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn signals() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // When it fails there is nothing to wait for but the end of the process.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

/// A thread of its own: a read from standard input cannot be cancelled, and would hold up the
/// runtime's end.
async fn stdin_ended() {
    let (ended, has_ended) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 1024];
        while matches!(io::stdin().read(&mut buffer), Ok(read) if read > 0) {}
        ended.send(())
    });
    // An error means that the thread has gone, and with it standard input.
    let _ = has_ended.await;
}
