//! LERC blobs, bare or within deflate or Zstandard.

use super::image::{Image, LercWrap};

#[cfg(not(feature = "lerc"))]
pub(super) fn decode(
    _: &Image,
    _: LercWrap,
    _: &[u8],
    _: usize,
    _: &mut [u8],
) -> Result<(), String> {
    Err("built without the feature `lerc`".into())
}

/// Decodes into native samples. Pixels that LERC calls invalid become NaN, or 0 for integers.
#[cfg(feature = "lerc")]
pub(super) fn decode(
    image: &Image,
    wrap: LercWrap,
    data: &[u8],
    rows: usize,
    out: &mut [u8],
) -> Result<(), String> {
    use crate::DType;

    let blob;
    let data = match wrap {
        LercWrap::None => data,
        LercWrap::Deflate => {
            blob = super::codec::inflate_unsized(data, blob_limit(out.len()))?;
            &blob
        }
        LercWrap::Zstd => {
            blob = unwrap_zstd(data, blob_limit(out.len()))?;
            &blob
        }
    };
    let info = lerc::decode_info(data).map_err(|e| e.to_string())?;
    let bands = image.block_bands();
    let fits = info.width as usize == image.block_width
        && info.height as usize >= rows
        && info.height as usize <= image.block_height
        && info.depth as usize * info.bands as usize == bands;
    if !fits {
        return Err(format!(
            "it is {} by {} pixels with {} values, {} by {rows} with {bands} are needed",
            info.width,
            info.height,
            info.depth * info.bands,
            image.block_width,
        ));
    }
    if info.bands > 1 {
        return Err("LERC with separate bands is not read".into());
    }
    match image.dtype {
        DType::U8 => typed::<u8>(data, out, 0),
        DType::I8 => typed::<i8>(data, out, 0),
        DType::U16 => typed::<u16>(data, out, 0),
        DType::I16 => typed::<i16>(data, out, 0),
        DType::U32 => typed::<u32>(data, out, 0),
        DType::I32 => typed::<i32>(data, out, 0),
        DType::F32 => typed::<f32>(data, out, f32::NAN),
        DType::F64 => typed::<f64>(data, out, f64::NAN),
        DType::U64 | DType::I64 => Err("LERC has no 64-bit integers".into()),
    }
}

/// The largest LERC blob a sound encoder makes of so many bytes of pixels.
#[cfg(feature = "lerc")]
fn blob_limit(decoded: usize) -> usize {
    decoded + decoded / 4 + (64 << 10)
}

#[cfg(feature = "lerc")]
fn typed<T: lerc::Sample + bytemuck::Pod>(
    data: &[u8],
    out: &mut [u8],
    nodata: T,
) -> Result<(), String> {
    let mut values = vec![T::zeroed(); blob_pixels(data)?];
    lerc::decode_into_with_nodata(data, &mut values, nodata).map_err(|e| e.to_string())?;
    let bytes: &[u8] = bytemuck::cast_slice(&values);
    let bytes = bytes.get(..out.len()).ok_or("it is smaller than its header says")?;
    out.copy_from_slice(bytes);
    Ok(())
}

#[cfg(feature = "lerc")]
fn blob_pixels(data: &[u8]) -> Result<usize, String> {
    let info = lerc::decode_info(data).map_err(|e| e.to_string())?;
    Ok(info.width as usize * info.height as usize * info.depth as usize * info.bands as usize)
}

#[cfg(all(feature = "lerc", feature = "zstd"))]
fn unwrap_zstd(data: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    zstd::bulk::decompress(data, limit).map_err(|e| e.to_string())
}

#[cfg(all(feature = "lerc", not(feature = "zstd")))]
fn unwrap_zstd(_: &[u8], _: usize) -> Result<Vec<u8>, String> {
    Err("built without the feature `zstd`".into())
}
