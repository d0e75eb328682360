//! Ctrl-C.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use crate::support::{RESEARCH, Service};

#[test]
fn a_signal_stops_watching_says_how_to_go_on_and_cancels_nothing() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let service = Service::with(|it| it.speed(0.01));
        let mut run = service.command(&["run", RESEARCH]).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(run.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let session = line.trim().strip_prefix("session ").expect(&line).to_owned();
        let id = run.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        assert_eq!(run.wait().unwrap().code(), Some(code));
        let mut rest = String::new();
        stderr.read_to_string(&mut rest).unwrap();
        assert!(rest.contains("nothing was cancelled"), "{rest}");
        assert!(rest.contains(session.as_str()), "{rest}");
        assert_eq!(service.status(&session), "ready");
        let journal = service.journal();
        let requests = journal["requests"].as_array().unwrap();
        assert!(requests.iter().all(|it| it["call"] != "cancel_session"), "{requests:?}");
    }
}
