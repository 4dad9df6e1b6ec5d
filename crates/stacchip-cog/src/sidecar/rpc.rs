//! Rational polynomial coefficients as text: the `.RPB` and `_RPC.TXT` files of vendors, and GDAL's
//! metadata domain `RPC`.

use std::collections::BTreeMap;

use crate::Rpc;

/// The coefficients in the text of an `.RPB` file (`lineOffset = 24;`) or an `_RPC.TXT` file
/// (`LINE_OFF: 24 pixels`); nothing where some are missing.
pub fn rpc_of_text(text: &str) -> Option<Rpc> {
    let mut found: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut open = None;
    for line in text.lines() {
        let line = line.trim();
        let (key, value) = match (open.take(), line.split_once(['=', ':'])) {
            (None, Some((key, value))) => (key.trim().to_ascii_lowercase(), value),
            (Some(key), _) => (key, line),
            (None, None) => continue,
        };
        let numbers = value
            .split(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')' | ';' | '"'))
            .filter_map(|word| word.parse::<f64>().ok());
        found.entry(key.clone()).or_default().extend(numbers);
        // A list in brackets goes on until they close.
        let lists = value.contains('(') || !line.contains(['=', ':']);
        if lists && !value.contains(')') {
            open = Some(key);
        }
    }
    rpc_of(|names, i| {
        let of = |key: &str| found.get(key);
        if let Some(one) = names.iter().find_map(|name| of(name)) {
            return one.get(i).copied();
        }
        // `LINE_NUM_COEFF_1: …`, a line each.
        let number = i.checked_add(1)?;
        names
            .iter()
            .find_map(|name| of(&format!("{name}_{number}")))?
            .first()
            .copied()
    })
}

/// The coefficients in GDAL's metadata domain `RPC`.
pub(super) fn rpc_of_items(items: &[(&str, &str)]) -> Option<Rpc> {
    rpc_of(|names, i| {
        items
            .iter()
            .find(|(key, _)| names.iter().any(|name| key.eq_ignore_ascii_case(name)))?
            .1
            .split_whitespace()
            .nth(i)?
            .parse()
            .ok()
    })
}

/// The coefficients that `get` finds under any of the names it is given, the i-th number of each.
fn rpc_of(get: impl Fn(&[&str], usize) -> Option<f64>) -> Option<Rpc> {
    let five = |names: [[&str; 2]; 5]| -> Option<[f64; 5]> {
        let mut all = [0.0; 5];
        for (to, names) in all.iter_mut().zip(names) {
            *to = get(&names, 0)?;
        }
        Some(all)
    };
    let twenty = |names: [&str; 2]| -> Option<[f64; 20]> {
        let mut all = [0.0; 20];
        for (i, to) in all.iter_mut().enumerate() {
            *to = get(&names, i)?;
        }
        Some(all)
    };
    Some(Rpc {
        err_bias: get(&["err_bias", "errbias"], 0).unwrap_or(UNKNOWN_ERROR),
        err_rand: get(&["err_rand", "errrand"], 0).unwrap_or(UNKNOWN_ERROR),
        offsets: five([
            ["line_off", "lineoffset"],
            ["samp_off", "sampoffset"],
            ["lat_off", "latoffset"],
            ["long_off", "longoffset"],
            ["height_off", "heightoffset"],
        ])?,
        scales: five([
            ["line_scale", "linescale"],
            ["samp_scale", "sampscale"],
            ["lat_scale", "latscale"],
            ["long_scale", "longscale"],
            ["height_scale", "heightscale"],
        ])?,
        line_num: twenty(["line_num_coeff", "linenumcoef"])?,
        line_den: twenty(["line_den_coeff", "linedencoef"])?,
        samp_num: twenty(["samp_num_coeff", "sampnumcoef"])?,
        samp_den: twenty(["samp_den_coeff", "sampdencoef"])?,
    })
}

/// What the tag, too, holds where nobody knows the error.
const UNKNOWN_ERROR: f64 = -1.0;

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn both_kinds_of_text_are_read() {
        let mut rpb = "satId = \"QB02\";\nBEGIN_GROUP = IMAGE\n\terrBias = 1.5;\n".to_owned();
        let mut txt = "ERR_BIAS: 1.5 meters\n".to_owned();
        for (i, (a, b)) in [
            ("line", "LINE"),
            ("samp", "SAMP"),
            ("lat", "LAT"),
            ("long", "LONG"),
            ("height", "HEIGHT"),
        ]
        .iter()
        .enumerate()
        {
            writeln!(rpb, "\t{a}Offset = {i};\n\t{a}Scale = 1{i}.5;").unwrap();
            writeln!(txt, "{b}_OFF: +{i}.0 pixels\n{b}_SCALE: 1{i}.5 pixels").unwrap();
        }
        for (n, (a, b)) in [
            ("lineNum", "LINE_NUM"),
            ("lineDen", "LINE_DEN"),
            ("sampNum", "SAMP_NUM"),
            ("sampDen", "SAMP_DEN"),
        ]
        .iter()
        .enumerate()
        {
            writeln!(rpb, "\t{a}Coef = (").unwrap();
            for i in 0..20 {
                let end = if i == 19 { ");" } else { "," };
                writeln!(rpb, "\t\t\t{n}.{i:02}E+00{end}").unwrap();
                writeln!(txt, "{b}_COEFF_{}: {n}.{i:02}", i + 1).unwrap();
            }
        }
        rpb += "END_GROUP = IMAGE\nEND;\n";
        let rpc = rpc_of_text(&rpb).unwrap();
        assert_eq!(rpc.offsets, [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(rpc.scales[4], 14.5);
        assert_eq!((rpc.samp_num[0], rpc.samp_den[19]), (2.0, 3.19));
        assert_eq!(rpc.err_bias, 1.5);
        assert_eq!(
            rpc_of_text(&txt).unwrap(),
            Rpc {
                err_rand: -1.0,
                ..rpc
            }
        );
        assert_eq!(rpc_of_text(&rpb.replace("latScale", "other")), None);
    }
}
