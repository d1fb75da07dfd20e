//! GeoTIFFs without compression, in EPSG:4326, with strips of rows.

/// Rows of a strip.
const ROWS: u32 = 64;

/// A grid of unsigned 16-bit pixels whose bands lie pixel by pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlainTiff {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bands.
    pub bands: u16,
    /// West and north, in degrees.
    pub corner: [f64; 2],
    /// Width and height of a pixel, in degrees.
    pub scale: [f64; 2],
}

impl PlainTiff {
    /// The file; `pixel` gives the value of a band at the centre of a pixel: longitude, latitude.
    pub fn write(&self, pixel: impl Fn(u16, f64, f64) -> u16) -> Vec<u8> {
        let row_bytes = self.width * u32::from(self.bands) * 2;
        let strips = self.height.div_ceil(ROWS);
        let rows_of = |strip: u32| ROWS.min(self.height - strip * ROWS);
        let mut file = b"II*\0\0\0\0\0".to_vec();
        file.reserve((row_bytes * self.height) as usize + 1024);
        for row in 0..self.height {
            let lat = self.corner[1] - (f64::from(row) + 0.5) * self.scale[1];
            for column in 0..self.width {
                let lon = self.corner[0] + (f64::from(column) + 0.5) * self.scale[0];
                for band in 0..self.bands {
                    file.extend(pixel(band, lon, lat).to_le_bytes());
                }
            }
        }
        let starts: Vec<u32> = (0..strips).map(|strip| 8 + strip * ROWS * row_bytes).collect();
        let lengths: Vec<u32> = (0..strips).map(|strip| rows_of(strip) * row_bytes).collect();
        let [x, y] = self.corner;
        let mut tags = vec![
            (256, longs(&[self.width])),
            (257, longs(&[self.height])),
            (258, shorts(&vec![16; self.bands.into()])),
            (259, shorts(&[1])),
            (262, shorts(&[1])),
            (273, longs(&starts)),
            (277, shorts(&[self.bands])),
            (278, longs(&[ROWS])),
            (279, longs(&lengths)),
            (284, shorts(&[1])),
            (33550, doubles(&[self.scale[0], self.scale[1], 0.0])),
            (33922, doubles(&[0.0, 0.0, 0.0, x, y, 0.0])),
            // Longitudes and latitudes, pixels are areas, WGS 84.
            (34735, shorts(&[1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 1, 2048, 0, 1, 4326])),
        ];
        if self.bands > 1 {
            tags.insert(10, (338, shorts(&vec![0; usize::from(self.bands) - 1])));
        }
        append_directory(&mut file, tags);
        file
    }
}

/// The type of a tag's values, the bytes of one, and all of them.
type Values = (u16, usize, Vec<u8>);

fn shorts(all: &[u16]) -> Values {
    (3, 2, all.iter().flat_map(|one| one.to_le_bytes()).collect())
}

fn longs(all: &[u32]) -> Values {
    (4, 4, all.iter().flat_map(|one| one.to_le_bytes()).collect())
}

fn doubles(all: &[f64]) -> Values {
    (12, 8, all.iter().flat_map(|one| one.to_le_bytes()).collect())
}

fn append_directory(file: &mut Vec<u8>, tags: Vec<(u16, Values)>) {
    let mut entries = Vec::new();
    for (tag, (kind, each, bytes)) in tags {
        let mut value = bytes.clone();
        if bytes.len() > 4 {
            value = (file.len() as u32).to_le_bytes().to_vec();
            file.extend(&bytes);
        }
        value.resize(4, 0);
        entries.extend(tag.to_le_bytes());
        entries.extend(kind.to_le_bytes());
        entries.extend(((bytes.len() / each) as u32).to_le_bytes());
        entries.extend(value);
    }
    let start = file.len() as u32;
    file[4..8].copy_from_slice(&start.to_le_bytes());
    file.extend(((entries.len() / 12) as u16).to_le_bytes());
    file.extend(entries);
    file.extend([0; 4]);
}
