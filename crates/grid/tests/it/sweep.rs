//! Every code of the table against PROJ's coordinates, and the tables of `docs/crs.md`.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use terracube_grid::{Crs, Error, Transform};
use terracube_testbed::made_table;

/// Written by `make_sweep.py`, which says what is in it.
const SWEEP: &[u8] = include_bytes!("data/sweep.tsv.deflate");
const POINTS: [(f64, f64); 5] =
    [(0.5, 0.5), (0.03, 0.04), (0.97, 0.06), (0.04, 0.95), (0.96, 0.97)];
const MILLIMETRE: f64 = 1e-3;

/// How a code compares with PROJ.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Verdict<'a> {
    /// Forward or inverse, whichever is worse, in metres.
    Off(f64),
    /// Points that PROJ has and we do not.
    Lost(usize),
    Unsupported(&'a str),
    NeedsGrid(&'a str),
}

/// One line of the reference.
struct Case {
    to: String,
    from: String,
    meridian: f64,
    unit: f64,
    points: Vec<Option<(f64, f64)>>,
}

impl Case {
    fn read(line: &str) -> Option<Self> {
        let mut fields = line.split('\t');
        Some(Self {
            to: fields.next()?.to_owned(),
            from: fields.next()?.to_owned(),
            meridian: fields.next()?.parse().ok()?,
            unit: fields.next()?.parse().ok()?,
            points: fields
                .map(|point| {
                    let (x, y) = point.split_once(' ')?;
                    Some((x.parse().ok()?, y.parse().ok()?))
                })
                .collect(),
        })
    }

    /// Whether it is the line for the datum; that of a projected code has but one point.
    fn is_from_wgs84(&self) -> bool {
        self.points.len() == 1 || Crs::parse(&self.to).is_ok_and(|crs| crs.is_geographic())
    }

    fn transform(&self, bases: &mut HashMap<String, Crs>) -> Result<Transform, Error> {
        let from = match bases.get(&self.from) {
            Some(from) => from.clone(),
            None => {
                let made = Crs::parse(&self.from)?;
                bases.entry(self.from.clone()).or_insert(made).clone()
            }
        };
        Transform::new(&from, &Crs::parse(&self.to)?)
    }

    fn compare(&self, transform: &Transform) -> Verdict<'static> {
        let (src, dst) = (transform.src(), transform.dst());
        let steps = if dst.is_geographic() { 1e9 } else { 1e5 };
        let area = dst.area_of_use().unwrap();
        let east = if area.max_x < area.min_x { area.max_x + 360.0 } else { area.max_x };
        let (mut worst, mut lost) = (0.0_f64, 0);
        for (point, (u, v)) in self.points.iter().zip(POINTS) {
            let Some((to_x, to_y)) = point.map(|(x, y)| (x / steps, y / steps)) else { continue };
            let lon = area.min_x + (east - area.min_x) * u;
            let lat = area.min_y + (area.max_y - area.min_y) * v;
            let lon = if lon > 180.0 { lon - 360.0 } else { lon };
            let x = (lon - self.meridian).to_radians() / self.unit;
            let y = lat.to_radians() / self.unit;
            let found = (transform.forward(x, y), transform.inverse(to_x, to_y));
            let (Some(there), Some(back)) = found else {
                lost += 1;
                continue;
            };
            let metres = |crs: &Crs, a: (f64, f64), b: (f64, f64)| {
                let turn = 360.0_f64.to_radians() / (crs.metres_per_unit() / 6_378_137.0);
                let (mut dx, dy) = (a.0 - b.0, a.1 - b.1);
                if crs.is_geographic() {
                    dx = (dx + turn / 2.0).rem_euclid(turn) - turn / 2.0;
                    dx *= lat.to_radians().cos();
                }
                dx.hypot(dy) * crs.metres_per_unit()
            };
            worst = worst.max(metres(dst, there, (to_x, to_y)));
            // Between datums there and back is not the same place, in PROJ neither: heights are lost.
            let back = metres(src, back, (x, y));
            if !self.is_from_wgs84() {
                worst = worst.max(back);
            }
        }
        if lost > 0 { Verdict::Lost(lost) } else { Verdict::Off(worst) }
    }
}

