//! What is told of bands.

use rayon::prelude::*;
use serde_json::{Value, json};
use stacchip::stats::bands::{BandSummary, BandTally, SummaryOptions};

use crate::{CommandResult, Status, args::StatsArgs, failure::Failure, output::Output};

/// What is said of each band.
pub fn summaries(tallies: &[BandTally], args: &StatsArgs) -> Vec<BandSummary> {
    let options = SummaryOptions {
        percentiles: args.percentiles.clone(),
        bins: args.bins.into(),
    };
    tallies.par_iter().map(|t| t.summary(&options)).collect()
}

/// What is told.
pub struct Report {
    /// Names of the bands.
    pub names: Vec<String>,
    /// What their numbers are like.
    pub summaries: Vec<BandSummary>,
    /// The value that means no data in each.
    pub nodata: Vec<Option<f64>>,
    /// Where that is from.
    pub nodata_from: &'static str,
    /// The platform.
    pub platform: Option<String>,
    /// How much was read.
    pub about: Value,
    /// What could not be read.
    pub failed: Vec<Value>,
    /// What items say of the offset, and what was added.
    pub harmonize: Option<Value>,
}

impl Report {
    /// Tells it.
    ///
    /// # Errors
    /// A failure where nothing could be read.
    pub fn tell(self, args: &StatsArgs, output: Output) -> CommandResult {
        let nodata = |value: Option<f64>| match value {
            Some(value) if value.is_finite() => json!(value),
            Some(value) => json!(value.to_string().to_ascii_lowercase()),
            None => Value::Null,
        };
        let bands = self.names.iter().zip(&self.summaries).zip(&self.nodata);
        let bands = bands.map(|((name, s), value)| {
            json!({
                "name": name,
                "count": s.count,
                "nodata_count": s.nodata,
                "infinite_count": s.not_finite,
                "nodata": nodata(*value),
                "mean": s.mean,
                "std": s.std,
                "min": s.min,
                "max": s.max,
                "percentiles": s.percentiles.iter().map(|(p, v)| (p.to_string(), json!(v))).collect::<serde_json::Map<_, _>>(),
                "exact": s.exact,
                "histogram": s.histogram.as_ref().map(|h| json!({ "edges": h.edges(), "counts": h.counts })),
            })
        });
        let mut document = json!({
            "source": args.source,
            "platform": self.platform,
            "read": self.about,
            "nodata_from": self.nodata_from,
            "bands": bands.collect::<Vec<_>>(),
            "failed": self.failed,
        });
        if let Some(harmonize) = &self.harmonize {
            document["harmonize"] = harmonize.clone();
        }
        output.document(&document)?;
        output.say(format!(
            "{:<14} {:>14} {:>14} {:>14} {:>12} {:>12} {:>12}",
            "band", "mean", "std", "numbers", "min", "median", "max"
        ))?;
        for (name, s) in self.names.iter().zip(&self.summaries) {
            let text = |n: Option<f64>| n.map_or("-".to_owned(), |n| format!("{n:.4}"));
            let median = s.percentiles.iter().find(|(p, _)| *p == 50.0);
            output.say(format!(
                "{name:<14} {:>14} {:>14} {:>14} {:>12} {:>12} {:>12}",
                text(s.mean),
                text(s.std),
                s.count,
                text(s.min),
                text(median.map(|m| m.1)),
                text(s.max)
            ))?;
        }
        if let Some(items) = self.harmonize.as_ref().and_then(|h| h["items"].as_array()) {
            for said in items {
                output.note(format!(
                    "{} item(s): {}; {} added",
                    said["items"],
                    said["reason"].as_str().unwrap_or_default(),
                    said["added"]
                ));
            }
        }
        match (self.summaries.is_empty(), self.failed.is_empty()) {
            (true, false) => Err(Failure::Told),
            (true, true) => Err(Failure::failed(format!("{} holds no chip", args.source))),
            (false, true) => Ok(Status::Done),
            (false, false) => Ok(Status::Partly),
        }
    }
}
