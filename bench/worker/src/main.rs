//! stacchip as a contender in a benchmark.
//!
//! It does one suite's work again and again in a process that stays alive, asked by lines of JSON on
//! standard input and answering with lines of JSON on standard output; or once, as a whole process,
//! where `--item` names what to work on.

mod bound;
mod chips;
mod clock;
mod contender;
mod encode;
#[cfg(feature = "index")]
mod index;
mod job;
mod remote;
mod world;

use std::{
    error::Error,
    io::{self, BufRead, Write},
    num::NonZeroUsize,
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, ValueEnum};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    clock::{Clock, peak_mib},
    contender::Contender,
    job::Job,
    world::World,
};

/// stacchip as a contender in a benchmark.
#[derive(Debug, Parser)]
struct Args {
    /// What it is to do.
    suite: Suite,
    /// Threads that decode, encode and count.
    #[arg(long, default_value = "1")]
    threads: NonZeroUsize,
    /// How chips are read.
    #[arg(long, value_enum, default_value_t)]
    way: chips::Way,
    /// MiB for what is held of chips that are not complete.
    #[arg(long, default_value_t = 1024)]
    memory: u64,
    /// Whether the suite `remote` has a header index.
    #[arg(long)]
    known: bool,
    /// What the suite `encode` makes.
    #[arg(long, value_enum, default_value_t)]
    encoder: encode::Encoder,
    /// Once, as a whole process: the item to work on.
    #[arg(long)]
    item: Option<PathBuf>,
    /// The chips of it: a file that holds `[[x, y], …]`.
    #[arg(long, requires = "item")]
    chips: Option<PathBuf>,
    /// Keys of assets, in order.
    #[arg(long, value_delimiter = ',')]
    assets: Vec<String>,
    /// The rule of the suite `index`: `sentinel2`, `landsat` or `nostats`.
    #[arg(long, default_value = "")]
    kind: String,
    /// Where the suite `index` writes.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// What there is to be done; `variants`, `seq` and `remote` are chips of other scenes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Suite {
    Index,
    Chips,
    Variants,
    Seq,
    Remote,
    Encode,
    Bound,
}

/// A line of standard input.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Request {
    Setup { job: Box<Job> },
    Run {},
    Verify { n: usize },
    Quit {},
}

type Failed = Box<dyn Error>;

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match &args.item {
        Some(item) => once(&args, item.clone()),
        None => serve(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody reads it where even that fails.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Answers requests until there are no more.
fn serve(args: &Args) -> Result<(), Failed> {
    let world = World::new(args.threads)?;
    let mut contender: Option<Box<dyn Contender>> = None;
    let mut answers = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let answer = match serde_json::from_str(&line?) {
            Ok(Request::Quit {}) => break,
            Ok(Request::Setup { job }) => set_up(args, &world, *job).map(|made| {
                contender = Some(made);
                json!({ "ok": true, "import_s": 0 })
            }),
            Ok(Request::Run {}) => present(&mut contender).and_then(run),
            Ok(Request::Verify { n }) => {
                present(&mut contender).and_then(|c| Ok(json!({ "crc": c.checksums(n)? })))
            }
            Err(error) => Err(error.into()),
        };
        let answer = answer.unwrap_or_else(|error| json!({ "error": chain(error.as_ref()) }));
        writeln!(answers, "{answer}")?;
        answers.flush()?;
    }
    Ok(())
}

/// Does the work once and says how it was.
fn once(args: &Args, item: PathBuf) -> Result<(), Failed> {
    let xy = match &args.chips {
        Some(path) => serde_json::from_slice(&std::fs::read(path)?)?,
        None => Vec::new(),
    };
    let job = Job {
        item: job::Item::Path(item),
        items: Vec::new(),
        assets: args.assets.clone(),
        chip_size: 256,
        xy,
        kind: Some(args.kind.clone()),
        out: args.out.clone(),
        latencies: false,
    };
    let world = World::new(args.threads)?;
    let mut contender = set_up(args, &world, job)?;
    let mut answer = run(contender.as_mut())?;
    if args.suite != Suite::Index {
        answer["crc"] = json!(contender.checksums(usize::MAX)?);
    }
    writeln!(io::stdout(), "{answer}")?;
    Ok(())
}

fn set_up(args: &Args, world: &World, job: Job) -> Result<Box<dyn Contender>, Failed> {
    Ok(match args.suite {
        #[cfg(feature = "index")]
        Suite::Index => Box::new(index::Index::new(world.clone(), job)),
        #[cfg(not(feature = "index"))]
        Suite::Index => return Err("built without the feature `index`".into()),
        Suite::Encode => Box::new(encode::Encode::new(world, job, args.encoder)?),
        Suite::Bound => Box::new(bound::Bound::new(world, &job)?),
        Suite::Remote => Box::new(remote::Remote::new(
            world,
            job,
            args.known,
            args.memory << 20,
        )?),
        Suite::Chips | Suite::Variants | Suite::Seq => {
            let memory = args.memory << 20;
            Box::new(chips::Chips::new(world.clone(), job, args.way, memory)?)
        }
    })
}

fn present(contender: &mut Option<Box<dyn Contender>>) -> Result<&mut dyn Contender, Failed> {
    match contender {
        Some(contender) => Ok(contender.as_mut()),
        None => Err("nothing was set up".into()),
    }
}

/// One run, timed.
fn run(contender: &mut dyn Contender) -> Result<Value, Failed> {
    let clock = Clock::start();
    let mut answer = contender.run()?;
    let (wall, cpu) = clock.stop();
    answer["wall"] = json!(wall);
    answer["cpu"] = json!(cpu);
    answer["maxrss_mb"] = json!(peak_mib());
    Ok(answer)
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}
