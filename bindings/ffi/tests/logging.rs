//! Log records on their way to the host. One test, because the sink is the process's own.

mod common;

use std::sync::{Arc, Condvar, Mutex};

use common::{ASK, eventually, finished, service};
use liveflow_ffi::{
    CallbackError, LogLevel, LogRecord, LogSink, dropped_log_records, set_log_sink,
};

#[derive(Default)]
struct Sink {
    records: Mutex<Vec<LogRecord>>,
    is_stuck: Mutex<bool>,
    released: Condvar,
}

impl LogSink for Sink {
    fn log(&self, record: LogRecord) -> Result<(), CallbackError> {
        self.records.lock().unwrap().push(record);
        let guard = self.is_stuck.lock().unwrap();
        drop(self.released.wait_while(guard, |is_stuck| *is_stuck).unwrap());
        Err(CallbackError::Failed { reason: "what a sink throws harms nobody".to_owned() })
    }
}

#[test]
fn records_reach_the_sink_without_secrets_and_never_block_the_core() {
    let service = service();
    let client = service.client();
    let call = || drop(finished(client.get_sessions(ASK.to_owned())).unwrap());
    let sink = Arc::new(Sink::default());

    set_log_sink(Some(sink.clone()), LogLevel::Error);
    call();
    assert!(sink.records.lock().unwrap().is_empty(), "there was nothing grave to say");

    set_log_sink(Some(sink.clone()), LogLevel::Trace);
    call();
    eventually("a record", || !sink.records.lock().unwrap().is_empty());
    for record in sink.records.lock().unwrap().iter() {
        assert!(record.target.starts_with("liveflow"), "{record:?}");
        assert!(!format!("{record:?}").contains(service.simulator.api_key()), "{record:?}");
    }

    *sink.is_stuck.lock().unwrap() = true;
    eventually("the queue is full", || {
        call();
        dropped_log_records() > 0
    });
    *sink.is_stuck.lock().unwrap() = false;
    sink.released.notify_all();
    let told = || {
        let records = sink.records.lock().unwrap();
        let fields = records.iter().flat_map(|record| record.fields.iter());
        fields.filter(|field| field.name == "records_dropped").count()
    };
    eventually("how many were dropped", || {
        call();
        told() > 0
    });

    set_log_sink(None, LogLevel::Trace);
    // A record that was taken from the queue before may still be on its way.
    std::thread::sleep(std::time::Duration::from_millis(50));
    let said = sink.records.lock().unwrap().len();
    call();
    assert_eq!(sink.records.lock().unwrap().len(), said);
}
