//! Where chips go: one file, a folder, a template, or standard output.

use std::{
    io::{self, Write},
    path::Path,
};

use stacchip::{
    ObjectSink,
    chip::{
        Chip, ChipEncoder, Georeferenced,
        display::{PictureOptions, Stretch},
    },
};

use crate::{
    args::ChipArgs,
    commands::Names,
    failure::{Failure, chain},
    wiring::{World, encoder_for, endings},
};

/// Where chips go.
#[derive(Debug)]
pub struct ChipFiles {
    place: Place,
    encoder: Box<dyn ChipEncoder>,
    ending: String,
    overwrite: bool,
    picture: Option<PictureOptions>,
}

#[derive(Debug)]
enum Place {
    Standard,
    File(String),
    Template(String),
    Folder(String),
}

impl ChipFiles {
    /// As the arguments say; `several` where more than one chip may come.
    ///
    /// # Errors
    /// A failure where the format is not known, or several chips would go into one file.
    pub fn new(args: &ChipArgs, several: bool) -> Result<Self, Failure> {
        let out = args.output.as_str();
        let by_name = Path::new(out)
            .extension()
            .and_then(|e| e.to_str())
            .map(str::to_ascii_lowercase);
        let is_template = out.contains('{') && out.contains('}');
        let is_folder =
            out.ends_with('/') || Path::new(out).is_dir() || (by_name.is_none() && out != "-");
        let place = if out == "-" {
            Place::Standard
        } else if is_folder {
            Place::Folder(out.trim_end_matches('/').to_owned())
        } else if is_template {
            Place::Template(out.to_owned())
        } else {
            Place::File(out.to_owned())
        };
        if several && matches!(place, Place::File(_) | Place::Standard) {
            return Err(Failure::usage(format!(
                "several chips do not go into {out}: give a folder, or a template such as \"{{chipid}}.npz\""
            )));
        }
        let ending = match (&args.format, &place) {
            (Some(format), _) => format.to_ascii_lowercase(),
            (None, Place::Standard) => {
                return Err(Failure::usage(format!(
                    "which format for standard output? give --format {}",
                    endings().join("|")
                )));
            }
            (None, Place::Folder(_)) => "npz".to_owned(),
            (None, _) => by_name.unwrap_or_default(),
        };
        let encoder = encoder_for(&ending).ok_or_else(|| {
            Failure::usage(format!(
                "no way to write `{ending}`: the formats are {}",
                endings().join(", ")
            ))
        })?;
        let asked = args.stretch.is_some() || !args.rescale.is_empty();
        let shows = ending == "png";
        if asked && !shows {
            return Err(Failure::usage(format!(
                "--stretch and --rescale make pictures, and .{ending} holds measured numbers: write .png"
            )));
        }
        let options = PictureOptions {
            stretch: match &args.stretch {
                Some(stretch) => stretch.parse().map_err(Failure::usage)?,
                None => Stretch::default(),
            },
            rescale: args.rescale.clone(),
        };
        Ok(Self {
            place,
            encoder,
            ending,
            overwrite: args.overwrite,
            picture: (asked || shows).then_some(options),
        })
    }

    /// Encodes and stores `chip`; says where.
    ///
    /// # Errors
    /// A failure where the format cannot hold it, or it cannot be stored.
    pub async fn write(
        &self,
        chip: &Chip,
        names: &Names,
        world: &World,
    ) -> Result<String, Failure> {
        let out = match &self.place {
            Place::Standard => "-".to_owned(),
            Place::File(file) => file.clone(),
            Place::Template(template) => names.fill(template),
            Place::Folder(folder) => {
                format!("{folder}/{}.{}", safe(&names.chipid), self.ending)
            }
        };
        let crs_kind = match &chip.frame.crs {
            Some(crs) => world.projector().describe(crs).ok().map(|s| s.kind),
            None => None,
        };
        let place = Georeferenced {
            crs: chip.frame.crs.as_ref(),
            crs_kind,
            transform: chip.frame.transform,
        };
        let failed = |e: &dyn std::error::Error| Failure::failed(format!("{out}: {}", chain(e)));
        let shown = match &self.picture {
            Some(options) => &chip.clone().displayed(options).map_err(|e| failed(&e))?,
            None => chip,
        };
        let bytes = self
            .encoder
            .encode(&shown.named(), place)
            .map_err(|e| failed(&e))?;
        if matches!(self.place, Place::Standard) {
            let mut standard = io::stdout().lock();
            standard.write_all(&bytes)?;
            standard.flush()?;
            return Ok(out);
        }
        if matches!(self.place, Place::Folder(_) | Place::Template(_)) && !out.contains("://") {
            let folder = Path::new(&out).parent().unwrap_or(Path::new(""));
            std::fs::create_dir_all(folder).map_err(|e| Failure::of(folder.display(), &e))?;
        }
        world
            .sink()
            .put(&out, bytes.into(), self.overwrite)
            .await
            .map_err(|e| Failure::failed(chain(&e)))?;
        Ok(out)
    }
}

impl Names {
    fn fill(&self, template: &str) -> String {
        template
            .replace("{chipid}", &safe(&self.chipid))
            .replace("{item}", &safe(&self.item))
            .replace("{item_id}", &safe(&self.item))
            .replace("{x}", &self.x)
            .replace("{y}", &self.y)
    }
}

/// A name that is one file name: ids may hold anything.
fn safe(name: &str) -> String {
    name.replace(['/', '\\', '\0'], "_")
}
