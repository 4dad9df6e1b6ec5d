//! Files that stand beside the one they will become.

use std::{
    fs, io,
    path::Path,
    sync::OnceLock,
    time::{Duration, SystemTime},
};

use tempfile::NamedTempFile;

/// A file in the folder of `path` that goes when dropped, readable by whom the umask allows.
///
/// Its name says which machine and which process writes it, for [`is_left`].
///
/// # Errors
/// Where none can be made there.
pub fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    static PREFIX: OnceLock<String> = OnceLock::new();
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let prefix = PREFIX.get_or_init(|| prefix(host(), std::process::id()));
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix).suffix(END);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Whether the file `name`, last written to at `modified`, was left by a process that is no more: one of this machine
/// that has ended, or one of which nobody here can tell, that has written nothing to it for a day. Folders may be shared with
/// machines whose processes are not seen here.
pub fn is_left(name: &str, modified: Option<SystemTime>) -> bool {
    let Some(rest) = name.strip_prefix(BEGIN).and_then(|n| n.strip_suffix(END)) else {
        return false;
    };
    let mut words = rest.split('.');
    let of = (words.next(), words.next().and_then(|pid| pid.parse().ok()));
    if let (Some(machine), Some(process)) = of
        && Some(machine) == host()
        && let Some(runs) = runs(process)
    {
        return !runs;
    }
    let age = modified.and_then(|at| SystemTime::now().duration_since(at).ok());
    age.is_some_and(|age| age > LONG)
}

fn prefix(host: Option<&str>, process: u32) -> String {
    format!("{BEGIN}{}.{process}.", host.unwrap_or_default())
}

/// What this machine is called, in signs that names of files may have; nothing where nobody says.
fn host() -> Option<&'static str> {
    static HOST: OnceLock<Option<String>> = OnceLock::new();
    let host = HOST.get_or_init(|| {
        let named = fs::read_to_string("/proc/sys/kernel/hostname").ok();
        let named = named.or_else(|| std::env::var("COMPUTERNAME").ok())?;
        let sign = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let named: String = named.trim().chars().take(64).map(sign).collect();
        (!named.is_empty()).then_some(named)
    });
    host.as_deref()
}

/// Whether a process of this machine runs; nothing where that is not seen.
fn runs(process: u32) -> Option<bool> {
    let seen = Path::new("/proc/self").exists();
    seen.then(|| Path::new(&format!("/proc/{process}")).exists())
}

const BEGIN: &str = ".stacchip-";
const END: &str = ".part";
/// A time in which who writes has written something.
const LONG: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_may_write_is_left_alone_for_a_day() {
        let now = Some(SystemTime::now());
        let old = now.and_then(|now| now.checked_sub(LONG * 2));
        let folder = tempfile::tempdir().unwrap();
        let file = temporary(&folder.path().join("a.bin")).unwrap();
        let name = file.path().file_name().unwrap().to_string_lossy();
        for other in ["x.part", ".stacchip-x", "a.parquet"] {
            assert!(!is_left(other, old), "{other}");
        }
        for unknown in [".stacchip-x.part", ".stacchip-another.1.x.part"] {
            assert!(!is_left(unknown, now) && is_left(unknown, old), "{unknown}");
        }
        if host().is_some() && runs(1).is_some() {
            assert!(!is_left(&name, old), "it is this process: {name}");
            // No process has this number.
            let ended = format!("{}x{END}", prefix(host(), u32::MAX));
            assert!(is_left(&ended, now));
        }
    }
}
