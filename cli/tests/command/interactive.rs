//! At a terminal: a pseudo-terminal that a test types into and reads from.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::support::{KEY, LEAD, MODERATION, RESEARCH, Service, until};

/// A command with a terminal of its own.
struct Terminal {
    child: Child,
    keyboard: File,
    screen: Arc<Mutex<String>>,
    device: File,
}

impl Terminal {
    fn start(command: &mut Command) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap().into_string().unwrap();
        let terminal = File::options().read(true).write(true).open(name).unwrap();
        let size = Winsize { ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&terminal, size).unwrap();
        let end = || terminal.try_clone().unwrap();
        let child =
            command.env("TERM", "xterm").stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        let keyboard = File::from(controller);
        let mut reader = keyboard.try_clone().unwrap();
        let screen = Arc::<Mutex<String>>::default();
        let shown = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length) = reader.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..length]);
                shown.lock().unwrap().push_str(&console::strip_ansi_codes(&text));
            }
        });
        Self { child, keyboard, screen, device: terminal }
    }

    /// Waits until this is on the screen, after what was waited for before.
    fn shows(&self, text: &str) {
        for _ in 0..1000 {
            let mut screen = self.screen.lock().unwrap();
            if let Some(place) = screen.find(text) {
                screen.drain(..place + text.len());
                return;
            }
            drop(screen);
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("{text:?} is not shown: {:?}", self.screen.lock().unwrap());
    }

    fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    fn ends(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn questions_are_asked_in_place() {
    let service = Service::new();
    let mut terminal = Terminal::start(&mut service.command(&["run", LEAD, "-i", "company=ACME"]));
    terminal.shows("✓ start");
    terminal.shows("? ");
    terminal.shows("(ask_budget)");
    terminal.shows("> ");
    terminal.types("\n");
    terminal.shows("needs some text");
    terminal.types("100000\n");
    terminal.shows("(ask_timeline)");
    terminal.shows("> ");
    terminal.types("next month\n");
    terminal.shows("✓ finished in");
    assert_eq!(terminal.ends(), Some(0));
    let session = service.journal()["sessions"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(service.inputs(&session), ["100000", "next month"]);
}

#[test]
fn an_answer_that_is_refused_may_be_given_again() {
    let service = Service::new();
    let mut terminal =
        Terminal::start(&mut service.command(&["run", MODERATION, "-i", "text=I sell"]));
    terminal.shows("> ");
    terminal.types("perhaps\n");
    terminal.shows("error:");
    terminal.shows("your answer was: perhaps");
    terminal.shows("> ");
    terminal.types("yes\n");
    terminal.shows("✓ finished in");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn a_question_that_somebody_else_answers_is_taken_back_with_what_was_typed() {
    let service = Service::new();
    // Looks often while it waits, so that the test need not.
    service.config("[polling]\nwaiting_min = \"100ms\"\nwaiting_max = \"100ms\"");
    let mut terminal = Terminal::start(&mut service.command(&["run", LEAD]));
    terminal.shows("(ask_budget)");
    terminal.shows("> ");
    terminal.types("this is for the budg");
    let session = service.journal()["sessions"][0]["id"].as_str().unwrap().to_owned();
    service.answer_elsewhere(&session, "1000");
    terminal.shows("somebody else has answered this");
    terminal.shows("(ask_timeline)");
    terminal.shows("> ");
    terminal.types("soon\n");
    terminal.shows("✓ finished in");
    assert_eq!(terminal.ends(), Some(0));
    assert_eq!(service.inputs(&session), ["1000", "soon"]);
}

#[test]
fn the_end_of_input_leaves_the_session_waiting() {
    let service = Service::new();
    let mut terminal = Terminal::start(&mut service.command(&["run", LEAD]));
    terminal.shows("> ");
    terminal.types("\x04");
    terminal.shows("nobody to answer");
    assert_eq!(terminal.ends(), Some(4));
    assert_eq!(service.journal()["sessions"][0]["status"], "waiting");
}

#[test]
fn a_missing_key_is_asked_for_and_not_shown() {
    let service = Service::new();
    let mut terminal = Terminal::start(&mut service.keyless(&["run", RESEARCH]));
    terminal.shows("API key (not shown): ");
    until(|| {
        let modes = tcgetattr(&terminal.device).unwrap().local_modes;
        !modes.contains(LocalModes::ECHO)
    });
    terminal.types(&format!("{KEY}\n"));
    terminal.shows("session ");
    terminal.shows("✓ finished in");
    assert_eq!(terminal.ends(), Some(0));
    assert!(!terminal.screen.lock().unwrap().contains(KEY));
    let modes = tcgetattr(&terminal.device).unwrap().local_modes;
    assert!(modes.contains(LocalModes::ECHO), "the terminal is as it was");
}

#[test]
fn many_sessions_are_a_table_that_is_drawn_over_itself() {
    let service = Service::with(|it| it.speed(1.0));
    let sessions = [service.session(LEAD, &[]), service.session(LEAD, &[])];
    let mut terminal = Terminal::start(&mut service.command(&["watch", LEAD]));
    terminal.shows("SESSION");
    terminal.shows("2 sessions, 2 waiting");
    for session in &sessions {
        service.run(&["cancel", LEAD, session]).with_code(0);
    }
    terminal.shows("2 sessions, 2 failed");
    assert_eq!(terminal.ends(), Some(3));
}

#[test]
fn the_simulator_introduces_itself_to_people() {
    let service = Service::new();
    let terminal = Terminal::start(&mut service.keyless(&["simulate", "--quiet"]));
    terminal.shows("export TRUESTATE_HOST=http://127.0.0.1:");
    terminal.shows("Lead qualification");
}
