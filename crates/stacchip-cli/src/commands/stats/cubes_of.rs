//! Which files are cubes of one plan.

use std::collections::HashMap;

use futures::{StreamExt, stream};
use serde_json::Value;

use crate::{failure::Failure, inputs::absolute, output::Output, wiring::World};

/// Cubes of one plan, or of none.
#[derive(Debug, Default)]
pub struct Cubes {
    /// Where they are.
    pub files: Vec<String>,
    /// What the plan says.
    pub plan: Option<Value>,
    /// Files that the plan and its records do not name.
    pub left_out: usize,
}

/// A plan, and the folder that it stands in.
#[derive(Debug, Clone)]
struct Plan {
    folder: String,
    says: Value,
}

/// What the records of a plan say of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// It is a cube of the plan.
    Named,
    /// It is none.
    Other,
    /// There is no record.
    Nothing,
}

impl Cubes {
    /// Of `files`, which `source` led to, those that are meant: where a plan stands beside or above them,
    /// those that its records name.
    ///
    /// # Errors
    /// A failure where they are of several plans, or none is left.
    pub async fn of(
        source: &str,
        files: Vec<String>,
        world: &World,
        output: Output,
    ) -> Result<Self, Failure> {
        let files = files.iter().map(|file| absolute(file));
        let files: Vec<String> = files.collect::<Result<_, _>>()?;
        let Some(plan) = plan_of(source, &files, world).await? else {
            return Ok(Self {
                files,
                ..Self::default()
            });
        };
        let said = stream::iter(&files).map(|file| plan.says_of(file, world));
        let said: Vec<Result<Said, Failure>> = said.buffered(READ_AT_ONCE).collect().await;
        let said: Vec<Said> = said.into_iter().collect::<Result<_, _>>()?;
        let all = files.len();
        let files: Vec<String> = if said.iter().all(|said| *said == Said::Nothing) {
            output.note(format!(
                "there are no records in {}: every file is taken for one of its plan",
                plan.folder
            ));
            files
        } else {
            let each = files.into_iter().zip(said);
            let named = each.filter(|(_, said)| *said == Said::Named);
            named.map(|(file, _)| file).collect()
        };
        let left_out = all - files.len();
        if files.is_empty() {
            return Err(Failure::failed(format!(
                "{source}: no file is a cube of the plan in {}, as far as its records say: make them again \
                 with prechip, or move the plan away",
                plan.folder
            )));
        }
        if left_out > 0 {
            output.note(format!(
                "{left_out} files are left out: no record of the plan in {} names them",
                plan.folder
            ));
        }
        Ok(Self {
            files,
            plan: Some(plan.says),
            left_out,
        })
    }
}

impl Plan {
    /// That in `folder`.
    async fn read(folder: &str, world: &World) -> Result<Option<Self>, Failure> {
        let address = format!("{folder}/prechip.json");
        let Some(text) = world.read_if_there(&address).await? else {
            return Ok(None);
        };
        match serde_json::from_slice(&text) {
            Ok(says @ Value::Object(_)) => Ok(Some(Self {
                folder: folder.to_owned(),
                says,
            })),
            _ => Err(Failure::failed(format!(
                "{address} is no plan of cubes: move it away where these are others"
            ))),
        }
    }

    /// What its records say of the cube at `file`.
    async fn says_of(&self, file: &str, world: &World) -> Result<Said, Failure> {
        let path = file.strip_prefix(&self.folder);
        let path = path.and_then(|path| path.strip_prefix('/'));
        let (Some(path), Some(number)) = (path, number_of(file)) else {
            return Ok(Said::Other);
        };
        let address = format!("{}/records/cube_{number}.json", self.folder);
        let Some(text) = world.read_if_there(&address).await? else {
            return Ok(Said::Nothing);
        };
        // The first line is about the cube.
        let mut lines = serde_json::Deserializer::from_slice(&text).into_iter::<Value>();
        let Some(Ok(record)) = lines.next() else {
            return Ok(Said::Other);
        };
        let of_plan = self.says.get("id").is_none_or(|id| record["plan"] == *id);
        let within = self.says["cubes"].as_u64().is_none_or(|all| number < all);
        let mut files = record["files"].as_array().into_iter().flatten();
        let named = files.any(|file| file["path"] == path);
        Ok(if of_plan && within && named {
            Said::Named
        } else {
            Said::Other
        })
    }
}

/// The plan of `files`: beside or above them.
async fn plan_of(source: &str, files: &[String], world: &World) -> Result<Option<Plan>, Failure> {
    let mut known: HashMap<String, Option<Plan>> = HashMap::new();
    let mut first: Option<(&str, Option<Plan>)> = None;
    for file in files {
        let plan = nearest(parent(file), &mut known, world).await?;
        let Some((first, of_first)) = &first else {
            first = Some((file, plan));
            continue;
        };
        let folder = |plan: &Option<Plan>| plan.as_ref().map(|plan| plan.folder.clone());
        if folder(&plan) != folder(of_first) {
            let said = |file: &str, plan: &Option<Plan>| match plan {
                Some(plan) => format!("{file} is of the plan in {}", plan.folder),
                None => format!("{file} is of none"),
            };
            return Err(Failure::failed(format!(
                "{source} holds cubes of several plans ({}, {}): give the folder of one of them",
                said(first, of_first),
                said(file, &plan)
            )));
        }
    }
    Ok(first.and_then(|(_, plan)| plan))
}

/// The plan in `folder`, or in the nearest above it.
async fn nearest(
    folder: &str,
    known: &mut HashMap<String, Option<Plan>>,
    world: &World,
) -> Result<Option<Plan>, Failure> {
    if let Some(known) = known.get(folder) {
        return Ok(known.clone());
    }
    let (mut found, mut here) = (None, folder);
    // OUT/mode_v1_chipper_v2/PLATFORM/cube_0.npz, and one more.
    for _ in 0..4 {
        found = Plan::read(here, world).await?;
        let above = parent(here);
        // s3://bucket, or the root of this machine.
        if found.is_some() || above.ends_with(":/") || here.is_empty() {
            break;
        }
        here = above;
    }
    known.insert(folder.to_owned(), found.clone());
    Ok(found)
}

fn parent(address: &str) -> &str {
    address.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The number of the cube that a file is called after: `cube_7.npz`, `cube_000007.tar`.
fn number_of(file: &str) -> Option<u64> {
    let (_, name) = file.rsplit_once('/')?;
    let (name, _) = name.rsplit_once('.')?;
    name.strip_prefix("cube_")?.parse().ok()
}

/// Records read at once.
const READ_AT_ONCE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_cubes_tell_their_numbers() {
        assert_eq!(number_of("/a/cube_7.npz"), Some(7));
        assert_eq!(number_of("s3://a/cube_000012.tar"), Some(12));
        for other in ["/a/cube_.npz", "/a/7.npz", "cube_7.npz", "/cube_1/x.npz"] {
            assert_eq!(number_of(other), None, "{other}");
        }
    }
}
