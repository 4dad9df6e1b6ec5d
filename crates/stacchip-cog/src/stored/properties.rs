//! What is said of an image as a whole, as names and values.

use std::fmt::Write as _;

use stacchip_model::{Affine, AuthorityCode, Crs};

use super::{NotStorable, StoredHeaderError};
use crate::{
    Band, Colour, ControlPoint, Georeference, GhostArea, Level, Nodata, Rpc, Warning, nodata,
};

/// Names and values being collected.
#[derive(Debug, Default)]
pub(super) struct Words {
    list: Vec<(String, String)>,
}

impl Words {
    pub(super) fn into_list(self) -> Vec<(String, String)> {
        self.list
    }

    fn add(&mut self, name: impl Into<String>, value: &(impl ToString + ?Sized)) {
        self.list.push((name.into(), value.to_string()));
    }

    pub(super) fn file(&mut self, big: bool, ghost: Option<&GhostArea>, warnings: &[Warning]) {
        if big {
            self.add("bigtiff", &true);
        }
        if let Some(GhostArea { lines }) = ghost {
            self.add("ghost", &lines.len());
            for (i, (key, value)) in lines.iter().enumerate() {
                self.add(format!("ghost.{i}"), &format_args!("{key}={value}"));
            }
        }
        for (i, Warning { offset, message }) in warnings.iter().enumerate() {
            self.add(format!("warning.{i}"), &format_args!("{offset} {message}"));
        }
    }

    pub(super) fn nodata(&mut self, nodata: Option<&Nodata>) {
        // The value follows from the text.
        if let Some(Nodata { text, value: _ }) = nodata {
            self.add("nodata", text);
        }
    }

    pub(super) fn georeference(&mut self, place: &Georeference) -> Result<(), NotStorable> {
        let Georeference {
            crs,
            vertical,
            transform,
            pixel_is_point,
            control_points,
            rpc,
            keys,
        } = place;
        self.crs("crs", crs.as_ref())?;
        self.crs("vertical", vertical.as_ref())?;
        if let Some(transform) = transform {
            self.add("transform", &numbers(transform.coefficients()));
        }
        if *pixel_is_point {
            self.add("pixel_is_point", &true);
        }
        if !control_points.is_empty() {
            let all = control_points.iter();
            let all = all.flat_map(|&ControlPoint { col, row, x, y, z }| [col, row, x, y, z]);
            self.add("control_points", &numbers(all));
        }
        if let Some(rpc) = rpc {
            let Rpc {
                err_bias,
                err_rand,
                offsets,
                scales,
                line_num,
                line_den,
                samp_num,
                samp_den,
            } = rpc;
            let all = [*err_bias, *err_rand].into_iter().chain(*offsets);
            let all = all.chain(*scales).chain(*line_num).chain(*line_den);
            self.add("rpc", &numbers(all.chain(*samp_num).chain(*samp_den)));
        }
        for (i, (key, value)) in keys.iter().enumerate() {
            self.add(format!("geokey.{i}"), &format_args!("{key} {value}"));
        }
        Ok(())
    }

    fn crs(&mut self, name: &str, crs: Option<&Crs>) -> Result<(), NotStorable> {
        let (form, text, code) = match crs {
            None => return Ok(()),
            Some(Crs::Code(code)) => ("", "", Some(code)),
            Some(Crs::Wkt { text, code }) => (".wkt", text.as_str(), code.as_ref()),
            Some(Crs::Projjson { text, code }) => (".projjson", text.as_str(), code.as_ref()),
            Some(_) => {
                return Err(NotStorable::Unknown {
                    what: "such a reference system",
                });
            }
        };
        if let Some(code) = code {
            self.add(name, code);
        }
        if !form.is_empty() {
            self.add(format!("{name}{form}"), text);
        }
        Ok(())
    }

