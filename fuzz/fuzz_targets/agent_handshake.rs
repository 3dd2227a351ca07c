#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| meshlite_fuzz::handshake::agent_handshake(data));
