//! Layers of labels, and labels burnt beside chips.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use serde_json::{Map, Value};
use stacchip::{
    LabelLayer,
    chip::{Chip, ChipArray, Touch},
    model::{Crs, Pixels, Projector},
};

use crate::{
    afar::is_afar,
    args::{BurnArgs, LayerArgs},
    failure::{Failure, chain},
    wiring::{World, read_layer},
};

/// What the features of a layer say, and where they are.
pub type ReadLayer = (Vec<Map<String, Value>>, LabelLayer);

/// Reads the layer at `path`.
///
/// # Errors
/// A failure where it cannot be read, or lies nowhere.
pub fn read(path: &Path, args: &LayerArgs, world: &World) -> Result<ReadLayer, Failure> {
    let address = path.to_string_lossy();
    let copy = if is_afar(&address) {
        Some(world.afar()?.copy(&address)?)
    } else {
        None
    };
    let here: &Path = copy.as_ref().map_or(path, |copy| copy);
    let layer = read_layer(here, args.layer_name.as_deref()).map_err(Failure::failed)?;
    let crs: Crs = match (&args.layer_crs, layer.crs) {
        (Some(code), _) => code.parse().map_err(Failure::usage)?,
        (None, Some(crs)) => crs,
        (None, None) => {
            return Err(Failure::usage(format!(
                "{} does not say its reference system: give --layer-crs",
                path.display()
            )));
        }
    };
    let (mut figures, mut said) = (Vec::new(), Vec::new());
    for feature in layer.features {
        figures.push(feature.figure);
        said.push(feature.attributes);
    }
    let figures = LabelLayer::new(figures, crs, world.projector())
        .map_err(|e| Failure::of(path.display(), &e))?;
    Ok((said, figures))
}

/// Burns labels beside chips.
#[derive(Debug)]
pub struct Labels {
    figures: LabelLayer,
    /// Of each feature what is burnt.
    values: Vec<Option<f64>>,
    fill: f64,
    touch: Touch,
    projector: Arc<dyn Projector>,
    kind: Kind,
    /// Texts and their numbers.
    classes: BTreeMap<String, u32>,
}

/// The type of labels: the least that holds all of them.
#[derive(Debug, Clone, Copy)]
enum Kind {
    U8,
    I32,
    F64,
}

impl Labels {
    /// As the arguments say; nothing where they ask for none.
    ///
    /// # Errors
    /// A failure where the layer cannot be read, or has no such attribute.
    pub fn of(args: &BurnArgs, world: &World) -> Result<Option<Self>, Failure> {
        let Some(path) = &args.labels else {
            return Ok(None);
        };
        let (said, figures) = read(path, &args.layer, world)?;
        let mut classes = BTreeMap::new();
        let values: Vec<Option<f64>> = if let Ok(number) = args.label_value.parse::<f64>() {
            vec![Some(number); said.len()]
        } else {
            let field = &args.label_value;
            if !said.iter().any(|a| a.contains_key(field)) {
                return Err(Failure::usage(format!(
                    "{}: no feature has an attribute `{field}`",
                    path.display()
                )));
            }
            let texts = said.iter().filter_map(|a| a.get(field)?.as_str());
            classes = texts.map(|text| (text.to_owned(), 0)).collect();
            for (number, class) in (1..).zip(classes.values_mut()) {
                *class = number;
            }
            let value = |a: &Map<String, Value>| match a.get(field)? {
                Value::String(text) => classes.get(text).map(|n| f64::from(*n)),
                Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
                other => other.as_f64(),
            };
            said.iter().map(value).collect()
        };
        let all = || values.iter().flatten().chain([&args.label_fill]);
        let whole = |from: f64, to: f64| all().all(|v| v.fract() == 0.0 && (from..=to).contains(v));
        let kind = if whole(0.0, 255.0) {
            Kind::U8
        } else if whole(f64::from(i32::MIN), f64::from(i32::MAX)) {
            Kind::I32
        } else {
            Kind::F64
        };
        Ok(Some(Self {
            figures,
            values,
            fill: args.label_fill,
            touch: if args.all_touched {
                Touch::All
            } else {
                Touch::Centres
            },
            projector: world.shared_projector(),
            kind,
            classes,
        }))
    }

    /// Texts that were burnt as numbers, and the numbers.
    pub fn classes(&self) -> &BTreeMap<String, u32> {
        &self.classes
    }

    /// The labels of `chip`, as an array `label` of its height and width.
    ///
    /// # Errors
    /// A failure where the chip lies nowhere, or a feature cannot be brought to it.
    pub fn of_chip(&self, chip: &Chip) -> Result<ChipArray, Failure> {
        let failed = |e: &dyn std::error::Error| Failure::failed(chain(e));
        let size = chip.frame.size;
        let shape = [1, size.height as usize, size.width as usize];
        let mut burnt = vec![self.fill; shape[1].saturating_mul(shape[2])];
        let value = |number: usize| self.values.get(number).copied().flatten();
        self.figures
            .burn(
                &chip.frame,
                self.touch,
                self.projector.as_ref(),
                value,
                &mut burnt,
            )
            .map_err(|e| failed(&e))?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "all values were looked at: they are whole and in range"
        )]
        let pixels = match self.kind {
            Kind::U8 => {
                let burnt: Vec<u8> = burnt.iter().map(|v| *v as u8).collect();
                Pixels::from_slice(shape, &burnt)
            }
            Kind::I32 => {
                let burnt: Vec<i32> = burnt.iter().map(|v| *v as i32).collect();
                Pixels::from_slice(shape, &burnt)
            }
            Kind::F64 => Pixels::from_slice(shape, &burnt),
        };
        Ok(ChipArray {
            name: NAME.to_owned(),
            pixels: pixels.map_err(|e| failed(&e))?,
            nodata: None,
            bands: vec![NAME.to_owned()],
            colours: Vec::new(),
            mask: None,
            own_mask: false,
        })
    }
}

/// Where the labels of a chip in `out` go: `X.tif` → `X.label.tif`.
pub fn beside(out: &str) -> String {
    match out.rsplit_once('.') {
        Some((stem, ending)) if !ending.contains('/') => format!("{stem}.{NAME}.{ending}"),
        _ => format!("{out}.{NAME}"),
    }
}

/// The name of the array.
const NAME: &str = "label";
