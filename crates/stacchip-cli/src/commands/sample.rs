//! `stacchip sample`.

use std::{
    fs,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use serde_json::json;
use stacchip::sample::{self, SampleError, SampleFolder, SampleScene};
use tempfile::NamedTempFile;

use crate::{
    CommandResult, Status,
    args::{SampleArgs, SamplePlatform},
    failure::{Failure, chain},
    output::Output,
    progress::Bar,
    wiring::World,
};

/// Makes a scene.
pub fn run(args: &SampleArgs, world: &World, output: Output) -> CommandResult {
    let platform = match args.platform {
        SamplePlatform::Sentinel2 => sample::SamplePlatform::Sentinel2,
        SamplePlatform::Landsat => sample::SamplePlatform::Landsat,
        SamplePlatform::Naip => sample::SamplePlatform::Naip,
        SamplePlatform::Linz => sample::SamplePlatform::Linz,
        SamplePlatform::Sentinel1 => sample::SamplePlatform::Sentinel1,
        SamplePlatform::Modis => sample::SamplePlatform::Modis,
    };
    let mut scene = SampleScene::new(platform);
    if let Some(size) = args.size {
        scene = scene.size(size);
    }
    if let Some(seed) = args.seed {
        scene = scene.seed(seed);
    }
    let item = args.out.join(ITEM);
    let holds_something = fs::read_dir(&args.out).is_ok_and(|mut all| all.next().is_some());
    if holds_something && !args.overwrite {
        return Err(Failure::failed(format!(
            "{} exists already and is not empty: say --overwrite to replace what stands there",
            args.out.display()
        )));
    }
    fs::create_dir_all(&args.out).map_err(|e| Failure::of(args.out.display(), &e))?;
    let folder = Folder {
        path: args.out.clone(),
    };
    let bar = Bar::new(output, "making rasters");
    let report = scene
        .write(world.projector(), world.encoder(), &folder, &bar)
        .map_err(|e| match e {
            SampleError::Size { .. } => Failure::usage(e),
            other => Failure::failed(chain(&other)),
        })?;
    drop(bar);
    output.document(&json!({
        "item": item.to_string_lossy(),
        "id": report.id,
        "files": report.files,
    }))?;
    output.done(format!(
        "{} ({} files) → {}",
        report.id,
        report.files.len(),
        item.display()
    ))?;
    Ok(Status::Done)
}

/// A folder of this machine.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
}

impl SampleFolder for Folder {
    fn put(
        &self,
        name: &str,
        write: &mut dyn FnMut(&mut dyn Write) -> Result<(), SampleError>,
    ) -> Result<(), SampleError> {
        let mut out = BufWriter::new(NamedTempFile::new_in(&self.path)?);
        write(&mut out)?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        readable(file.path())?;
        file.persist(self.path.join(name)).map_err(|e| e.error)?;
        Ok(())
    }
}

/// Temporary files are their maker's alone; a scene is for everybody, as any new file.
#[cfg(unix)]
fn readable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The name of the item, which is written last.
const ITEM: &str = "item.json";
