//! `chip` as people and scripts call it: one chip.

use std::fs;

use crate::desk::{Desk, npy, stderr, typed};

#[test]
fn an_index_leads_to_its_pixels_wherever_it_lies() {
    let desk = Desk::new("naip");
    desk.json(&typed("index scene/item.json -o i.parquet"));
    fs::create_dir(desk.path("far")).unwrap();
    for name in ["i.parquet", "i.items.ndjson"] {
        fs::rename(desk.path(name), desk.path("far").join(name)).unwrap();
    }
    desk.json(&typed("chip far/i.parquet --row 0 -o a.npy"));
    // The scene moves as well: then another root says where it is.
    fs::rename(desk.path("scene"), desk.path("moved")).unwrap();
    let said = desk.fails(&typed("chip far/i.parquet --row 0 -o b.npy"), 1);
    assert!(
        said.contains("image") && said.contains("not found"),
        "{said}"
    );
    desk.json(&typed(
        "chip far/i.parquet --row 0 -o b.npy --item-root moved",
    ));
    assert_eq!(npy(&desk.path("a.npy")), npy(&desk.path("b.npy")));
}

#[test]
fn partial_chips_and_overlaps() {
    let desk = Desk::new("landsat");
    let rows = |args: &[&str]| {
        let base = typed("index scene/item.json -o i.parquet --overwrite --max-nodata 1");
        desk.json(&[&base, args].concat())["rows"].as_u64().unwrap()
    };
    assert_eq!(rows(&["--edge", "keep"]), 9);
    desk.json(&typed("chip i.parquet --row 8 --assets red -o partial.npy"));
    assert!(npy(&desk.path("partial.npy")).0.contains("(1, 88, 88)"));
    desk.json(&typed(
        "chip i.parquet --row 8 --assets red -o filled.npy --fill 7",
    ));
    let (header, data) = npy(&desk.path("filled.npy"));
    assert!(header.contains("(1, 256, 256)"), "{header}");
    assert_eq!(&data[data.len() - 2..], 7u16.to_le_bytes());
    // (600 - 256) / 100 + 1 chips along each axis.
    assert_eq!(rows(&["--stride", "100"]), 16);
    assert_eq!(rows(&["--chip-size", "600"]), 1);
    assert_eq!(rows(&["--chip-size", "601"]), 0);
}

#[test]
fn nothing_takes_the_place_of_another() {
    let desk = Desk::new("naip");
    // An item given twice, under another address.
    fs::copy(desk.path("scene/item.json"), desk.path("scene/again.json")).unwrap();
    for out in ["i.parquet", "set"] {
        let said = desk.fails(
            &["index", "scene/item.json", "scene/again.json", "-o", out],
            3,
        );
        assert!(said.contains("given twice"), "{said}");
    }
    assert_eq!(desk.json(&["info", "set"])["rows"], 4);

    // Chips of one name, and a template that means nothing.
    let all = ["chip", "i.parquet", "--all", "-o"];
    let said = desk.fails(&[&all[..], &["a/{item}.npz", "--overwrite"]].concat(), 1);
    assert!(said.contains("{chipid}"), "{said}");
    let said = desk.fails(&[&all[..], &["a/{foo}.npz"]].concat(), 2);
    assert!(said.contains("placeholders"), "{said}");

    // A raster that ends before the scene does: beyond it there is no data.
    let shape = typed("index scene/item.json -o s.parquet --shape 1200,600");
    let told = desk.json(&[&shape[..], &["--max-nodata", "0.9"]].concat());
    // Of four rows of chips two lie on the raster, one in part (88 of 256 rows), one beyond.
    assert_eq!(
        (told["rows"].as_u64(), told["dropped"].as_u64()),
        (Some(6), Some(2))
    );
}

#[test]
fn a_box_is_the_same_place_on_every_level() {
    let desk = Desk::new("sentinel-2");
    let info = desk.json(&["info", "scene/item.json"]);
    assert_eq!(info["grid"]["crs"], "EPSG:32720");
    let place = |level: &str| {
        let bbox = "--bbox=-62.995,-32.562,-62.985,-32.552";
        let out = format!("{level}.npy");
        let args = ["chip", "scene/red.tif", bbox, "--level", level, "-o", &out];
        let chip = &desk.json(&args)["chips"][0];
        [2, 5].map(|i| chip["transform"][i].as_f64().unwrap())
    };
    let (fine, coarse) = (place("0"), place("1"));
    for axis in 0..2 {
        assert!(
            (fine[axis] - coarse[axis]).abs() <= 20.0,
            "{fine:?} {coarse:?}"
        );
    }
}

