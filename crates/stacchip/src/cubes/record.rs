//! What is known of a cube that was made.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::plan::hex;

/// What is known of a cube that was made: a record stands beside the cubes from the moment its files
/// do, and no cube is made again of which one of the same plan says that it lacks nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CubeRecord {
    /// The number of the cube.
    pub cube: u64,
    /// The [id](super::CubePlan::id) of the plan that it is of; empty where nobody said.
    pub plan: String,
    /// Its files; none where no chip of it could be had.
    pub files: Vec<StoredFile>,
    /// Numbers of the rows of its chips in the index, in the order of the cube.
    pub rows: Vec<u64>,
    /// The ids of its chips.
    pub chipids: Vec<String>,
    /// Chips that it lacks, and why.
    pub failed: Vec<FailedSeat>,
    /// Chips that could be had, and are left out because others could not.
    pub left_out: Vec<LeftOutSeat>,
}

/// A file that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Its path below the folder of the output.
    pub path: String,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256 of them, in hexadecimal.
    pub sha256: String,
}

/// A chip that a cube lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedSeat {
    /// Where in the cube it would be.
    pub seat: u64,
    /// The number of its row in the index.
    pub row: u64,
    /// Its id.
    pub chipid: String,
    /// Why.
    pub error: String,
}

/// A chip that is left out because another of its cube failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOutSeat {
    /// Where in the cube it would be.
    pub seat: u64,
    /// The number of its row in the index.
    pub row: u64,
    /// Its id.
    pub chipid: String,
}

/// A text is no record of a cube.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it is no record of a cube")]
pub struct WrongRecord;

impl StoredFile {
    /// Of a file that holds `bytes`.
    pub fn of(path: String, bytes: &[u8]) -> Self {
        Self {
            path,
            bytes: bytes.len() as u64,
            sha256: hex(&Sha256::digest(bytes)),
        }
    }
}

impl CubeRecord {
    /// The lines of it in a manifest: one of the cube, and one of each chip that it lacks, whether that
    /// failed or was left out with those that did.
    pub fn lines(&self) -> Vec<Value> {
        let files = self.files.iter();
        let files = files.map(|f| json!({ "path": f.path, "bytes": f.bytes, "sha256": f.sha256 }));
        let cube = json!({
            "kind": "cube",
            "cube": self.cube,
            "plan": self.plan,
            "chips": self.rows.len(),
            "files": files.collect::<Vec<_>>(),
            "rows": self.rows,
            "chipids": self.chipids,
        });
        let failed = self.failed.iter().map(|f| {
            json!({
                "kind": "failed",
                "cube": self.cube,
                "seat": f.seat,
                "row": f.row,
                "chipid": f.chipid,
                "error": f.error,
            })
        });
        let left_out = self.left_out.iter().map(|l| {
            json!({
                "kind": LEFT_OUT,
                "cube": self.cube,
                "seat": l.seat,
                "row": l.row,
                "chipid": l.chipid,
            })
        });
        let lines = std::iter::once(cube).chain(failed).chain(left_out);
        lines.collect()
    }

    /// Its text: the lines, as JSON.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for line in self.lines() {
            text.push_str(&line.to_string());
            text.push('\n');
        }
        text
    }

    /// The record whose text is `text`.
    ///
    /// # Errors
    /// [`WrongRecord`].
    pub fn of_text(text: &[u8]) -> Result<Self, WrongRecord> {
        Self::read(text).ok_or(WrongRecord)
    }

    fn read(text: &[u8]) -> Option<Self> {
        let mut lines = serde_json::Deserializer::from_slice(text).into_iter::<Value>();
        let cube = lines.next()?.ok()?;
        let string = |value: &Value| value.as_str().map(str::to_owned);
        let number = |value: &Value, name: &str| value.get(name)?.as_u64();
        let files = cube.get("files")?.as_array()?.iter().map(|file| {
            Some(StoredFile {
                path: string(file.get("path")?)?,
                bytes: number(file, "bytes")?,
                sha256: string(file.get("sha256")?)?,
            })
        });
        let (mut failed, mut left_out) = (Vec::new(), Vec::new());
        for line in lines {
            let line = line.ok()?;
            let seat = LeftOutSeat {
                seat: number(&line, "seat")?,
                row: number(&line, "row")?,
                chipid: string(line.get("chipid")?)?,
            };
            if line.get("kind")?.as_str()? == LEFT_OUT {
                left_out.push(seat);
            } else {
                failed.push(FailedSeat {
                    seat: seat.seat,
                    row: seat.row,
                    chipid: seat.chipid,
                    error: string(line.get("error")?)?,
                });
            }
        }
        Some(Self {
            cube: number(&cube, "cube")?,
            plan: cube.get("plan").and_then(string).unwrap_or_default(),
            files: files.collect::<Option<_>>()?,
            rows: cube
                .get("rows")?
                .as_array()?
                .iter()
                .map(Value::as_u64)
                .collect::<Option<_>>()?,
            chipids: cube
                .get("chipids")?
                .as_array()?
                .iter()
                .map(string)
                .collect::<Option<_>>()?,
            failed,
            left_out,
        })
    }
}

/// The kind of a line of a chip that is left out.
const LEFT_OUT: &str = "left-out";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back() {
        let record = CubeRecord {
            cube: 7,
            plan: "0f".to_owned(),
            files: vec![StoredFile::of("a/cube_7.npz".to_owned(), b"abc")],
            rows: vec![3, 1],
            chipids: vec!["x-0-1".to_owned(), "x-1-1".to_owned()],
            failed: vec![FailedSeat {
                seat: 2,
                row: 9,
                chipid: "y-0-0".to_owned(),
                error: "not \"found\"".to_owned(),
            }],
            left_out: vec![LeftOutSeat {
                seat: 3,
                row: 4,
                chipid: "z-0-0".to_owned(),
            }],
        };
        let text = record.to_text();
        assert_eq!(text.lines().count(), 3);
        // FIPS 180-4, the example of one block.
        assert!(text.contains("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
        assert_eq!(CubeRecord::of_text(text.as_bytes()).as_ref(), Ok(&record));
        // One of a time when records did not name their plan is of no plan.
        let old = text.replace("\"plan\":\"0f\",", "");
        let old = CubeRecord::of_text(old.as_bytes()).unwrap();
        assert_eq!((old.plan.as_str(), old.files), ("", record.files));
        for half in [&text[..40], "", "{}", &text[..text.len() - 9]] {
            assert_eq!(CubeRecord::of_text(half.as_bytes()), Err(WrongRecord));
        }
    }
}
