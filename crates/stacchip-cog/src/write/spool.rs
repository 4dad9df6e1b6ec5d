//! Where compressed blocks wait.

use std::{
    fmt,
    io::{self, Read, Seek, SeekFrom, Write},
};

/// Keeps bytes in areas: each area is appended to, then read once from its beginning.
///
/// A file begins with the offsets of its blocks and with its smallest overview, which are known
/// last; until then the blocks wait here. An area belongs to one plane of one level.
pub trait Spool: fmt::Debug {
    /// Adds `bytes` to the end of `area`.
    ///
    /// # Errors
    /// Where the bytes cannot be kept.
    fn append(&mut self, area: usize, bytes: &[u8]) -> io::Result<()>;

    /// Writes all bytes of `area` to `out`, in the order they came.
    ///
    /// # Errors
    /// Where they cannot be read back, or `out` fails.
    fn replay(&mut self, area: usize, out: &mut dyn Write) -> io::Result<()>;
}

impl<T: Spool + ?Sized> Spool for Box<T> {
    fn append(&mut self, area: usize, bytes: &[u8]) -> io::Result<()> {
        self.as_mut().append(area, bytes)
    }

    fn replay(&mut self, area: usize, out: &mut dyn Write) -> io::Result<()> {
        self.as_mut().replay(area, out)
    }
}

/// Keeps bytes in memory.
#[derive(Debug, Default)]
pub struct MemorySpool {
    areas: Vec<Vec<Vec<u8>>>,
}

impl MemorySpool {
    /// Empty.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Spool for MemorySpool {
    fn append(&mut self, area: usize, bytes: &[u8]) -> io::Result<()> {
        if self.areas.len() <= area {
            self.areas.resize_with(area + 1, Vec::new);
        }
        // Pieces of fixed size: growing one large array would copy it and hold it twice.
        if let Some(pieces) = self.areas.get_mut(area) {
            match pieces.last_mut() {
                Some(last) if last.capacity() - last.len() >= bytes.len() => {
                    last.extend_from_slice(bytes);
                }
                _ => {
                    let mut piece = Vec::with_capacity(bytes.len().max(PIECE_BYTES));
                    piece.extend_from_slice(bytes);
                    pieces.push(piece);
                }
            }
        }
        Ok(())
    }

    fn replay(&mut self, area: usize, out: &mut dyn Write) -> io::Result<()> {
        if let Some(pieces) = self.areas.get_mut(area) {
            // Taken one by one, so that what has been written is given back.
            for piece in std::mem::take(pieces) {
                out.write_all(&piece)?;
            }
        }
        Ok(())
    }
}

/// Keeps bytes in something that can be written, sought and read, such as a temporary file.
pub struct StreamSpool<T> {
    stream: T,
    end: u64,
    areas: Vec<Vec<Extent>>,
}

#[derive(Debug, Clone, Copy)]
struct Extent {
    start: u64,
    len: u64,
}

impl<T: Read + Write + Seek> StreamSpool<T> {
    /// Keeps bytes in `stream`, from its beginning.
    pub fn new(stream: T) -> Self {
        Self {
            stream,
            end: 0,
            areas: Vec::new(),
        }
    }
}

impl<T> fmt::Debug for StreamSpool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamSpool")
            .field("bytes", &self.end)
            .finish_non_exhaustive()
    }
}

impl<T: Read + Write + Seek> Spool for StreamSpool<T> {
    fn append(&mut self, area: usize, bytes: &[u8]) -> io::Result<()> {
        if self.areas.len() <= area {
            self.areas.resize_with(area + 1, Vec::new);
        }
        self.stream.seek(SeekFrom::Start(self.end))?;
        self.stream.write_all(bytes)?;
        let len = bytes.len() as u64;
        if let Some(extents) = self.areas.get_mut(area) {
            match extents.last_mut() {
                Some(last) if last.start + last.len == self.end => last.len += len,
                _ => extents.push(Extent {
                    start: self.end,
                    len,
                }),
            }
        }
        self.end += len;
        Ok(())
    }

    fn replay(&mut self, area: usize, out: &mut dyn Write) -> io::Result<()> {
        for extent in self.areas.get(area).into_iter().flatten() {
            self.stream.seek(SeekFrom::Start(extent.start))?;
            let copied = io::copy(&mut Read::by_ref(&mut self.stream).take(extent.len), out)?;
            if copied != extent.len {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }
}

/// Blocks are tens to hundreds of kilobytes; a piece holds a few and wastes little at the end.
const PIECE_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn keeps_areas_apart(spool: &mut dyn Spool) {
        let big = vec![7u8; PIECE_BYTES + 3];
        spool.append(2, b"ab").unwrap();
        spool.append(0, &big).unwrap();
        spool.append(2, b"cd").unwrap();
        spool.append(2, b"ef").unwrap();
        spool.append(0, b"!").unwrap();
        let read = |spool: &mut dyn Spool, area| {
            let mut out = Vec::new();
            spool.replay(area, &mut out).unwrap();
            out
        };
        assert_eq!(read(spool, 2), b"abcdef");
        assert_eq!(read(spool, 1), b"");
        assert_eq!(read(spool, 9), b"");
        assert_eq!(read(spool, 0), [&big[..], b"!"].concat());
    }

    #[test]
    fn what_goes_in_comes_out() {
        keeps_areas_apart(&mut MemorySpool::new());
        keeps_areas_apart(&mut StreamSpool::new(io::Cursor::new(Vec::new())));
    }

    #[test]
    fn a_stream_that_lost_bytes_is_an_error() {
        let mut spool = StreamSpool::new(io::Cursor::new(Vec::new()));
        spool.append(0, b"abc").unwrap();
        spool.stream.get_mut().truncate(1);
        assert!(spool.replay(0, &mut Vec::new()).is_err());
    }
}
