#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| meshlite_fuzz::recovery::crash_marker(data));
