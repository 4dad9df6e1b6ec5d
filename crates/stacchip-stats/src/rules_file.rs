//! Rules that a person writes.

use std::str::FromStr;

use serde::Deserialize;
use stacchip_model::{Platform, Scene};

use crate::{Condition, MaskRule, StatsError, Test};

/// Rules read from a file; the first that fits an item is its rule.
///
/// The file is TOML, one `[[rule]]` after the other:
///
/// ```
/// use stacchip_stats::RulesFile;
///
/// let rules: RulesFile = r#"
/// [[rule]]
/// name = "landsat-strict"                # what messages call it
/// platforms = ["landsat-c2l2-sr"]        # upstream's names of platforms, or
/// collections = ["landsat-c2-l2"]        # ids of collections; with neither it fits any item
/// asset = "qa_pixel"
/// band = 1                               # counted from 1, the default
/// nodata = { any_bits = [0] }            # bit 0 is the least
/// [rule.cloud]                           # where any of these is true
/// any_bits = [1, 2, 3, 4]                # any of these bits is set
/// fields = [{ first = 8, last = 9, values = [2, 3] }]  # bits 8 to 9, as a number, are 2 or 3
///
/// [[rule]]
/// asset = "scl"
/// cloud = { classes = [3, [8, 10]] }     # the number is 3, or 8 to 10
/// nodata = { classes = [0] }
/// "#
/// .parse()?;
/// # let scene = stacchip_model::Scene { id: "i".to_owned(), ..Default::default() };
/// assert_eq!(rules.rule_for(&scene).map(|r| r.asset), Some("scl".to_owned()));
/// # Ok::<(), stacchip_stats::StatsError>(())
/// ```
///
/// There is also `all_bits`: all of these bits are set. A key that is not known is an error.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RulesFile {
    rules: Vec<FileRule>,
}

#[derive(Debug, Clone, PartialEq)]
struct FileRule {
    platforms: Vec<String>,
    collections: Vec<String>,
    rule: MaskRule,
}

impl RulesFile {
    /// The rule for `scene`; nothing where none fits.
    pub fn rule_for(&self, scene: &Scene) -> Option<MaskRule> {
        let platform = Platform::of(scene).map(Platform::name);
        let collection = scene.collection.as_deref();
        let named = |names: &[String], name: Option<&str>| {
            name.is_some_and(|name| names.iter().any(|n| n.eq_ignore_ascii_case(name)))
        };
        self.rules
            .iter()
            .find(|r| {
                let any = r.platforms.is_empty() && r.collections.is_empty();
                any || named(&r.platforms, platform.or(collection))
                    || named(&r.collections, collection)
            })
            .map(|r| r.rule.clone())
    }

    /// How many rules there are.
    pub const fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

/// Reads TOML.
impl FromStr for RulesFile {
    type Err = StatsError;

