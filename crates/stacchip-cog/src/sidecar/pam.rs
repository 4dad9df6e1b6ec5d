//! GDAL's `.aux.xml`: what programs that may not write into a file say of it (PAM,
//! <https://gdal.org/en/stable/user/pam.html>).

use std::{collections::BTreeMap, sync::Arc};

use stacchip_model::{Affine, Crs};

use super::{
    esri::{GeodataXform, PagePoints},
    rpc::rpc_of_items,
};
use crate::{
    Colour, ControlPoint, Image,
    image::set_items,
    nodata,
    xml::{self, Element},
};

/// What a `.aux.xml` file says.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Pam {
    /// The reference system.
    pub crs: Option<Crs>,
    /// From pixel corners to the ground.
    pub transform: Option<Affine>,
    /// Ground control points.
    pub control_points: Vec<ControlPoint>,
    /// Those of `ArcGIS` on a page.
    pub page_points: Option<PagePoints>,
    /// Metadata of the image: domain (empty for the default one), key, value.
    pub metadata: Vec<(String, String, String)>,
    /// The bands it speaks of.
    pub bands: Vec<PamBand>,
}

/// What a `.aux.xml` file says of one band.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct PamBand {
    /// Which band, counted from 0.
    pub index: usize,
    /// Its description.
    pub description: Option<String>,
    /// The text of its nodata value.
    pub nodata: Option<String>,
    /// Unit of the quantity.
    pub unit: Option<String>,
    /// Number that is added to a pixel after it was multiplied with the scale.
    pub offset: Option<f64>,
    /// Number that a pixel is multiplied with.
    pub scale: Option<f64>,
    /// What it is to the eye.
    pub colour: Option<Colour>,
    /// Its metadata: domain (empty for the default one), key, value.
    pub metadata: Vec<(String, String, String)>,
}

impl Pam {
    /// The content of the file with the text `text`; nothing where it is no such file.
    pub fn parse(text: &str) -> Option<Self> {
        let document = xml::document(text)?;
        let esri = GeodataXform::of(&document);
        let root = document
            .find("PAMDataset")
            .or(esri.as_ref().map(|_| &document))?;
        // As in GDAL: points of ArcGIS go before others, even where nobody knows which pixels they mean, and what it
        // says besides before what GDAL notes, but for the transform.
        let list = root.child("GCPList").filter(|_| esri.is_none());
        let esri = esri.unwrap_or_default();
        let noted = root.word("GeoTransform").and_then(transform);
        let crs = root.word("SRS").and_then(|srs| srs.parse().ok());
        let of_points = list
            .and_then(|list| list.attribute("Projection"))
            .and_then(|srs| srs.parse().ok());
        let is_of_points = noted.is_none() && esri.page_points.is_some();
        Some(Self {
            crs: esri.crs.or(crs).filter(|_| !is_of_points).or(of_points),
            transform: noted.or(esri.transform),
            control_points: list
                .into_iter()
                .flat_map(|list| list.all("GCP"))
                .filter_map(control_point)
                .collect(),
            page_points: esri.page_points,
            metadata: metadata(root),
            bands: root.all("PAMRasterBand").filter_map(band).collect(),
        })
    }
}

impl Image {
    /// Takes what the `.aux.xml` file beside it says. As in GDAL, that goes before what the file
    /// itself says.
    pub fn attach_pam(&mut self, pam: &Pam) {
        if let Some(crs) = &pam.crs {
            self.georeference.crs = Some(crs.clone());
            self.georeference.vertical = None;
        }
        if let Some(transform) = pam.transform {
            self.georeference.transform = Some(transform);
            self.georeference.control_points.clear();
        }
        if !pam.control_points.is_empty() {
            self.georeference
                .control_points
                .clone_from(&pam.control_points);
        }
        if let Some(page) = &pam.page_points
            && self.attach_page(page)
        {
            self.georeference.transform = pam.transform;
        }
        let (mut items, mut of_domains) = (Vec::new(), Vec::new());
        for (domain, key, value) in &pam.metadata {
            match domain.as_str() {
                "" => {
                    if key == "AREA_OR_POINT" {
                        self.georeference.pixel_is_point = value == "Point";
                    }
                    items.push((key.clone(), value.clone()));
                }
                "IMAGE_STRUCTURE" => {}
                _ => of_domains.push((domain.clone(), key.clone(), value.clone())),
            }
        }
        set_items(&mut self.metadata, items, |(key, _)| key.clone());
        set_items(&mut self.domains, of_domains, |(domain, key, _)| {
            (domain.clone(), key.clone())
        });
        let rpc: Vec<(&str, &str)> = pam
            .metadata
            .iter()
            .filter(|(domain, ..)| domain == "RPC")
            .map(|(_, key, value)| (key.as_str(), value.as_str()))
            .collect();
        if let Some(rpc) = rpc_of_items(&rpc) {
            self.georeference.rpc = Some(rpc);
        }
        // The file may speak of one band again and again.
        let mut items: BTreeMap<usize, Vec<(String, String)>> = BTreeMap::new();
        for said in &pam.bands {
            self.attach_pam_band(said);
            let of_band = said
                .metadata
                .iter()
                .filter(|(domain, ..)| domain.is_empty())
                .map(|(_, key, value)| (key.clone(), value.clone()));
            items.entry(said.index).or_default().extend(of_band);
        }
        for (index, items) in items {
            if let Some(band) = self.bands.get_mut(index) {
                set_items(&mut band.metadata, items, |(key, _)| key.clone());
            }
        }
        self.attach_pam_fill(&pam.bands);
    }

