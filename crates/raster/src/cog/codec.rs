//! Decompression of one block into a buffer of known size.

use std::cell::RefCell;

use super::image::{Compression, Image};

/// What a block decompressed to.
pub(super) struct Decoded {
    /// Whether samples are in native order without predictor: image codecs give pixels directly.
    pub(super) is_final: bool,
}

thread_local! {
    // Allocating a decompressor costs as much as a small tile.
    static INFLATE: RefCell<libdeflater::Decompressor> =
        RefCell::new(libdeflater::Decompressor::new());
}

/// Decompresses `data` into `out`, whose length is what the block must at least hold.
pub(super) fn decompress(
    image: &Image,
    data: &[u8],
    rows: usize,
    out: &mut [u8],
) -> Result<Decoded, String> {
    let raw = Ok(Decoded { is_final: false });
    let pixels = Ok(Decoded { is_final: true });
    let reversed;
    let data = if image.reversed_bits && image.compression != Compression::Jpeg {
        reversed = data.iter().map(|b| b.reverse_bits()).collect::<Vec<_>>();
        &reversed
    } else {
        data
    };
    match image.compression {
        Compression::None => {
            let bytes = data.get(..out.len()).ok_or_else(|| short(data.len(), out.len()))?;
            out.copy_from_slice(bytes);
            raw
        }
        Compression::Deflate => inflate(data, out).and(raw),
        Compression::PackBits => unpack_bits(data, out).and(raw),
        Compression::Lzw => lzw(data, out).and(raw),
        Compression::Zstd => zstd(data, out).and(raw),
        Compression::Lzma => lzma(data, out).and(raw),
        Compression::Jpeg => guarded(|| jpeg(image, data, rows, out)).and(pixels),
        Compression::Webp => guarded(|| webp(image, data, rows, out)).and(pixels),
        Compression::Lerc(wrap) => {
            guarded(|| super::lerc::decode(image, wrap, data, rows, out)).and(pixels)
        }
    }
}

pub(super) fn name(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "uncompressed",
        Compression::Lzw => "LZW",
        Compression::Jpeg => "JPEG",
        Compression::Deflate => "deflate",
        Compression::PackBits => "PackBits",
        Compression::Lzma => "LZMA",
        Compression::Zstd => "Zstandard",
        Compression::Webp => "WebP",
        Compression::Lerc(_) => "LERC",
    }
}

/// Decoders of pictures have panicked on malformed input; a bad block must stay an error.
fn guarded(decode: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err("the decoder gave up on it".into()))
}

fn short(have: usize, need: usize) -> String {
    format!("it decodes to {have} bytes, {need} are needed")
}

fn full(have: usize, need: usize) -> Result<(), String> {
    if have < need { Err(short(have, need)) } else { Ok(()) }
}

fn inflate(data: &[u8], out: &mut [u8]) -> Result<(), String> {
    use libdeflater::DecompressionError::InsufficientSpace;
    INFLATE.with_borrow_mut(|inflater| match inflater.zlib_decompress(data, out) {
        Ok(n) => full(n, out.len()),
        // Some writers pad the last strip to its full height.
        Err(InsufficientSpace) => {
            let mut larger = vec![0; out.len().saturating_mul(2).max(64 << 10)];
            inflater.zlib_decompress(data, &mut larger).map_err(|e| e.to_string())?;
            out.copy_from_slice(&larger[..out.len()]);
            Ok(())
        }
        Err(e) => Err(e.to_string()),
    })
}

/// Inflates a zlib stream of unknown size, at most `limit` bytes.
#[cfg(feature = "lerc")]
pub(super) fn inflate_unsized(data: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    let mut out = vec![0; limit];
    let n = INFLATE
        .with_borrow_mut(|inflater| inflater.zlib_decompress(data, &mut out))
        .map_err(|e| e.to_string())?;
    out.truncate(n);
    Ok(out)
}

