//! `stacchip_fuzz::TARGETS`, `header_table`, under libFuzzer.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(init: stacchip_fuzz::quiet_panics(), |data: &[u8]| stacchip_fuzz::run_or_abort("header_table", data));
