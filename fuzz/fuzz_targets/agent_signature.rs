#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| meshlite_fuzz::crypto::agent_signature(data));
