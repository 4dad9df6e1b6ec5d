//! LZW against `weezl`.

use stacchip_codecs::Lzw;
use stacchip_cog::{BlockContext, Compression, DecodeError, SampleFormat, TileDecoder};
use weezl::{BitOrder, LzwStatus, decode::Decoder};

use crate::Choices;

/// Where both fill a block they fill it alike; where one does not, what both have is the same.
pub fn lzw_diff(input: &[u8]) {
    let (source, mut choices) = Choices::split(input);
    // A stream begins with the code "clear" (TIFF 6.0, section 13), 256 in nine bits. The peer takes
    // others, too; and the older streams, least significant bit first, it is not set to.
    if !matches!(source, [0x80, second, ..] if second & 0x80 == 0) {
        return;
    }
    let mut ours = vec![0; 1 + choices.below(LARGEST) as usize];
    let block = BlockContext {
        compression: Compression::LZW,
        width: u32::try_from(ours.len()).expect("below LARGEST"),
        height: 1,
        samples: 1,
        bits: 8,
        format: SampleFormat::Unsigned,
        photometric: 1,
        subsampling: (1, 1),
        big_endian: false,
        lsb_first: false,
        jpeg_tables: None,
        lerc_parameters: None,
        fax_options: 0,
        alpha: None,
        row_by_row: false,
    };
    let verdict = Lzw.decode(source, &block, &mut ours);
    let (theirs, stop) = peer(source, ours.len());
    let have = match &verdict {
        Ok(()) => ours.len(),
        Err(DecodeError::Truncated { got, .. }) => *got,
        // How far it came is for people only.
        Err(_) => 0,
    };
    let common = have.min(theirs.len());
    assert!(
        ours[..common] == theirs[..common],
        "the first {common} bytes differ"
    );
    if theirs.len() == ours.len() {
        assert!(
            verdict.is_ok(),
            "the peer fills the block, we say {verdict:?}"
        );
    } else {
        assert!(
            verdict.is_err(),
            "we fill the block, the peer stops at {} of {} ({stop})",
            theirs.len(),
            ours.len()
        );
    }
}

/// As many of `len` bytes as the peer makes of `source`, and why there are no more.
fn peer(source: &[u8], len: usize) -> (Vec<u8>, &'static str) {
    let mut decoder = Decoder::with_tiff_size_switch(BitOrder::Msb, 8);
    let mut out = vec![0; len];
    let (mut read, mut written, mut idle) = (0, 0, 0);
    let why = loop {
        let done = decoder.decode_bytes(&source[read..], &mut out[written..]);
        read += done.consumed_in;
        written += done.consumed_out;
        idle = if done.consumed_in + done.consumed_out > 0 {
            0
        } else {
            idle + 1
        };
        match done.status {
            _ if written == len => break "full",
            // A call ends at a code that clears the table; of those some may lie in the eight bytes it has taken ahead.
            Ok(LzwStatus::Ok) if idle < 16 => {}
            Ok(LzwStatus::Done) => break "the code of the end",
            Ok(_) => break "the end of the source",
            Err(_) => break "an unknown code",
        }
    };
    out.truncate(written);
    (out, why)
}

const LARGEST: u32 = 64 << 10;
