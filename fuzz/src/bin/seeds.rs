//! Writes the seeds of every target into `corpus/TARGET/`, or into the folder named.

use std::{env, fs, io, path::PathBuf};

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus"),
        PathBuf::from,
    );
    for target in stacchip_fuzz::TARGETS {
        let place = folder.join(target.name);
        fs::create_dir_all(&place)?;
        let seeds = stacchip_fuzz::seeds(target.name);
        let bytes: usize = seeds.iter().map(Vec::len).sum();
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(place.join(format!("seed-{number}")), seed)?;
        }
        println!("{}: {} seeds, {bytes} bytes", target.name, seeds.len());
    }
    Ok(())
}
