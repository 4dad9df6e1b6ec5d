//! Decodes windows of TIFF files in one thread, and says how much processor time that took.
//!
//! Commands come from standard input, one a line, words parted by tabs; each is answered by a line:
//!
//! - `ours RASTER WINDOWS PASSES`: reads the bytes of each window and decodes it;
//! - `floor RASTER WINDOWS PASSES`: reads the bytes of each tile touched and inflates it, no more;
//! - `check RASTER WINDOWS`: the CRC-32 of all pixels.
//!
//! `WINDOWS` is a file with a window a line: column, row, width, height. A raster stays open.

mod floor;
mod ours;
mod raster;

use std::{
    collections::HashMap,
    error::Error,
    io::{BufRead as _, Write as _},
    path::Path,
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};
use stacchip_model::Window;

use self::raster::Raster;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let mut rasters = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        let answer = match answer(&line?, &mut rasters) {
            Ok(answer) => answer,
            Err(e) => format!("error\t{e}"),
        };
        println!("{answer}");
        std::io::stdout().flush()?;
    }
    Ok(())
}

fn answer(line: &str, rasters: &mut HashMap<String, Raster>) -> Result<String, Failure> {
    let words: Vec<&str> = line.split('\t').collect();
    let (command, path, list, passes) = match words[..] {
        [command, path, list] => (command, path, list, 1),
        [command, path, list, passes] => (command, path, list, passes.parse()?),
        _ => return Err("command, raster, windows, passes".into()),
    };
    if !rasters.contains_key(path) {
        rasters.insert(path.to_owned(), Raster::open(Path::new(path))?);
    }
    let raster = rasters.get_mut(path).ok_or("a raster is lost")?;
    let windows = windows(Path::new(list))?;
    match command {
        "check" => Ok(format!("crc\t{:08x}", ours::check(raster, &windows)?)),
        "ours" => timed(passes, || ours::decode(raster, &windows)),
        "floor" => timed(passes, || floor::inflate(raster, &windows)),
        other => Err(format!("no command {other}").into()),
    }
}

fn windows(list: &Path) -> Result<Vec<Window>, Failure> {
    std::fs::read_to_string(list)?
        .lines()
        .map(|line| {
            let mut numbers = line.split_whitespace();
            let mut next = || numbers.next().ok_or("four numbers make a window");
            Ok(Window::new(
                next()?.parse()?,
                next()?.parse()?,
                next()?.parse()?,
                next()?.parse()?,
            ))
        })
        .collect()
}

/// The least processor time of this thread that a pass took, in seconds.
fn timed(passes: u32, mut pass: impl FnMut() -> Result<(), Failure>) -> Result<String, Failure> {
    let mut least = Duration::MAX;
    for _ in 0..passes {
        let start = thread_time()?;
        pass()?;
        least = least.min(thread_time()? - start);
    }
    Ok(format!("seconds\t{}", least.as_secs_f64()))
}

fn thread_time() -> Result<Duration, Failure> {
    Ok(clock_gettime(ClockId::ThreadCPUTime).try_into()?)
}
