//! The targets by name, and how one is run.

use std::{
    cell::RefCell,
    fs, panic,
    time::{Duration, Instant},
};

#[cfg(feature = "index")]
use crate::index;
use crate::{
    codec, codec_seeds, file, header, header_table, item, lerc_diff, lzw_diff, rules, texts,
    tiff_diff,
};

/// Something that must survive any bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: of the fuzz target, of its folder of seeds and of regressions.
    pub name: &'static str,
    /// Panics where a promise is broken.
    body: fn(&[u8]),
    /// Sound inputs to begin with.
    seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    target("header", header::header, crate::seeds::files),
    target(
        "header_table",
        header_table::header_table,
        crate::seeds::files,
    ),
    target("file", file::file, crate::seeds::files),
    target("deflate", codec::deflate, codec_seeds::deflate),
    target("lzw", codec::lzw, codec_seeds::lzw),
    target("packbits", codec::packbits, codec_seeds::packbits),
    target("zstd", codec::zstd, codec_seeds::zstd),
    target("lzma", codec::lzma, codec_seeds::lzma),
    target("jpeg", codec::jpeg, codec_seeds::jpeg),
    target("webp", codec::webp, codec_seeds::webp),
    target("lerc", codec::lerc, codec_seeds::lerc),
    target("jxl", codec::jxl, codec_seeds::jxl),
    target("ccitt", codec::ccitt, codec_seeds::ccitt),
    target("next", codec::next, codec_seeds::next),
    target("thunderscan", codec::thunderscan, codec_seeds::thunderscan),
    target("lerc_diff", lerc_diff::lerc_diff, codec_seeds::lerc_diff),
    target("lzw_diff", lzw_diff::lzw_diff, codec_seeds::lzw),
    target("tiff_diff", tiff_diff::tiff_diff, crate::seeds::files),
    target("item", item::item, crate::seeds::items),
    target("rules", rules::rules, crate::seeds::rules),
    target("texts", texts::texts, crate::seeds::texts),
    #[cfg(feature = "index")]
    target("index", index::index, crate::seeds::indexes),
];

const fn target(name: &'static str, body: fn(&[u8]), seeds: fn() -> Vec<Vec<u8>>) -> Target {
    Target { name, body, seeds }
}

/// Sound inputs of the target `name`; none where there is no such target.
pub fn seeds(name: &str) -> Vec<Vec<u8>> {
    TARGETS
        .iter()
        .find(|t| t.name == name)
        .map_or_else(Vec::new, |t| (t.seeds)())
}

/// Gives `data` to the target `name`.
///
/// # Errors
/// Which promise was broken, and where: what a panic says. What the code under test catches of its
/// libraries' panics is no failure.
pub fn run(name: &str, data: &[u8]) -> Result<(), String> {
    let target = TARGETS
        .iter()
        .find(|t| t.name == name)
        .ok_or_else(|| format!("there is no target {name}"))?;
    LAST.take();
    panic::catch_unwind(|| (target.body)(data)).map_err(|payload| {
        LAST.take()
            .or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string))
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic".to_owned())
    })
}

/// As [`run`], for libFuzzer: what breaks a promise ends the process, and so does what takes too much
/// time of the processor. (libFuzzer's own `-timeout` is for loops without end: it goes by the clock on
/// the wall, and other work may hold the process up.)
pub fn run_or_abort(name: &str, data: &[u8]) {
    let begin = Instant::now();
    let mut done = run(name, data);
    if begin.elapsed() > LONG {
        let before = processor_time();
        done = done.and_then(|()| run(name, data));
        let took = processor_time().saturating_sub(before);
        if took > LONG {
            done = done.and_then(|()| Err(format!("an input took {took:?} of the processor")));
        }
    }
    if let Err(broken) = done {
        eprintln!("{name}: {broken}");
        std::process::abort();
    }
}

/// What this thread has had of the processor; nothing where the system does not say.
fn processor_time() -> Duration {
    let said = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = said.split(' ').next().and_then(|n| n.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// Keeps panics from being printed, or from ending the process, before it is known whether somebody
/// catches them.
pub fn quiet_panics() {
    panic::set_hook(Box::new(|info| {
        LAST.set(Some(info.to_string()));
    }));
}

thread_local! {
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Of the processor, with the address sanitizer: inputs are a few kilobytes.
const LONG: Duration = Duration::from_secs(10);
