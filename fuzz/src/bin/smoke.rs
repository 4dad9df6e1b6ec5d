//! A few seconds of broken inputs for every target, or for those named: the same inputs each time.
//!
//! No libFuzzer and no nightly compiler are needed. What breaks a promise is kept in `artifacts/`.
//! `SMOKE_SECONDS` says how long a target may take, 4 if unsaid; a target ends before that when it has
//! had its share of inputs.

use std::{
    env, fs, io,
    path::Path,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use stacchip_fuzz::{Mutation, TARGETS, run};

type Current = Arc<Mutex<Option<(Instant, &'static str, Vec<u8>)>>>;

fn main() -> ExitCode {
    let named: Vec<String> = env::args().skip(1).collect();
    let seconds = env::var("SMOKE_SECONDS").ok();
    let seconds = seconds.and_then(|s| s.parse().ok()).unwrap_or(4);
    stacchip_fuzz::quiet_panics();
    let current = Current::default();
    watch(Arc::clone(&current));
    let mut failed = 0;
    for target in TARGETS {
        if !named.is_empty() && !named.iter().any(|n| n == target.name) {
            continue;
        }
        match smoke(target.name, Duration::from_secs(seconds), &current) {
            Ok(said) => println!("{:12} {said}", target.name),
            Err(said) => {
                failed += 1;
                println!("{:12} BROKEN {said}", target.name);
            }
        }
    }
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn smoke(name: &'static str, time: Duration, current: &Current) -> Result<String, String> {
    let mut inputs = stacchip_fuzz::seeds(name);
    inputs.extend(regressions(name).map_err(|e| format!("regressions/{name}: {e}"))?);
    let mut mutation = Mutation::new(1);
    let (begin, mut done, mut longest) = (Instant::now(), 0usize, Duration::ZERO);
    while done < INPUTS && begin.elapsed() < time {
        let input = match inputs.get(done) {
            Some(sound) => sound.clone(),
            None => mutation.of(&inputs),
        };
        let at = Instant::now();
        *current.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, name, input.clone()));
        let result = run(name, &input);
        *current.lock().unwrap_or_else(PoisonError::into_inner) = None;
        longest = longest.max(at.elapsed());
        done += 1;
        if let Err(broken) = result {
            let kept = keep(name, &input).unwrap_or_else(|e| format!("not kept: {e}"));
            return Err(format!("by input {done} ({kept}): {broken}"));
        }
    }
    Ok(format!(
        "{done} inputs in {:.1} s, the longest {} ms",
        begin.elapsed().as_secs_f64(),
        longest.as_millis()
    ))
}

/// Ends the process when an input takes too long: nothing else ends a loop without end.
fn watch(current: Current) {
    thread::spawn(move || {
        loop {
            thread::sleep(Duration::from_secs(1));
            let held = current.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((since, name, input)) = held.as_ref()
                && since.elapsed() > HANG
            {
                let kept = keep(name, input).unwrap_or_else(|e| format!("not kept: {e}"));
                println!(
                    "{name:12} BROKEN an input takes over {} s ({kept})",
                    HANG.as_secs()
                );
                std::process::exit(1);
            }
        }
    });
}

fn regressions(name: &str) -> io::Result<Vec<Vec<u8>>> {
    let folder = folder().join("regressions").join(name);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = fs::read_dir(folder)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    paths.iter().map(fs::read).collect()
}

fn keep(name: &str, input: &[u8]) -> io::Result<String> {
    let place = folder().join("artifacts").join(name);
    fs::create_dir_all(&place)?;
    let sum = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, &byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let path = place.join(format!("smoke-{sum:016x}"));
    fs::write(&path, input)?;
    Ok(path.display().to_string())
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

const INPUTS: usize = 20_000;
/// A machine may be busy, and the build unoptimised; sound inputs take milliseconds.
const HANG: Duration = Duration::from_secs(60);
