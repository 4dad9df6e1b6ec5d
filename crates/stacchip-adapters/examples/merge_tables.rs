//! Merges the tables in a folder: `merge_tables FOLDER OUT.parquet [MEMORY_MIB] [THREADS]`. For measurements that need
//! nothing else of the house; what people use is `stacchip merge`.
#![expect(clippy::print_stdout, reason = "a program tells")]

use std::{error::Error, num::NonZero, path::PathBuf, time::Instant};

use stacchip_adapters::parquet::{MergeOptions, MergePieces, Table, merge_tables};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let folder = PathBuf::from(args.next().ok_or("which folder?")?);
    let out = PathBuf::from(args.next().ok_or("to where?")?);
    let memory: u64 = args.next().map_or(Ok(512), |m| m.parse())?;
    let threads: usize = args.next().map_or(Ok(2), |t| t.parse())?;
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    paths.retain(|p| p.extension().is_some_and(|e| e == "parquet"));
    paths.sort();
    let start = Instant::now();
    let tables = paths
        .iter()
        .map(|p| Table::open(p))
        .collect::<Result<Vec<_>, _>>()?;
    println!("{} tables opened in {:?}", tables.len(), start.elapsed());
    let options = MergeOptions {
        memory: memory << 20,
        threads: NonZero::new(threads).unwrap_or(NonZero::<usize>::MIN),
        spill: out.parent().map(PathBuf::from).unwrap_or_default(),
        part_rows: u64::MAX,
        overwrite: true,
        period: None,
        pieces: MergePieces::default(),
    };
    let merged = merge_tables(&tables, &out, false, &options, &())?;
    println!("{merged:?} in {:?}", start.elapsed());
    Ok(())
}