fn unpack_bits(data: &[u8], out: &mut [u8]) -> Result<(), String> {
    let (mut at, mut done) = (0, 0);
    while done < out.len() {
        let Some(head) = data.get(at) else { return Err(short(done, out.len())) };
        let head = *head as i8;
        at += 1;
        if head >= 0 {
            let n = (head as usize + 1).min(out.len() - done);
            let literal = data.get(at..at + n).ok_or_else(|| short(done, out.len()))?;
            out[done..done + n].copy_from_slice(literal);
            (at, done) = (at + head as usize + 1, done + n);
        } else if head != i8::MIN {
            let n = ((1 - i16::from(head)) as usize).min(out.len() - done);
            let byte = *data.get(at).ok_or_else(|| short(done, out.len()))?;
            out[done..done + n].fill(byte);
            (at, done) = (at + 1, done + n);
        }
    }
    Ok(())
}

#[cfg(feature = "lzw")]
fn lzw(data: &[u8], out: &mut [u8]) -> Result<(), String> {
    use weezl::{BitOrder, LzwStatus, decode::Decoder};
    // Before TIFF 6.0 codes were packed from the low end, recognised by the first clear code.
    let mut decoder = if data.starts_with(&[0]) && data.get(1).is_some_and(|b| b & 1 == 1) {
        Decoder::new(BitOrder::Lsb, 8)
    } else {
        Decoder::with_tiff_size_switch(BitOrder::Msb, 8)
    };
    let (mut at, mut done) = (0, 0);
    while done < out.len() {
        let step = decoder.decode_bytes(&data[at..], &mut out[done..]);
        (at, done) = (at + step.consumed_in, done + step.consumed_out);
        match step.status {
            Ok(LzwStatus::Ok) if step.consumed_in + step.consumed_out > 0 => {}
            Ok(_) => break,
            Err(e) => return Err(e.to_string()),
        }
    }
    full(done, out.len())
}

#[cfg(feature = "zstd")]
fn zstd(data: &[u8], out: &mut [u8]) -> Result<(), String> {
    let need = out.len();
    let n = zstd::bulk::decompress_to_buffer(data, out).map_err(|e| e.to_string())?;
    full(n, need)
}

#[cfg(feature = "lzma")]
fn lzma(data: &[u8], out: &mut [u8]) -> Result<(), String> {
    use std::io::Read;
    lzma_rust2::XzReader::new(data, false).read_exact(out).map_err(|e| e.to_string())
}

#[cfg(feature = "jpeg")]
fn jpeg(image: &Image, data: &[u8], rows: usize, out: &mut [u8]) -> Result<(), String> {
    use jpeg_decoder::{ColorTransform, Decoder};
    let bands = image.block_bands();
    if image.dtype.size() != 1 {
        return Err("JPEG with 12 or more bits is not read".into());
    }
    // The tables of all blocks are an own stream: its end and the block's start fall together.
    let mut stream = Vec::with_capacity(data.len() + 1024);
    if let Some(tables) = &image.jpeg_tables {
        let end = tables.len() - if tables.ends_with(&[0xff, 0xd9]) { 2 } else { 0 };
        stream.extend_from_slice(&tables[..end]);
        stream.extend_from_slice(data.strip_prefix(&[0xff, 0xd8]).unwrap_or(data));
    } else {
        stream.extend_from_slice(data);
    }
    let mut decoder = Decoder::new(&stream[..]);
    decoder.set_max_decoding_buffer_size(out.len().saturating_mul(4).max(1 << 20));
    decoder.set_color_transform(match (bands, image.ycbcr) {
        (1, _) => ColorTransform::Grayscale,
        (3, true) => ColorTransform::YCbCr,
        (3, false) => ColorTransform::RGB,
        (4, false) => ColorTransform::CMYK,
        _ => return Err(format!("JPEG with {bands} bands is not read")),
    });
    decoder.read_info().map_err(|e| e.to_string())?;
    let info = decoder.info().ok_or("it has no frame header")?;
    if info.pixel_format.pixel_bytes() != bands {
        return Err(format!("it is {:?}, {bands} bands are needed", info.pixel_format));
    }
    let mut pixels = decoder.decode().map_err(|e| e.to_string())?;
    if bands == 4 {
        // The decoder inverts what it takes for ink.
        pixels.iter_mut().for_each(|v| *v = 255 - *v);
    }
    place(&pixels, (info.width.into(), info.height.into()), image, rows, out)
}

