//! What `ArcGIS` says beside a raster of its place on the ground.

use stacchip_model::{Affine, AuthorityCode, Crs};

use crate::{
    ControlPoint, Image,
    xml::{self, Element},
};

/// The reference system in the text of an ESRI metadata file (`.xml`): the code it is known under,
/// else the well-known text inside its `peXml`, which is XML as text.
pub fn esri_crs(text: &str) -> Option<Crs> {
    // Files of other makers have this ending, and may be long.
    if !text.contains("identCode") && !text.contains("peXml") {
        return None;
    }
    let document = xml::document(text)?;
    let by_code = || {
        let path = ["refSysInfo", "RefSystem", "refSysID", "identCode"];
        let named = path
            .into_iter()
            .try_fold(&document, |of, name| of.child(name))?;
        let code = named.attribute("code").or_else(|| named.word("code"))?;
        // As in GDAL: ESRI's own codes begin where EPSG's end.
        Some(match code.trim().parse().ok()? {
            0 => return None,
            code @ ..=EPSG_LAST => Crs::epsg(code),
            code => Crs::Code(AuthorityCode::new("ESRI", code.to_string())),
        })
    };
    let by_text = || {
        let inner = xml::document(&document.find("peXml")?.text)?;
        well_known(inner.find("WKT")?)
    };
    by_code().or_else(by_text)
}

/// Control points on a page: a raster that `ArcGIS` holds for a scanned sheet of paper.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PagePoints {
    /// Their reference system, where it is said.
    pub crs: Option<Crs>,
    /// The points; column and row are inches from the lower left corner.
    pub points: Vec<ControlPoint>,
}

/// What a `GeodataXform` of `ArcGIS` says.
#[derive(Debug, Default)]
pub(super) struct GeodataXform {
    pub(super) crs: Option<Crs>,
    pub(super) transform: Option<Affine>,
    pub(super) page_points: Option<PagePoints>,
}

impl GeodataXform {
    /// That of a `.aux.xml` with the outermost element `root`: of `ArcGIS` 9 it is the document, of
    /// later ones it is in the metadata of GDAL's domain `xml:ESRI`.
    pub(super) fn of(root: &Element) -> Option<Self> {
        let in_domain = |metadata: &&Element| {
            let is = |name, value| {
                let said = metadata.attribute(name);
                said.is_some_and(|said: &str| said.eq_ignore_ascii_case(value))
            };
            is("domain", "xml:ESRI") && is("format", "xml")
        };
        let form = if root.name == NAME {
            root
        } else {
            root.all("Metadata").filter(in_domain).last()?.child(NAME)?
        };
        let said = form.child("SpatialReference");
        let crs = said.and_then(|said| said.child("WKT")).and_then(well_known);
        let (source, target) = (form.child("SourceGCPs"), form.child("TargetGCPs"));
        let has_points = source.is_some() && target.is_some();
        let points = source
            .zip(target)
            .and_then(|(source, target)| points(&numbers(source)?, &numbers(target)?));
        Some(Self {
            transform: (!has_points).then(|| polynomial(form)).flatten(),
            page_points: points.map(|points| PagePoints {
                crs: crs.clone(),
                points,
            }),
            crs,
        })
    }
}

impl Image {
    /// Takes the system of the ESRI metadata beside it. As in GDAL, a code goes before what the file itself says; a
    /// text is taken where it says nothing.
    pub fn attach_esri(&mut self, crs: Crs) {
        let place = &mut self.georeference;
        if place.crs.is_none() || crs.code().is_some() {
            place.crs = Some(crs);
            place.vertical = None;
        }
    }

    /// Takes points of a page where the file says how many pixels an inch has. As in GDAL, they go
    /// before what the file says of its place; elsewhere nobody knows which pixels are meant.
    pub(super) fn attach_page(&mut self, page: &PagePoints) -> bool {
        let said = |name: &str| {
            let mut items = self.metadata.iter();
            items.find(|(key, _)| key == name).map(|(_, value)| value)
        };
        let resolution = |name| said(name)?.parse::<f64>().ok();
        let in_inches = said("TIFFTAG_RESOLUTIONUNIT").is_some_and(|unit| unit.starts_with('2'));
        let along = resolution("TIFFTAG_XRESOLUTION").zip(resolution("TIFFTAG_YRESOLUTION"));
        let Some((x, y)) = along.filter(|_| in_inches) else {
            return false;
        };
        let height = f64::from(self.size().height);
        let place = &mut self.georeference;
        let pixel = |point: &ControlPoint| ControlPoint {
            col: point.col * x,
            row: height - point.row * y,
            ..*point
        };
        place.control_points = page.points.iter().map(pixel).collect();
        if page.crs.is_some() {
            place.crs.clone_from(&page.crs);
            place.vertical = None;
        }
        true
    }
}

/// The system whose well-known text `element` holds.
fn well_known(element: &Element) -> Option<Crs> {
    let text = element.text.trim();
    text.contains('[').then(|| Crs::wkt(text))
}

