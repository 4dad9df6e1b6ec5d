//! What a file may cost.

/// Bounds on what reading a file may cost, whatever the file claims.
///
/// Every number has a default with a reason and may be changed:
///
/// ```
/// use stacchip_cog::Limits;
///
/// let limits = Limits { window_bytes: 64 << 20, ..Limits::default() };
/// assert_eq!(limits.directories, Limits::default().directories);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Image file directories read of one file. Pyramids have a dozen, multi-page scans hundreds.
    pub directories: usize,
    /// Entries of one directory. The register has under a thousand tags; writers use about thirty.
    pub entries: usize,
    /// Bands of one image. By default as many as two bytes can claim, which GDAL opens, too: they take
    /// 9 MB, which are counted among `header_bytes`.
    pub bands: usize,
    /// Bytes of the value of one tag other than the tables of blocks. The largest that are read
    /// are control points (48 bytes each), colour tables (384 KiB) and metadata (XML).
    pub tag_bytes: u64,
    /// Bytes of a header, tables of blocks apart: of what is held of the object at once; of the values of
    /// all tags together, which a hostile file lets overlap; and of what an image makes up from few
    /// bytes (bands, colour tables).
    pub header_bytes: u64,
    /// Bytes from the start of the object that are read first. Directories and small tables of a
    /// cloud optimized file are inside; on a network they cost as much as one byte would.
    pub first_read_bytes: u64,
    /// Bytes that are read at once around a wanted byte of a header or a table; a power of two,
    /// else the next one is used.
    pub page_bytes: u64,
    /// Bytes of one block when decompressed. Files striped in one piece need as much as their
    /// whole image; a terabyte is a lie.
    pub block_bytes: u64,
    /// Bytes of one block as stored.
    pub stored_block_bytes: u64,
    /// Bytes of the pixels of one window.
    pub window_bytes: u64,
    /// Blocks that one window may touch. Planning takes about a hundred bytes for each.
    pub window_blocks: u64,
    /// Bytes of all blocks of one window as stored, together. Blocks may overlap, so a small file could
    /// be read over and over.
    pub window_stored_bytes: u64,
    /// Bytes that are decompressed for one window: its own and what lies in the blocks around it. A
    /// column of pixels through wide strips takes all of them; a minute of work is a trap.
    pub window_decoded_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            directories: 1024,
            entries: 4096,
            bands: u16::MAX as usize,
            tag_bytes: 16 << 20,
            header_bytes: 64 << 20,
            first_read_bytes: 32 << 10,
            page_bytes: 16 << 10,
            block_bytes: 1 << 30,
            stored_block_bytes: 1 << 30,
            window_bytes: 8 << 30,
            window_blocks: 1 << 20,
            window_stored_bytes: 8 << 30,
            window_decoded_bytes: 32 << 30,
        }
    }
}