#[test]
fn standard_output_holds_the_chip_and_nothing_else() {
    let desk = Desk::new("sentinel-1");
    let out = desk.run(&typed(
        "chip scene/vv.tif --window 0,0,5,3 -o - --format npy",
    ));
    assert!(out.status.success(), "{}", stderr(&out));
    fs::write(desk.path("x.npy"), &out.stdout).unwrap();
    let (header, data) = npy(&desk.path("x.npy"));
    assert!(
        header.contains("'<f4'") && header.contains("(1, 3, 5)"),
        "{header}"
    );
    assert_eq!(data.len(), 60);
}

#[test]
fn a_raster_that_was_replaced_is_read_as_it_is_now() {
    let desk = Desk::new("naip");
    desk.json(&typed("index scene/item.json -o i.parquet"));
    let again = typed("sample new --platform naip --size 600 --seed 9");
    desk.json(&again);
    let image = |folder: &str| {
        let mut files = fs::read_dir(desk.path(folder))
            .unwrap()
            .map(|e| e.unwrap().path());
        files
            .find(|p| p.extension().is_some_and(|e| e == "tif"))
            .unwrap()
    };
    fs::rename(image("new"), image("scene")).unwrap();
    let row = ["chip", "i.parquet", "--row", "1", "-o", "row.npy"];
    let told = desk.json(&row);
    assert_eq!(told["headers"]["stale"], 1, "{told}");
    let x = typed("chip scene/item.json --x 1 --y 0 -o item.npy");
    desk.json(&x);
    assert_eq!(npy(&desk.path("row.npy")), npy(&desk.path("item.npy")));
    let out = desk.run(&[&row[..], &["--overwrite", "-v"]].concat());
    assert!(stderr(&out).contains("has changed"), "{}", stderr(&out));
}

#[test]
fn a_window_of_nothing_and_one_that_does_not_fit_are_refused() {
    let desk = Desk::new("naip");
    for source in ["scene/item.json", "scene/image.tif"] {
        let far = format!("chip {source} --window=9000,9000,64,64 --masked -o a.npz");
        let said = desk.fails(&typed(&far), 1);
        assert!(
            said.contains("wholly outside its 600 x 600 pixels"),
            "{said}"
        );
        // A part of it is inside: what is not is filled.
        let vast = format!("chip {source} --window=-900,-900,400000,400000 --masked -o a.npz");
        let said = desk.fails(&typed(&vast), 2);
        assert!(said.contains("--memory allows 1.0 GiB"), "{said}");
    }
    assert!(!desk.path("a.npz").exists());
}

/// What `ArcGIS` notes beside a raster: a system as text, which the chip has by its code, and a map.
#[test]
fn the_place_beside_a_raster_is_that_of_its_chip() {
    let desk = Desk::new("naip");
    desk.json(&typed("index scene/item.json -o i.parquet"));
    desk.json(&typed("chip i.parquet --row 0 -o a.tif"));
    let wkt = "PROJCS[&quot;NAD_1983_UTM_Zone_14N&quot;,GEOGCS[&quot;GCS_North_American_1983&quot;,\
        DATUM[&quot;D_North_American_1983&quot;,SPHEROID[&quot;GRS_1980&quot;,6378137.0,298.257222101]],\
        PRIMEM[&quot;Greenwich&quot;,0.0],UNIT[&quot;Degree&quot;,0.0174532925199433]],PROJECTION[&quot;Transverse_Mercator&quot;],\
        PARAMETER[&quot;False_Easting&quot;,500000.0],PARAMETER[&quot;False_Northing&quot;,0.0],PARAMETER[&quot;Central_Meridian&quot;,-99.0],\
        PARAMETER[&quot;Scale_Factor&quot;,0.9996],PARAMETER[&quot;Latitude_Of_Origin&quot;,0.0],UNIT[&quot;Meter&quot;,1.0]]";
    let three = |name: &str, [a, b, c]: [f64; 3]| {
        format!("<{name}><Double>{a}</Double><Double>{b}</Double><Double>{c}</Double></{name}>")
    };
    let map = three("CoeffX", [100.0, 2.0, 0.0]) + &three("CoeffY", [200.0, 0.0, 2.0]);
    let notes = format!(
        "<PAMDataset><Metadata domain=\"xml:ESRI\" format=\"xml\"><GeodataXform><SpatialReference><WKT>{wkt}</WKT>\
         </SpatialReference><PolynomialOrder>1</PolynomialOrder>{map}</GeodataXform></Metadata></PAMDataset>"
    );
    fs::write(desk.path("a.tif.aux.xml"), notes).unwrap();
    // No table of MapInfo's.
    fs::create_dir(desk.path("a.tab")).unwrap();
    desk.json(&typed("chip a.tif --window 10,20,8,8 -o b.tif"));
    let told = desk.json(&["info", "b.tif"]);
    assert_eq!(told["crs"], "EPSG:26914");
    assert_eq!(
        told["transform"],
        serde_json::json!([2.0, 0.0, 119.0, 0.0, -2.0, 161.0])
    );
}