#[cfg(feature = "webp")]
fn webp(image: &Image, data: &[u8], rows: usize, out: &mut [u8]) -> Result<(), String> {
    let bands = image.block_bands();
    let mut decoder =
        image_webp::WebPDecoder::new(std::io::Cursor::new(data)).map_err(|e| e.to_string())?;
    decoder.set_memory_limit(out.len().saturating_mul(4).max(16 << 20));
    let (width, height) = decoder.dimensions();
    let stored = if decoder.has_alpha() { 4 } else { 3 };
    let size = decoder.output_buffer_size().ok_or("its size overflows")?;
    if size > out.len().saturating_mul(4).max(16 << 20) || image.dtype.size() != 1 {
        return Err(format!("it is {width} by {height} pixels"));
    }
    let mut pixels = vec![0; size];
    decoder.read_image(&mut pixels).map_err(|e| e.to_string())?;
    let pixels = match (stored, bands) {
        (a, b) if a == b => pixels,
        (4, 3) => pixels.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect(),
        (3, 4) => pixels.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect(),
        _ => return Err(format!("it has {stored} bands, {bands} are needed")),
    };
    place(&pixels, (width as usize, height as usize), image, rows, out)
}

/// Copies decoded pixels into the block; what they lack in the block stays 0.
#[cfg(any(feature = "jpeg", feature = "webp"))]
fn place(
    pixels: &[u8],
    (width, height): (usize, usize),
    image: &Image,
    rows: usize,
    out: &mut [u8],
) -> Result<(), String> {
    if width > image.block_width || height > image.block_height || height < rows.min(1) {
        return Err(format!(
            "it is {width} by {height} pixels, {} by {rows} are needed",
            image.block_width
        ));
    }
    let bands = image.block_bands();
    let target = out.chunks_exact_mut(image.block_width * bands);
    for (to, from) in target.zip(pixels.chunks_exact((width * bands).max(1))) {
        to[..from.len()].copy_from_slice(from);
    }
    Ok(())
}

#[cfg(not(feature = "lzw"))]
fn lzw(_: &[u8], _: &mut [u8]) -> Result<(), String> {
    Err("built without the feature `lzw`".into())
}
#[cfg(not(feature = "zstd"))]
fn zstd(_: &[u8], _: &mut [u8]) -> Result<(), String> {
    Err("built without the feature `zstd`".into())
}
#[cfg(not(feature = "lzma"))]
fn lzma(_: &[u8], _: &mut [u8]) -> Result<(), String> {
    Err("built without the feature `lzma`".into())
}
#[cfg(not(feature = "jpeg"))]
fn jpeg(_: &Image, _: &[u8], _: usize, _: &mut [u8]) -> Result<(), String> {
    Err("built without the feature `jpeg`".into())
}
#[cfg(not(feature = "webp"))]
fn webp(_: &Image, _: &[u8], _: usize, _: &mut [u8]) -> Result<(), String> {
    Err("built without the feature `webp`".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of Apple's Technical Note TN1023.
    #[test]
    fn packbits() {
        let packed = [
            0xfe, 0xaa, 0x02, 0x80, 0x00, 0x2a, 0xfd, 0xaa, 0x03, 0x80, 0x00, 0x2a, 0x22, 0xf7,
            0xaa,
        ];
        let mut out = [0; 24];
        unpack_bits(&packed, &mut out).unwrap();
        assert_eq!(out[..8], [0xaa, 0xaa, 0xaa, 0x80, 0, 0x2a, 0xaa, 0xaa]);
        assert_eq!(out[23], 0xaa);
        assert!(unpack_bits(&packed[..7], &mut out).is_err());
    }
}