    pub(super) fn colour_table(&mut self, table: Option<&[[u8; 4]]>) {
        let Some(table) = table else {
            return;
        };
        let mut text = String::with_capacity(table.len().saturating_mul(8));
        for byte in table.iter().flatten() {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        self.add("colour_table", &text);
    }

    /// Of the image where `of` is empty, else of what it names.
    pub(super) fn metadata(&mut self, of: &str, items: &[(String, String)]) {
        for (name, value) in items {
            self.add(format!("{of}{METADATA}{name}"), value);
        }
    }

    /// Of the image where `of` is empty, else of what it names.
    pub(super) fn domains(&mut self, of: &str, items: &[(String, String, String)]) {
        for (i, (domain, name, value)) in items.iter().enumerate() {
            self.add(format!("{of}domain.{i}.domain"), domain);
            self.add(format!("{of}domain.{i}.name"), name);
            self.add(format!("{of}domain.{i}.value"), value);
        }
    }

    pub(super) fn bands(&mut self, bands: &[Band]) {
        for (i, band) in bands.iter().enumerate() {
            let Band {
                // That of the level.
                sample: _,
                description,
                scale,
                offset,
                unit,
                colour,
                metadata,
                domains,
            } = band;
            let name = |what| format!("band.{i}.{what}");
            if let Some(description) = description {
                self.add(name("description"), description);
            }
            if scale.to_bits() != 1f64.to_bits() {
                self.add(name("scale"), &numbers([*scale]));
            }
            if offset.to_bits() != 0f64.to_bits() {
                self.add(name("offset"), &numbers([*offset]));
            }
            if let Some(unit) = unit {
                self.add(name("unit"), unit);
            }
            if *colour != Colour::Undefined {
                self.add(name("colour"), colour.name());
            }
            self.metadata(&format!("band.{i}."), metadata);
            self.domains(&format!("band.{i}."), domains);
        }
    }
}

/// What a list of names and values says of an image, and of the file.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) big_tiff: bool,
    pub(super) ghost: Option<GhostArea>,
    pub(super) warnings: Vec<Warning>,
    pub(super) bands: Vec<Band>,
    pub(super) nodata: Option<Nodata>,
    pub(super) georeference: Georeference,
    pub(super) colour_table: Option<Vec<[u8; 4]>>,
    pub(super) metadata: Vec<(String, String)>,
    pub(super) domains: Vec<(String, String, String)>,
}

/// Reads the `list` of the image whose full resolution is `level`, raster number `raster`. Names
/// that are not known are passed over: a later version of the format may have more.
pub(super) fn read(
    list: &[(String, String)],
    level: &Level,
    raster: usize,
) -> Result<Said, StoredHeaderError> {
    let mut said = Said {
        bands: (0..level.bands()).map(|_| plain_band(level)).collect(),
        ..Said::default()
    };
    let (mut crs, mut vertical) = (SaidCrs::default(), SaidCrs::default());
    for (name, value) in list {
        let wrong = |detail: &str| StoredHeaderError::Field {
            raster,
            field: format!("property `{name}`"),
            detail: detail.to_owned(),
        };
        let flag = || match value.as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(wrong("is neither true nor false")),
        };
        let floats = || floats(value).ok_or_else(|| wrong("is not a list of numbers"));
        match name.as_str() {
            "bigtiff" => said.big_tiff = flag()?,
            "ghost" => said.ghost = Some(GhostArea::default()),
            "nodata" => said.nodata = nodata::parse(value, level.sample),
            "crs" => crs.code = Some(code(value).ok_or_else(|| wrong("is not AUTHORITY:CODE"))?),
            "crs.wkt" => crs.wkt = Some(value.clone()),
            "crs.projjson" => crs.projjson = Some(value.clone()),
            "vertical" => {
                vertical.code = Some(code(value).ok_or_else(|| wrong("is not AUTHORITY:CODE"))?);
            }
            "vertical.wkt" => vertical.wkt = Some(value.clone()),
            "vertical.projjson" => vertical.projjson = Some(value.clone()),
            "transform" => {
                let &[a, b, c, d, e, f] = floats()?.as_slice() else {
                    return Err(wrong("is not six numbers"));
                };
                said.georeference.transform = Some(Affine::new(a, b, c, d, e, f));
            }
            "pixel_is_point" => said.georeference.pixel_is_point = flag()?,
            "control_points" => {
                said.georeference.control_points =
                    points(&floats()?).ok_or_else(|| wrong("is not five numbers a point"))?;
            }
            "rpc" => {
                said.georeference.rpc =
                    Some(rpc(&floats()?).ok_or_else(|| wrong("is not 92 numbers"))?);
            }
            "colour_table" => {
                said.colour_table = Some(
                    colours(value, level)
                        .ok_or_else(|| wrong("is not eight hexadecimal digits a value"))?,
                );
            }
            _ => said
                .listed(name, value, level)
                .ok_or_else(|| wrong("makes no sense"))?,
        }
    }
    said.georeference.crs = crs.crs();
    said.georeference.vertical = vertical.crs();
    Ok(said)
}

/// What is said of a reference system.
#[derive(Debug, Default)]
struct SaidCrs {
    code: Option<AuthorityCode>,
    wkt: Option<String>,
    projjson: Option<String>,
}

impl SaidCrs {
    fn crs(self) -> Option<Crs> {
        let code = self.code;
        match (self.wkt, self.projjson) {
            (Some(text), _) => Some(Crs::Wkt { text, code }),
            (None, Some(text)) => Some(Crs::Projjson { text, code }),
            (None, None) => code.map(Crs::Code),
        }
    }
}

fn code(text: &str) -> Option<AuthorityCode> {
    let (authority, code) = text.split_once(':')?;
    Some(AuthorityCode {
        authority: authority.to_owned(),
        code: code.to_owned(),
    })
}

