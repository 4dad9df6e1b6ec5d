//! The headers of JPEG as TIFF 6.0 had it (section 22), whose parts lie about the file.

use bytes::Bytes;

use super::{Directory, HeaderDecoder, Tag, decoder::Stop};

impl HeaderDecoder {
    /// One abbreviated stream of what the tags of `directory` point at: tables, frame and scan
    /// header, where they say so; at most 64 KiB. The frame has no size. Nothing for other schemes.
    pub(super) fn old_jpeg(&self, directory: &Directory) -> Result<Option<Bytes>, Stop> {
        const OLD_JPEG: u64 = 6;
        if directory.unsigned(Tag::COMPRESSION) != Some(OLD_JPEG) {
            return Ok(None);
        }
        let mut stream = vec![0xFF, 0xD8];
        let tables = [
            self.quantization(directory, &mut stream)?,
            self.codes(directory, Tag::JPEG_DC_TABLES, 0, &mut stream)?,
            self.codes(directory, Tag::JPEG_AC_TABLES, 1, &mut stream)?,
        ];
        if let Some(every) = directory.unsigned(Tag::JPEG_RESTART_INTERVAL) {
            let every = u16::try_from(every).unwrap_or(0);
            segment(0xDD, &every.to_be_bytes(), &mut stream);
        }
        if let [Some(quantization), Some(dc), Some(ac)] = tables {
            let factor = |i| {
                directory
                    .unsigned_at(Tag::YCBCR_SUBSAMPLING, i)
                    .unwrap_or(2)
            };
            let factors = u8::try_from(factor(0) << 4 | factor(1) & 0xF).unwrap_or(0x22);
            let mut frame = vec![8, 0, 0, 0, 0, 3];
            let mut scan = vec![3];
            for (i, factors) in (0u8..).zip([factors, 0x11, 0x11]) {
                let of = |tables: [u8; 3]| tables.get(usize::from(i)).copied().unwrap_or(0);
                frame.extend([i, factors, of(quantization)]);
                scan.extend([i, of(dc) << 4 | of(ac)]);
            }
            scan.extend([0, 63, 0]);
            segment(0xC0, &frame, &mut stream);
            segment(0xDA, &scan, &mut stream);
        }
        self.interchange(directory, &mut stream)?;
        Ok(Some(stream.into()))
    }

    /// Appends the tables that `JPEGQTables` (519) points at; says which one each component uses.
    fn quantization(
        &self,
        directory: &Directory,
        stream: &mut Vec<u8>,
    ) -> Result<Option<[u8; 3]>, Stop> {
        each(directory, Tag::JPEG_Q_TABLES, |id, at| {
            let table = self.take(at, 64, "a table of JPEGQTables")?;
            segment(0xDB, &[&[id], &table[..]].concat(), stream);
            Ok(())
        })
    }

    /// The same of tables of codes: of class 0, `JPEGDCTables` (520), or 1, `JPEGACTables` (521).
    fn codes(
        &self,
        directory: &Directory,
        tag: Tag,
        class: u8,
        stream: &mut Vec<u8>,
    ) -> Result<Option<[u8; 3]>, Stop> {
        each(directory, tag, |id, at| {
            let counts = self.take(at, 16, tag.word())?;
            let symbols = counts.iter().map(|&n| u64::from(n)).sum();
            let symbols = self.take(at.saturating_add(16), symbols, tag.word())?;
            segment(
                0xC4,
                &[&[class << 4 | id], &counts[..], &symbols].concat(),
                stream,
            );
            Ok(())
        })
    }

    /// Appends the segments of the stream that `JPEGInterchangeFormat` (513) points at, up to its
    /// scan.
    fn interchange(&self, directory: &Directory, stream: &mut Vec<u8>) -> Result<(), Stop> {
        let Some(start) = directory.unsigned(Tag::JPEG_INTERCHANGE_FORMAT) else {
            return Ok(());
        };
        let length = directory
            .unsigned(Tag::JPEG_INTERCHANGE_FORMAT_LENGTH)
            .filter(|&length| length > 0)
            .unwrap_or(u64::MAX);
        let end = start.saturating_add(length);
        let mut at = start;
        // As many as any header has; what has more is none.
        for _ in 0..64 {
            let marker = match self.take(at, 4, "a marker of JPEGInterchangeFormat") {
                Ok(marker) => marker,
                Err(Stop::Broken(_)) => return Ok(()),
                Err(stop) => return Err(stop),
            };
            let &[0xFF, code, high, low] = &marker[..] else {
                return Ok(());
            };
            match code {
                0xFF => at = at.saturating_add(1),
                0xD8 => at = at.saturating_add(2),
                0xC0..=0xCF | 0xDA..=0xDF | 0xE0..=0xFE => {
                    let len = u64::from(u16::from_be_bytes([high, low]));
                    let next = at.saturating_add(2).saturating_add(len);
                    if len < 2 || next > end {
                        return Ok(());
                    }
                    if code < 0xE0 {
                        let held = (stream.len() as u64).saturating_add(len);
                        if held.saturating_add(2) > HEADERS {
                            return Ok(());
                        }
                        match self.take(at, len.saturating_add(2), "JPEGInterchangeFormat") {
                            Ok(bytes) => stream.extend_from_slice(&bytes),
                            Err(Stop::Broken(_)) => return Ok(()),
                            Err(stop) => return Err(stop),
                        }
                    }
                    if code == 0xDA {
                        return Ok(());
                    }
                    at = next;
                }
                _ => return Ok(()),
            }
        }
        Ok(())
    }
}

/// Bytes of the headers together. All tables that a frame can use take 25 KiB; a segment may claim 64 KiB,
/// and every directory the same ones again.
const HEADERS: u64 = 64 << 10;

/// Does `with` the number and the offset of each of up to three tables; one that stands where the
/// one before does is the same. Says which table each component uses; nothing where there are none.
fn each(
    directory: &Directory,
    tag: Tag,
    mut with: impl FnMut(u8, u64) -> Result<(), Stop>,
) -> Result<Option<[u8; 3]>, Stop> {
    let mut before = None;
    let mut used = [0; 3];
    for (id, used) in (0u8..).zip(&mut used) {
        let at = directory.unsigned_at(tag, id.into()).filter(|&at| at != 0);
        match (at, before) {
            (Some(at), Some((same, table))) if at == same => *used = table,
            (Some(at), _) => {
                with(id, at)?;
                before = Some((at, id));
                *used = id;
            }
            (None, Some((_, table))) => *used = table,
            (None, None) => return Ok(None),
        }
    }
    Ok(Some(used))
}

/// Appends a marker with its segment (T.81, B.1.1.4).
fn segment(code: u8, body: &[u8], stream: &mut Vec<u8>) {
    let length = u16::try_from(body.len().saturating_add(2)).unwrap_or(u16::MAX);
    stream.extend([0xFF, code]);
    stream.extend(length.to_be_bytes());
    stream.extend_from_slice(body);
}
