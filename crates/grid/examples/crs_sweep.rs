//! Compares transforms with reference points on standard input (see `data/sweep_reference.py`).

#![expect(clippy::print_stdout, reason = "a report for people")]

use std::collections::BTreeMap;
use std::io::BufRead;

use terracube_grid::{Crs, Error, Transform};

#[derive(Default)]
struct Worst {
    forward: f64,
    inverse: f64,
    lost: usize,
    points: usize,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut codes: BTreeMap<String, Result<Worst, String>> = BTreeMap::new();
    let mut last: Option<(String, Result<Transform, Error>)> = None;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let fields: Vec<&str> = line.split('\t').collect();
        let [from, to, x, y, to_x, to_y] = fields[..] else { return Err(line.into()) };
        let [x, y, to_x, to_y] = [x.parse::<f64>()?, y.parse()?, to_x.parse()?, to_y.parse()?];
        if last.as_ref().is_none_or(|(key, _)| key != to) {
            let made = Crs::parse(from)
                .and_then(|from| Crs::parse(to).and_then(|to| Transform::new(&from, &to)));
            last = Some((to.to_owned(), made));
        }
        let Some((_, transform)) = &last else { continue };
        let entry = codes.entry(to.to_owned()).or_insert_with(|| Ok(Worst::default()));
        let transform = match transform {
            Ok(transform) => transform,
            Err(error) => {
                *entry = Err(error.to_string());
                continue;
            }
        };
        let Ok(worst) = entry else { continue };
        if !to_x.is_finite() || !to_y.is_finite() {
            continue;
        }
        worst.points += 1;
        let metres = |crs: &Crs| crs.metres_per_unit();
        match (transform.forward(x, y), transform.inverse(to_x, to_y)) {
            (Some((a, b)), Some((c, d))) => {
                let forward = (a - to_x).hypot(b - to_y) * metres(transform.dst());
                let shrink = y.to_radians().cos().abs();
                let inverse = ((c - x) * shrink).hypot(d - y) * metres(transform.src());
                worst.forward = worst.forward.max(forward);
                worst.inverse = worst.inverse.max(inverse);
            }
            _ => worst.lost += 1,
        }
    }
    let mut bins = BTreeMap::new();
    for (code, found) in &codes {
        let bin = match found {
            Err(_) => "f refused",
            Ok(w) if w.lost > 0 => "e points lost",
            Ok(w) => match w.forward.max(w.inverse) {
                e if e <= 1e-6 => "a <= 1e-6 m",
                e if e <= 1e-3 => "b <= 1 mm",
                e if e <= 1e-2 => "c <= 1 cm",
                _ => "d > 1 cm",
            },
        };
        *bins.entry(bin).or_insert(0) += 1;
        match found {
            Err(error) => println!("{code}\trefused\t{error}"),
            Ok(w) if bin > "c" => {
                let name = Crs::parse(code)?.name().to_owned();
                println!(
                    "{code}\t{:.3e}\t{:.3e}\tlost {}/{}\t{name}",
                    w.forward, w.inverse, w.lost, w.points
                );
            }
            Ok(_) => {}
        }
    }
    for (bin, count) in bins {
        println!("{count:6}  {}", &bin[2..]);
    }
    Ok(())
}