/// Pairs of numbers as points; nothing where there are none, or not as many on either side.
fn points(source: &[f64], target: &[f64]) -> Option<Vec<ControlPoint>> {
    let (source, source_rest) = source.as_chunks::<2>();
    let (target, target_rest) = target.as_chunks::<2>();
    let in_order = source.len() == target.len() && source_rest.is_empty() && target_rest.is_empty();
    let point = |(&[col, row], &[x, y]): (&[f64; 2], &[f64; 2])| ControlPoint {
        col,
        row,
        x,
        y,
        z: 0.0,
    };
    (in_order && !source.is_empty()).then(|| source.iter().zip(target).map(point).collect())
}

/// The map of a polynomial of first order: from centres of pixels, whose rows count downwards.
fn polynomial(form: &Element) -> Option<Affine> {
    if form.word("PolynomialOrder") != Some("1") {
        return None;
    }
    let three = |name| <[f64; 3]>::try_from(numbers(form.child(name)?)?).ok();
    let ([x, a, b], [y, d, e]) = (three("CoeffX")?, three("CoeffY")?);
    let (b, e) = (-b, -e);
    Some(Affine::new(
        a,
        b,
        x - 0.5 * a - 0.5 * b,
        d,
        e,
        y - 0.5 * d - 0.5 * e,
    ))
}

/// The numbers of an `ArrayOfDouble`; nothing where one is none.
fn numbers(array: &Element) -> Option<Vec<f64>> {
    let number = |double: &Element| {
        double
            .text
            .trim()
            .parse()
            .ok()
            .filter(|v: &f64| v.is_finite())
    };
    array.all("Double").map(number).collect()
}

const NAME: &str = "GeodataXform";
const EPSG_LAST: u32 = 32_767;

#[cfg(test)]
mod tests {
    use super::*;

    fn form(inside: &str) -> GeodataXform {
        let text = format!("<GeodataXform>{inside}</GeodataXform>");
        GeodataXform::of(&xml::document(&text).unwrap()).unwrap()
    }

    fn doubles(name: &str, numbers: &[f64]) -> String {
        let inside = numbers.iter().map(|n| format!("<Double>{n}</Double>"));
        format!("<{name}>{}</{name}>", inside.collect::<Vec<_>>().concat())
    }

    #[test]
    fn esri_metadata_name_their_system_by_code_or_text() {
        let text = "<metadata><Esri><coordRef><peXml Sync=\"TRUE\">&lt;P&gt;&lt;WKT&gt;\
            GEOGCS[&amp;quot;x&amp;quot;]&lt;/WKT&gt;&lt;/P&gt;</peXml></coordRef></Esri></metadata>";
        let by_text = Some(Crs::wkt("GEOGCS[\"x\"]"));
        assert_eq!(esri_crs(text), by_text);
        let with_code = |code: &str| {
            let system = format!(
                "<refSysInfo><RefSystem><refSysID><identCode code=\"{code}\"/></refSysID></RefSystem></refSysInfo>"
            );
            esri_crs(&text.replace("</metadata>", &(system + "</metadata>")))
        };
        assert_eq!(with_code("25833"), Some(Crs::epsg(25833)));
        assert_eq!(with_code("102100"), "ESRI:102100".parse().ok());
        for none in ["0", "-1", "UTM"] {
            assert_eq!(with_code(none), by_text, "{none}");
        }
        assert_eq!(
            esri_crs("<metadata><identCode code=\"25833\"/></metadata>"),
            None
        );
        assert_eq!(esri_crs("<metadata/>"), None);
    }

    // The expectations are what GDAL 3.12.4 answers.
    #[test]
    fn a_polynomial_of_first_order_is_a_map() {
        let x = doubles("CoeffX", &[100.0, 2.0, 0.5]);
        let y = doubles("CoeffY", &[200.0, 0.25, -2.0]);
        let order = |order| format!("<PolynomialOrder>{order}</PolynomialOrder>");
        let found = form(&(order(1) + &x + &y)).transform;
        assert_eq!(
            found,
            Some(Affine::new(2.0, -0.5, 99.25, 0.25, 2.0, 198.875))
        );
        let four = doubles("CoeffY", &[200.0, 0.25, -2.0, 0.0]);
        for other in [
            order(2) + &x + &y,
            order(1) + &x,
            order(1) + &x + &four,
            order(1) + &x + &y.replace("200", "two hundred"),
            order(1) + &x + &y + "<SourceGCPs/><TargetGCPs/>",
            x + &y,
        ] {
            assert_eq!(form(&other).transform, None, "{other}");
        }
    }

    #[test]
    fn points_of_a_page_come_in_pairs() {
        let of = |source: &[f64], target: &[f64]| {
            form(&(doubles("SourceGCPs", source) + &doubles("TargetGCPs", target))).page_points
        };
        let found = of(&[0.0, 5.0, 1.0, 2.0], &[100.0, 200.0, 140.0, 180.0]).unwrap();
        let [first, second] = found.points.try_into().unwrap();
        assert_eq!(
            (first.col, first.row, first.x, first.y),
            (0.0, 5.0, 100.0, 200.0)
        );
        assert_eq!(
            (second.col, second.row, second.x, second.y),
            (1.0, 2.0, 140.0, 180.0)
        );
        for (source, target) in [
            (&[][..], &[][..]),
            (&[1.0, 2.0], &[1.0, 2.0, 3.0, 4.0]),
            (&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]),
            (&[1.0, f64::NAN], &[1.0, 2.0]),
        ] {
            assert_eq!(of(source, target), None);
        }
    }
}
