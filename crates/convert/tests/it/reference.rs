//! Made inputs of every kind of netCDF product beside what the reference program made of them.
//!
//! Expected values are in `reference/`, one file for each set of parameters. Written anew by
//! `TERRACUBE_IDF_REFERENCE=…/bin/idf-converter cargo test -p terracube-convert --features netcdf
//! --test it reference`: the program (0.1.458) then converts the same inputs.

mod dump;
mod inputs;

use std::path::Path;
use std::process::Command;

use terracube_convert::{
    Conversion, Converter, Dataset, Idf, Options, Outcome, Parameters, Readers, convert,
};

use self::inputs::{CASES, Make};
use crate::case;

#[test]
fn made_products_of_every_rule_are_like_the_references() {
    let idf = Idf::built_in().unwrap();
    for (file, make) in CASES {
        let rule = idf.rules().select(&Dataset::named(file)).unwrap();
        for name in &rule.parameters {
            let parameters = idf.rules().parameters(name).unwrap();
            is_like_the_reference(name, file, make, parameters);
        }
    }
}

#[test]
fn topaz4_has_no_ice_where_there_is_hardly_any() {
    let text = "-t model/topaz4 -i variables = fice,hice,temperature,uice,vice,hsnow \
                global_overrides = processing_level:L4,product_version:1.0,file_version:1.0 \
                time_coverage_relative_start = -1800 time_coverage_relative_end = 1800 \
                -o collection = topaz4 gcp_spacing = 4";
    let parameters = Parameters::parse(text, Path::new(".")).unwrap();
    let file = "20230105_hr-metno-MODEL-topaz4-ARC";
    is_like_the_reference("topaz4", file, &inputs::topaz4, &parameters);
}

fn is_like_the_reference(name: &str, file: &str, make: &Make, parameters: &Parameters) {
    let files = case::files();
    let folder = tempfile::tempdir().unwrap();
    let base = Path::new(file).file_name().unwrap().to_string_lossy().into_owned();
    let input = folder.path().join(base + ".nc");
    make(&input);
    let out = folder.path().join("out");
    let (of_input, parameters) = (input.clone(), parameters.clone());
    let conversion = Conversion { input: of_input, out: out.clone(), parameters, is_compat: false };
    let outcome = convert(&conversion, &Readers::built_in()).unwrap();
    assert!(matches!(outcome, Outcome::Converted(_)), "{name}: {outcome:?}");
    is_same(name, &input, &out, &conversion.parameters);
    drop(files);
}

/// What is in a folder is what the reference made of the same input, by the file of a name.
pub(crate) fn is_same(name: &str, input: &Path, out: &Path, parameters: &Parameters) {
    let found = dump::tree(out);
    let expected = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/reference")
        .join(format!("{name}.json"));
    if let Some(program) = std::env::var_os("TERRACUBE_IDF_REFERENCE") {
        let theirs = tempfile::tempdir().unwrap();
        run(Path::new(&program), input, theirs.path(), parameters);
        let text = serde_json::to_string(&dump::tree(theirs.path())).unwrap();
        std::fs::write(&expected, text.replace("},\"", "},\n\"") + "\n").unwrap();
    }
    let text = std::fs::read_to_string(&expected).unwrap();
    let faults = dump::differences(&found, &serde_json::from_str(&text).unwrap());
    assert!(faults.is_empty(), "{name}: {faults:#?}");
}

/// Runs the reference program.
fn run(program: &Path, input: &Path, out: &Path, parameters: &Parameters) {
    let mut command = Command::new(program);
    command.arg("-t").arg(&parameters.reader);
    let own = |options: &Options, path: &Path| {
        let pairs = options.iter().filter(|(key, _)| *key != "path");
        let quoted = pairs.map(|(key, value)| format!("{key} = \"{value}\""));
        quoted.chain([format!("path = \"{}\"", path.display())]).collect::<Vec<_>>()
    };
    command.arg("-i").args(own(&parameters.input, input));
    command.arg("-o").args(own(&parameters.output, out));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