    fn from_str(text: &str) -> Result<Self, StatsError> {
        let file: FileEntry = toml::from_str(text).map_err(|error| {
            let line = error
                .span()
                .and_then(|span| text.get(..span.start))
                .map(|before| format!("line {}", before.matches('\n').count() + 1));
            wrong(
                line.as_deref().unwrap_or("TOML"),
                error.message().to_owned(),
            )
        })?;
        if file.rule.is_empty() {
            return Err(wrong("rule", "there is no [[rule]] in it".to_owned()));
        }
        let rules = file.rule.into_iter().enumerate();
        Ok(Self {
            rules: rules
                .map(|(number, entry)| entry.rule(&format!("rule {}", number + 1)))
                .collect::<Result<_, _>>()?,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileEntry {
    #[serde(default)]
    rule: Vec<RuleEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    name: Option<String>,
    #[serde(default)]
    platforms: Vec<String>,
    #[serde(default)]
    collections: Vec<String>,
    asset: String,
    band: Option<usize>,
    cloud: Option<ConditionEntry>,
    nodata: Option<ConditionEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConditionEntry {
    #[serde(default)]
    classes: Vec<ClassEntry>,
    #[serde(default)]
    any_bits: Vec<u32>,
    #[serde(default)]
    all_bits: Vec<u32>,
    #[serde(default)]
    fields: Vec<FieldEntry>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a class, or [first, last]")]
enum ClassEntry {
    One(i64),
    Between([i64; 2]),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldEntry {
    first: u32,
    last: u32,
    values: Vec<u64>,
}

impl RuleEntry {
    fn rule(self, key: &str) -> Result<FileRule, StatsError> {
        if self.cloud.is_none() && self.nodata.is_none() {
            return Err(wrong(key, "it has neither `cloud` nor `nodata`".to_owned()));
        }
        let band = self.band.unwrap_or(1);
        let Some(band) = band.checked_sub(1) else {
            return Err(wrong(
                &format!("{key}, band"),
                "bands count from 1".to_owned(),
            ));
        };
        let condition = |entry: Option<ConditionEntry>, name: &str| match entry {
            Some(entry) => entry.condition(&format!("{key}, {name}")),
            None => Ok(Condition::NEVER),
        };
        Ok(FileRule {
            platforms: self.platforms,
            collections: self.collections,
            rule: MaskRule {
                name: self.name.unwrap_or_else(|| key.to_owned()),
                asset: self.asset,
                band,
                cloud: condition(self.cloud, "cloud")?,
                nodata: condition(self.nodata, "nodata")?,
            },
        })
    }
}

impl ConditionEntry {
    fn condition(self, key: &str) -> Result<Condition, StatsError> {
        let mut tests = Vec::new();
        for class in self.classes {
            let [first, last] = match class {
                ClassEntry::One(class) => [class; 2],
                ClassEntry::Between(ends) => ends,
            };
            if first > last {
                return Err(wrong(
                    &format!("{key}, classes"),
                    format!("[{first}, {last}] holds nothing: the smaller goes first"),
                ));
            }
            tests.push(Test::Classes(first..=last));
        }
        let mask = |bits: &[u32], name: &str| {
            bits.iter().try_fold(0, |mask, bit| {
                bit_mask(*bit, &format!("{key}, {name}")).map(|b| mask | b)
            })
        };
        if !self.any_bits.is_empty() {
            tests.push(Test::AnyBit(mask(&self.any_bits, "any_bits")?));
        }
        if !self.all_bits.is_empty() {
            let mask = mask(&self.all_bits, "all_bits")?;
            tests.push(Test::Field { mask, value: mask });
        }
        for field in self.fields {
            tests.extend(field.tests(&format!("{key}, fields"))?);
        }
        if tests.is_empty() {
            return Err(wrong(
                key,
                "it is empty: give classes, any_bits, all_bits or fields".to_owned(),
            ));
        }
        Ok(Condition::any(tests))
    }
}

impl FieldEntry {
    fn tests(self, key: &str) -> Result<Vec<Test>, StatsError> {
        let Self {
            first,
            last,
            values,
        } = self;
        if first > last {
            return Err(wrong(
                key,
                format!("first {first} is after last {last}: bit 0 is the least"),
            ));
        }
        let below = bit_mask(first, key)? - 1;
        let mask = (bit_mask(last, key)? | (bit_mask(last, key)? - 1)) & !below;
        if values.is_empty() {
            return Err(wrong(key, "`values` is empty".to_owned()));
        }
        values
            .into_iter()
            .map(|value| {
                let most = mask >> first;
                if value > most {
                    return Err(wrong(
                        key,
                        format!("{value} does not fit: bits {first} to {last} hold 0 to {most}"),
                    ));
                }
                Ok(Test::Field {
                    mask,
                    value: value << first,
                })
            })
            .collect()
    }
}

fn bit_mask(bit: u32, key: &str) -> Result<u64, StatsError> {
    1u64.checked_shl(bit)
        .ok_or_else(|| wrong(key, format!("there is no bit {bit}: the last is 63")))
}

fn wrong(key: &str, why: String) -> StatsError {
    StatsError::RulesFile {
        key: key.to_owned(),
        why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        text.parse::<RulesFile>().unwrap_err().to_string()
    }

    #[test]
    fn the_first_that_fits() {
        let rules: RulesFile = r#"
            [[rule]]
            name = "for modis"
            platforms = ["modis"]
            asset = "qc"
            band = 2
            cloud = { fields = [{ first = 0, last = 1, values = [2] }] }

            [[rule]]
            collections = ["Mine"]
            asset = "a"
            nodata = { all_bits = [0, 5], classes = [-1] }

            [[rule]]
            asset = "b"
            nodata = { any_bits = [63] }
        "#
        .parse()
        .unwrap();
        let of = |collection: &str| {
            let scene = Scene {
                collection: Some(collection.to_owned()),
                ..Scene::default()
            };
            rules.rule_for(&scene).unwrap()
        };
        let modis = of("modis-09A1-061");
        assert_eq!((modis.name.as_str(), modis.band), ("for modis", 1));
        assert_eq!(modis.cloud, MaskRule::modis_qc("").cloud);
        assert_eq!(modis.nodata, Condition::NEVER);
        let mine = of("mine");
        assert_eq!(mine.name, "rule 2");
        let holds: Vec<_> = [-1, 0, 1, 32, 33, 35]
            .map(|v| mine.nodata.holds(v, 64))
            .into();
        assert_eq!(holds, [true, false, false, false, true, true]);
        assert_eq!(of("other").asset, "b");
        assert!(of("other").nodata.holds(i64::MIN, 64));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, wanted) in [
            ("", "rules file: rule: there is no [[rule]] in it"),
            (
                "[[rule]]\nasset = \"a\"\n",
                "rules file: rule 1: it has neither `cloud` nor `nodata`",
            ),
            (
                "[[rule]]\nasset = \"a\"\ncloud = {}\n",
                "rules file: rule 1, cloud: it is empty: give classes, any_bits, all_bits or fields",
            ),
            (
                "[[rule]]\nasset = \"a\"\ncloud = { any_bits = [64] }\n",
                "rules file: rule 1, cloud, any_bits: there is no bit 64: the last is 63",
            ),
            (
                "[[rule]]\nasset = \"a\"\nband = 0\ncloud = { any_bits = [1] }\n",
                "rules file: rule 1, band: bands count from 1",
            ),
            (
                "[[rule]]\nasset = \"a\"\nnodata = { classes = [[3, 1]] }\n",
                "rules file: rule 1, nodata, classes: [3, 1] holds nothing: the smaller goes first",
            ),
            (
                "[[rule]]\nasset = \"a\"\nnodata = { fields = [{ first = 2, last = 3, values = [4] }] }\n",
                "rules file: rule 1, nodata, fields: 4 does not fit: bits 2 to 3 hold 0 to 3",
            ),
        ] {
            assert_eq!(error(text), wanted);
        }
        for (text, part) in [
            ("[[rule]]\nasset = 5\n", "line 2"),
            ("[[rule]]\ncloud = { any_bits = [1] }\n", "asset"),
            (
                "[[rule]]\nasset = \"a\"\nclouds = {}\n",
                "line 3: unknown field `clouds`",
            ),
            (
                "[[rule]]\nasset = \"a\"\ncloud = { classes = [\"x\"] }\n",
                "[first, last]",
            ),
            (
                "[[rule]]\nasset = \"a\"\ncloud = { any_bits = [-1] }\n",
                "line 3",
            ),
            ("[[rule", "line 1"),
        ] {
            assert!(error(text).contains(part), "{}", error(text));
        }
    }
}