    /// Of blocks that the file leaves out GDAL fills each band with its own nodata value; overviews have
    /// one of their own, which the `.aux.xml` does not change.
    fn attach_pam_fill(&mut self, said: &[PamBand]) {
        let count = self.bands.len();
        let Some(level) = self.levels.first_mut() else {
            return;
        };
        let sample = level.sample;
        let mut numbers: Vec<Vec<u8>> = Vec::new();
        for said in said.iter().filter(|said| said.index < count) {
            let nodata = said.nodata.as_ref();
            let Some(nodata) = nodata.and_then(|text| nodata::parse(text, sample)) else {
                continue;
            };
            if numbers.is_empty() {
                numbers = (0..count)
                    .map(|band| level.fill_of(band).to_vec())
                    .collect();
            }
            if let Some(number) = numbers.get_mut(said.index) {
                *number = nodata::bytes(nodata.value, sample);
            }
        }
        if !numbers.is_empty() {
            Arc::make_mut(level).fill = numbers.concat();
        }
    }

    fn attach_pam_band(&mut self, said: &PamBand) {
        let Some(band) = self.bands.get_mut(said.index) else {
            return;
        };
        // One value serves all bands; that of the first is it.
        if let Some(text) = &said.nodata
            && (said.index == 0 || self.nodata.is_none())
        {
            self.nodata = nodata::parse(text, band.sample);
        }
        if let Some(description) = &said.description {
            band.description = Some(description.clone());
        }
        if let Some(unit) = &said.unit {
            band.unit = Some(unit.clone());
        }
        band.scale = said.scale.unwrap_or(band.scale);
        band.offset = said.offset.unwrap_or(band.offset);
        if let Some(colour) = &said.colour {
            band.colour = colour.clone();
        }
    }
}

fn transform(text: &str) -> Option<Affine> {
    let numbers: Vec<f64> = text
        .split(',')
        .map(|n| n.trim().parse().ok())
        .collect::<Option<_>>()?;
    Some(Affine::from_gdal(numbers.try_into().ok()?))
}

fn control_point(point: &Element) -> Option<ControlPoint> {
    let number = |name: &str| point.attribute(name)?.trim().parse::<f64>().ok();
    Some(ControlPoint {
        col: number("Pixel")?,
        row: number("Line")?,
        x: number("X")?,
        y: number("Y")?,
        z: number("Z").or_else(|| number("GCPZ")).unwrap_or(0.0),
    })
}

fn metadata(of: &Element) -> Vec<(String, String, String)> {
    of.all("Metadata")
        .flat_map(|metadata| {
            let domain = metadata.attribute("domain").unwrap_or_default();
            metadata.all("MDI").filter_map(move |item| {
                let key = item.attribute("key")?;
                Some((domain.to_owned(), key.to_owned(), item.text.clone()))
            })
        })
        .collect()
}

fn band(of: &Element) -> Option<PamBand> {
    let number: usize = of.attribute("band")?.trim().parse().ok()?;
    let word = |name: &str| {
        of.word(name)
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
    };
    let size = |name: &str| of.word(name)?.parse::<f64>().ok();
    Some(PamBand {
        index: number.checked_sub(1)?,
        description: word("Description"),
        nodata: word("NoDataValue"),
        unit: word("UnitType"),
        offset: size("Offset"),
        scale: size("Scale"),
        colour: of.word("ColorInterp").map(Colour::named),
        metadata: metadata(of),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gdal_writes_is_read() {
        let pam = Pam::parse(
            r#"<PAMDataset><SRS dataAxisToSRSAxisMapping="1,2">EPSG:32633</SRS>
            <GeoTransform> 1.0, 2, 3,  4, 5, -6 </GeoTransform>
            <GCPList Projection="EPSG:4326"><GCP Id="" Pixel="1" Line="2" X="3" Y="4"/></GCPList>
            <Metadata><MDI key="a">b</MDI></Metadata>
            <Metadata domain="D"><MDI key="c">d</MDI></Metadata>
            <PAMRasterBand band="2"><Description>red</Description><NoDataValue>7</NoDataValue>
            <UnitType>K</UnitType><Offset>1.5</Offset><Scale>2</Scale><ColorInterp>Red</ColorInterp>
            <Metadata><MDI key="e">f</MDI></Metadata></PAMRasterBand></PAMDataset>"#,
        )
        .unwrap();
        assert_eq!(pam.crs, Some(Crs::epsg(32633)));
        assert_eq!(
            pam.transform,
            Some(Affine::new(2.0, 3.0, 1.0, 5.0, -6.0, 4.0))
        );
        assert_eq!(pam.control_points[0].row, 2.0);
        assert_eq!(pam.metadata.len(), 2);
        let band = &pam.bands[0];
        assert_eq!(
            (band.index, band.scale, band.offset),
            (1, Some(2.0), Some(1.5))
        );
        assert_eq!(band.colour, Some(Colour::Red));
        assert_eq!(Pam::parse("<VRTDataset/>"), None);
    }
}