/// Takes a part of an item of metadata in a domain.
fn domain(items: &mut Vec<(String, String, String)>, part: &str, value: &str) -> Option<()> {
    match part.split_once('.')?.1 {
        "domain" => items.push((value.to_owned(), String::new(), String::new())),
        "name" => value.clone_into(&mut items.last_mut()?.1),
        "value" => value.clone_into(&mut items.last_mut()?.2),
        _ => {}
    }
    Some(())
}

impl Said {
    /// Takes a property that is one of several; nothing where it makes no sense.
    fn listed(&mut self, name: &str, value: &str, level: &Level) -> Option<()> {
        if let Some(name) = name.strip_prefix(METADATA) {
            self.metadata.push((name.to_owned(), value.to_owned()));
            return Some(());
        }
        let Some((kind, rest)) = name.split_once('.') else {
            return Some(());
        };
        match kind {
            "ghost" => {
                let (key, value) = value.split_once('=')?;
                let lines = &mut self.ghost.get_or_insert_default().lines;
                lines.push((key.to_owned(), value.to_owned()));
            }
            "warning" => {
                let (offset, message) = value.split_once(' ')?;
                self.warnings
                    .push(Warning::new(offset.parse().ok()?, message));
            }
            "geokey" => {
                let (key, value) = value.split_once(' ')?;
                let keys = &mut self.georeference.keys;
                keys.push((key.parse().ok()?, value.to_owned()));
            }
            "domain" => domain(&mut self.domains, rest, value)?,
            "band" => {
                let (number, what) = rest.split_once('.')?;
                let band = self.bands.get_mut(number.parse::<usize>().ok()?)?;
                match what {
                    "description" => band.description = Some(value.to_owned()),
                    "scale" => band.scale = value.parse().ok()?,
                    "offset" => band.offset = value.parse().ok()?,
                    "unit" => band.unit = Some(value.to_owned()),
                    "colour" => band.colour = Colour::of_name(value),
                    _ => {
                        if let Some(name) = what.strip_prefix(METADATA) {
                            band.metadata.push((name.to_owned(), value.to_owned()));
                        } else if let Some(part) = what.strip_prefix("domain.") {
                            domain(&mut band.domains, part, value)?;
                        }
                    }
                }
                band.sample = level.sample;
            }
            _ => {}
        }
        Some(())
    }
}

fn plain_band(level: &Level) -> Band {
    Band {
        sample: level.sample,
        description: None,
        scale: 1.0,
        offset: 0.0,
        unit: None,
        colour: Colour::Undefined,
        metadata: Vec::new(),
        domains: Vec::new(),
    }
}

/// Each as the shortest text that leads back to it.
fn numbers(values: impl IntoIterator<Item = f64>) -> String {
    let mut text = String::new();
    for value in values {
        let space = if text.is_empty() { "" } else { " " };
        let _ = write!(text, "{space}{value:?}");
    }
    text
}

fn floats(text: &str) -> Option<Vec<f64>> {
    text.split_ascii_whitespace()
        .map(|number| number.parse().ok())
        .collect()
}

fn points(numbers: &[f64]) -> Option<Vec<ControlPoint>> {
    let (points, []) = numbers.as_chunks::<5>() else {
        return None;
    };
    let point = |&[col, row, x, y, z]: &[f64; 5]| ControlPoint { col, row, x, y, z };
    Some(points.iter().map(point).collect())
}

fn rpc(numbers: &[f64]) -> Option<Rpc> {
    let twenty =
        |at: usize| -> Option<[f64; 20]> { numbers.get(at..at.checked_add(20)?)?.try_into().ok() };
    (numbers.len() == 92).then_some(())?;
    Some(Rpc {
        err_bias: *numbers.first()?,
        err_rand: *numbers.get(1)?,
        offsets: numbers.get(2..7)?.try_into().ok()?,
        scales: numbers.get(7..12)?.try_into().ok()?,
        line_num: twenty(12)?,
        line_den: twenty(32)?,
        samp_num: twenty(52)?,
        samp_den: twenty(72)?,
    })
}

/// One colour for each value that a pixel may have.
fn colours(text: &str, level: &Level) -> Option<Vec<[u8; 4]>> {
    let bits = u32::from(level.encoding.bits);
    let count = 1usize.checked_shl(bits).filter(|_| bits <= 16)?;
    let (bytes, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    (bytes.len() == count.checked_mul(4)?).then_some(())?;
    let bytes = bytes
        .iter()
        .map(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok())
        .collect::<Option<Vec<u8>>>()?;
    Some(bytes.as_chunks::<4>().0.to_vec())
}

/// What stands before the name of a metadata item.
const METADATA: &str = "metadata:";
