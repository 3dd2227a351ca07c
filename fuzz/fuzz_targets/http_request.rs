#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| meshlite_fuzz::http::http_request(data));