fn cases() -> Vec<Case> {
    let text = miniz_oxide::inflate::decompress_to_vec(SWEEP).unwrap();
    String::from_utf8(text).unwrap().lines().map(|line| Case::read(line).unwrap()).collect()
}

/// What is refused without feature `gdal`, whether PROJ does it with that or not: the tables are the
/// same for both.
fn refused(made: &Result<Transform, Error>) -> Option<&Error> {
    match made {
        Ok(transform) => transform.by_proj(),
        Err(error) => Some(error),
    }
}

/// The verdicts on the codes that `of` picks, by code.
fn verdicts<'a>(
    cases: &'a [Case],
    of: impl Fn(&Case) -> bool,
    names: &'a mut Vec<(String, String)>,
) -> Vec<(&'a Case, Verdict<'a>)> {
    let mut bases = HashMap::new();
    let picked: Vec<&Case> = cases.iter().filter(|case| of(case)).collect();
    let made: Vec<_> = picked.iter().map(|case| case.transform(&mut bases)).collect();
    *names = made
        .iter()
        .map(|made| match refused(made) {
            Some(Error::UnsupportedProjection { projection, .. }) => {
                ("projection".to_owned(), projection.clone())
            }
            Some(Error::DatumGrid { datum, .. }) => ("datum".to_owned(), datum.clone()),
            Some(other) => panic!("{other}"),
            None => <(String, String)>::default(),
        })
        .collect();
    let verdict =
        |((case, made), (kind, name)): ((&Case, &Result<_, _>), &'a (String, String))| match (
            made,
            kind.as_str(),
        ) {
            (Ok(transform), "") => case.compare(transform),
            (_, "datum") => Verdict::NeedsGrid(name),
            (_, _) => Verdict::Unsupported(name),
        };
    let all = picked.iter().copied().zip(&made).zip(names.iter());
    picked.iter().copied().zip(all.map(verdict)).collect()
}

/// Codes by what is said of them, as rows of a table: what, how many, which.
fn rows<'a>(said: impl Iterator<Item = (String, &'a str)>, show: impl Fn(&str) -> bool) -> String {
    let mut by: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (what, code) in said {
        by.entry(what).or_default().push(code);
    }
    let mut text = String::new();
    for (what, codes) in by {
        let list = if show(&what) { spans(&codes) } else { String::new() };
        writeln!(text, "| {what} | {} | {list} |", codes.len()).unwrap();
    }
    text
}

/// `EPSG:1, EPSG:3, EPSG:4, EPSG:5` as `EPSG:1, 3-5`.
fn spans(codes: &[&str]) -> String {
    let mut text = String::new();
    let (mut authority, mut at) = ("", 0);
    while at < codes.len() {
        let (auth, first) = codes[at].split_once(':').unwrap();
        let number: u32 = first.parse().unwrap();
        let run = (at..codes.len())
            .take_while(|i| codes[*i] == format!("{auth}:{}", number + (*i - at) as u32))
            .count();
        text.push_str(if at == 0 { "" } else { ", " });
        if auth != authority {
            write!(text, "{auth}:").unwrap();
            authority = auth;
        }
        match run {
            1 => write!(text, "{first}"),
            2 => write!(text, "{first}, {}", number + 1),
            _ => write!(text, "{first}–{}", number + run as u32 - 1),
        }
        .unwrap();
        at += run;
    }
    text
}

#[test]
fn every_projected_code_is_projs_to_a_millimetre_or_listed() {
    let cases = cases();
    let mut names = Vec::new();
    let found = verdicts(&cases, |case| !case.is_from_wgs84(), &mut names);
    let said = found.iter().map(|(case, verdict)| {
        let what = match verdict {
            Verdict::Off(off) if *off <= MILLIMETRE => "1. within 1 mm".to_owned(),
            Verdict::Off(_) => "2. different".to_owned(),
            Verdict::Lost(_) => "3. points lost".to_owned(),
            Verdict::NeedsGrid(datum) => panic!("{}: {datum} on both sides", case.to),
            Verdict::Unsupported(name) => format!("4. no `{name}`"),
        };
        (what, case.to.as_str())
    });
    let table = rows(said, |what| what > "2");
    made_table::check(
        "docs/crs.md",
        "projections",
        &format!("| | codes | |\n|---|--:|---|\n{table}"),
    );
    let is_off = |v: &Verdict<'_>| matches!(v, Verdict::Off(off) if *off > MILLIMETRE);
    let off: Vec<&str> = found.iter().filter(|f| is_off(&f.1)).map(|f| f.0.to.as_str()).collect();
    assert_eq!(off, ["EPSG:6996", "EPSG:6997", "EPSG:8044", "EPSG:8045"]);
}

