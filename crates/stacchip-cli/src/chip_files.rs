//! Where chips go: one file, a folder, a template, or standard output.

use std::{collections::BTreeMap, path::Path};

use stacchip::{
    ObjectSink,
    chip::{
        Chip, ChipArray, ChipEncoder, Georeferenced,
        display::{PictureOptions, Stretch},
    },
    model::CrsKind,
};

use crate::{
    args::ChipArgs,
    commands::Names,
    failure::{Failure, chain},
    item_names::file_name,
    labels::{Labels, beside},
    output::Output,
    wiring::{World, encoder_for, endings, registered},
};

/// Where chips go.
#[derive(Debug)]
pub struct ChipFiles {
    place: Place,
    encoder: Box<dyn ChipEncoder>,
    ending: String,
    overwrite: bool,
    picture: Option<PictureOptions>,
    labels: Option<Labels>,
}

/// The bytes of a chip's file, and of that of its labels where they have one.
#[derive(Debug)]
pub struct EncodedChip {
    chip: Vec<u8>,
    label: Option<Vec<u8>>,
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
    pub fn new(args: &ChipArgs, several: bool, world: &World) -> Result<Self, Failure> {
        let out = args.output.as_str();
        let by_name = Path::new(out)
            .extension()
            .and_then(|e| e.to_str())
            .map(str::to_ascii_lowercase);
        let is_template = out.contains(['{', '}']);
        let is_folder =
            out.ends_with('/') || Path::new(out).is_dir() || (by_name.is_none() && out != "-");
        if is_template {
            check_template(out)?;
        }
        let place = if out == "-" {
            Place::Standard
        } else if is_template && out.ends_with('/') {
            Place::Template(format!("{out}{{chipid}}.npz"))
        } else if is_template {
            Place::Template(out.to_owned())
        } else if is_folder {
            Place::Folder(out.trim_end_matches('/').to_owned())
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
            (None, _) => by_name.unwrap_or_else(|| "npz".to_owned()),
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
        let labels = Labels::of(&args.burn, world)?;
        if labels.is_some() {
            if !matches!(ending.as_str(), "npz" | "npy" | "tif" | "tiff") {
                return Err(Failure::usage(format!(
                    "labels go into .npz, or beside .tif and .npy, not into .{ending}"
                )));
            }
            if ending != "npz" && matches!(place, Place::Standard) {
                return Err(Failure::usage(
                    "labels go to standard output in npz only: say --format npz",
                ));
            }
        }
        Ok(Self {
            labels,
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
        let out = self.place(names);
        let crs = chip.frame.crs.as_ref();
        let kind = crs.and_then(|crs| Some(world.projector().describe(crs).ok()?.kind));
        let encoded = self.encode(chip, kind, &out)?;
        self.store(&out, encoded, world).await?;
        Ok(out)
    }

    /// Where the chip of these names goes.
    pub fn place(&self, names: &Names) -> String {
        match &self.place {
            Place::Standard => "-".to_owned(),
            Place::File(file) => file.clone(),
            Place::Template(template) => names.fill(template),
            Place::Folder(folder) => {
                format!("{folder}/{}.{}", file_name(&names.chipid), self.ending)
            }
        }
    }

    /// Texts that are burnt as numbers, and the numbers.
    pub fn classes(&self) -> Option<&BTreeMap<String, u32>> {
        let classes = self.labels.as_ref().map(Labels::classes);
        classes.filter(|classes| !classes.is_empty())
    }

    /// The bytes of the file `out` that holds `chip`, whose reference system is of `kind`.
    ///
    /// # Errors
    /// A failure where the format cannot hold it.
    pub fn encode(
        &self,
        chip: &Chip,
        kind: Option<CrsKind>,
        out: &str,
    ) -> Result<EncodedChip, Failure> {
        // What means the same as an entry of a register is written as such.
        let crs = chip.frame.crs.as_ref();
        let crs = crs.map(|crs| registered(crs, None).unwrap_or_else(|_| crs.clone()));
        let place = Georeferenced {
            crs: crs.as_ref(),
            crs_kind: kind,
            transform: chip.frame.transform,
        };
        let failed = |e: &dyn std::error::Error| Failure::failed(format!("{out}: {}", chain(e)));
        let shown = match &self.picture {
            Some(options) => &chip.clone().displayed(options).map_err(|e| failed(&e))?,
            None => chip,
        };
        let label = self.labels.as_ref().map(|labels| labels.of_chip(chip));
        let label = label
            .transpose()
            .map_err(|e| Failure::failed(format!("{out}: {e}")))?;
        let mut arrays = shown.named();
        let own = self.ending != "npz";
        arrays.extend(label.iter().filter(|_| !own).map(ChipArray::named));
        let encode = |arrays: &[_]| self.encoder.encode(arrays, place).map_err(|e| failed(&e));
        Ok(EncodedChip {
            chip: encode(&arrays)?,
            label: match &label {
                Some(label) if own => Some(encode(&[label.named()])?),
                _ => None,
            },
        })
    }

    /// Stores a chip as the file `out`, its labels first: all of each or nothing.
    ///
    /// # Errors
    /// A failure where it cannot be stored, or is there already and is not to be overwritten.
    pub async fn store(
        &self,
        out: &str,
        encoded: EncodedChip,
        world: &World,
    ) -> Result<(), Failure> {
        let bytes = encoded.chip;
        if matches!(self.place, Place::Standard) {
            Output::write(&bytes)?;
            return Ok(());
        }
        if matches!(self.place, Place::Folder(_) | Place::Template(_)) && !out.contains("://") {
            let folder = Path::new(out).parent().unwrap_or(Path::new(""));
            std::fs::create_dir_all(folder).map_err(|e| Failure::of(folder.display(), &e))?;
        }
        if let Some(label) = encoded.label {
            world
                .sink()
                .put(&beside(out), label.into(), self.overwrite)
                .await
                .map_err(|e| Failure::failed(chain(&e)))?;
        }
        world
            .sink()
            .put(out, bytes.into(), self.overwrite)
            .await
            .map_err(|e| Failure::failed(chain(&e)))
    }
}

impl Names {
    /// `template` with its placeholders filled in; what is filled in is not looked at again.
    fn fill(&self, template: &str) -> String {
        let mut out = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            out.push_str(&file_name(self.value(name).unwrap_or_default()));
            rest = after;
        }
        out.push_str(rest);
        out
    }

    fn value(&self, name: &str) -> Option<&str> {
        match name {
            "chipid" => Some(&self.chipid),
            "item" | "item_id" => Some(&self.item),
            "x" => Some(&self.x),
            "y" => Some(&self.y),
            _ => None,
        }
    }
}

/// Refuses what looks like a placeholder and is none.
fn check_template(template: &str) -> Result<(), Failure> {
    for part in template.split('{').skip(1) {
        let name = part.split_once('}').map(|(name, _)| name);
        if !name.is_some_and(|n| PLACEHOLDERS.contains(&n)) {
            return Err(Failure::usage(format!(
                "{template}: the placeholders are {{{}}}",
                PLACEHOLDERS.join("}, {")
            )));
        }
    }
    Ok(())
}

/// Names that stand for something in a template.
const PLACEHOLDERS: [&str; 5] = ["chipid", "item", "item_id", "x", "y"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_once() {
        let names = Names {
            chipid: "{x}-0-0".to_owned(),
            item: "..".to_owned(),
            x: "0".to_owned(),
            y: "7".to_owned(),
        };
        assert_eq!(names.fill("a/{item}/{y}.npz"), "a/%2E%2E/7.npz");
        assert_eq!(names.fill("{chipid}.npz"), "%7Bx%7D-0-0.npz");
        assert!(check_template("{chipid}/{x}.npz").is_ok());
        assert!(check_template("{foo}.npz").is_err());
        assert!(check_template("{chipid.npz").is_err());
    }
}
