#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| liveflow_simulator::fuzzing::flow(data));
