//! `stacchip_fuzz::TARGETS`, `texts`, under libFuzzer.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(init: stacchip_fuzz::quiet_panics(), |data: &[u8]| stacchip_fuzz::run_or_abort("texts", data));
