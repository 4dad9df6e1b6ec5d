//! Files that stand beside the one they will become.

use std::{fs, io, path::Path};

use tempfile::NamedTempFile;

/// A file in the folder of `path` that goes when dropped, readable by whom the umask allows.
pub(crate) fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".stacchip-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}
