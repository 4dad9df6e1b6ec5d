//! Ids of items as names of files.

use std::fmt::Write;

/// The same for what tables are looked for in: those whose names start with a dot or an underscore are passed
/// over by readers of folders.
pub fn seen_name(id: &str) -> String {
    let name = file_name(id);
    if let Some(rest) = name.strip_prefix('.') {
        return format!("%2E{rest}");
    }
    match name.strip_prefix('_') {
        Some(rest) => format!("%5F{rest}"),
        None => name,
    }
}

/// A file name that holds an id, whatever characters are in it: another id, another name, and never
/// a way out of the folder.
pub fn file_name(id: &str) -> String {
    if id.chars().all(|c| c == '.') {
        return id.replace('.', "%2E");
    }
    let mut name = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                name.push(char::from(byte));
            }
            other => {
                // Writing to a string does not fail.
                let _ = write!(name, "%{other:02X}");
            }
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_file_names() {
        assert_eq!(file_name("S2A_T20HNJ-1.x"), "S2A_T20HNJ-1.x");
        assert_eq!(file_name("a/b é"), "a%2Fb%20%C3%A9");
        assert_eq!(file_name(".."), "%2E%2E");
        assert_eq!(seen_name("_a_.b"), "%5Fa_.b");
        assert_eq!(seen_name(".a"), "%2Ea");
        assert_eq!(seen_name("a._"), "a._");
    }
}