#[test]
fn every_code_from_wgs84_is_projs_without_grids_or_listed() {
    let cases = cases();
    let mut names = Vec::new();
    let found = verdicts(&cases, Case::is_from_wgs84, &mut names);
    let said = found.iter().map(|(case, verdict)| {
        let what = match verdict {
            Verdict::Off(off) if *off <= MILLIMETRE => "1. within 1 mm".to_owned(),
            Verdict::Off(off) if *off <= 0.1 => "2. within 0.1 m".to_owned(),
            Verdict::Off(off) if *off <= 1.0 => "3. within 1 m".to_owned(),
            Verdict::Off(off) if *off <= 10.0 => "4. within 10 m".to_owned(),
            Verdict::Off(_) => "5. further off".to_owned(),
            Verdict::Lost(_) => "6. points lost".to_owned(),
            Verdict::NeedsGrid(datum) => format!("7. no grid for {datum}"),
            Verdict::Unsupported(_) => "8. no such projection".to_owned(),
        };
        (what, case.to.as_str())
    });
    let table = rows(said, |what| ("2".."8").contains(&what));
    made_table::check("docs/crs.md", "datums", &format!("| | codes | |\n|---|--:|---|\n{table}"));
}

/// `mod_krovak`, `spilhaus` and the inverse of `wag7` came later than PROJ 9.1; the inverse of `labrd` is
/// good to centimetres; in `peirce_q` one point lies on an edge.
#[cfg(feature = "gdal")]
#[test]
fn the_projections_left_to_proj_are_projs_to_a_millimetre() {
    const ODD: [&str; 7] = [
        "EPSG:8441",
        "EPSG:29701",
        "ESRI:53076",
        "ESRI:54076",
        "ESRI:54091",
        "ESRI:54098",
        "ESRI:54099",
    ];
    let (mut bases, mut done, mut not) = (HashMap::new(), 0, Vec::new());
    for case in cases().iter().filter(|case| !case.is_from_wgs84()) {
        let made = case.transform(&mut bases);
        match (&made, refused(&made)) {
            (_, None) => {}
            (Err(_), _) => not.push(case.to.clone()),
            (Ok(transform), _) => {
                done += 1;
                let found = case.compare(transform);
                let same = matches!(found, Verdict::Off(off) if off <= MILLIMETRE);
                assert!(same || ODD.contains(&case.to.as_str()), "{}: {found:?}", case.to);
            }
        }
    }
    println!("{done} by PROJ, without {not:?}");
    assert!(done >= 87, "{done} by PROJ, without {not:?}");
}

/// What `docs/crs.md` says of Debian's grids; another machine has others.
#[cfg(feature = "gdal")]
#[test]
fn codes_whose_datum_takes_a_grid_are_counted() {
    let (mut bases, mut by) = (HashMap::new(), BTreeMap::new());
    let cases = cases();
    for case in cases.iter().filter(|case| case.is_from_wgs84()) {
        let made = case.transform(&mut bases);
        if let Some(Error::DatumGrid { datum, .. }) = refused(&made) {
            let entry: &mut (Vec<&str>, usize) = by.entry(datum.clone()).or_default();
            match &made {
                Ok(_) => entry.0.push(&case.to),
                Err(_) => entry.1 += 1,
            }
        }
    }
    for (datum, (codes, not)) in by.iter().filter(|(_, found)| !found.0.is_empty()) {
        println!("{datum}: {}; {not} not", spans(codes));
    }
    let (done, not) =
        by.values().fold((0, 0), |sum, found| (sum.0 + found.0.len(), sum.1 + found.1));
    println!("{done} with what is here, {not} not");
    assert_eq!(done + not, 489);
}
