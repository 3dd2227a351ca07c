#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| meshlite_fuzz::server::agent_json(data));
