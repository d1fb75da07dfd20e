//! Rules: which parameters are for which dataset.

use std::path::Path;

use terracube_convert::{Converter, Dataset, Error, Idf, Rules};

fn chosen(rules: &Rules, id: &str) -> String {
    rules.select(&Dataset::named(id)).unwrap().parameters.join(",")
}

#[test]
fn the_built_in_rules_are_36_with_39_sets() {
    let idf = Idf::built_in().unwrap();
    assert_eq!(idf.rules().iter().count(), 36);
    assert_eq!(idf.rules().parameter_names().count(), 39);
    for (id, parameters) in [
        ("S1A_IW_OCN__2SDV_20230105T060000", "sentinel1_l2_rvl"),
        ("S1A_IW_GRDH_1SDV_20230105T060000", "sentinel1_l1"),
        ("GL_TS_DC_1301999_202301", "cmems_013_048_drifter_0m,cmems_013_048_drifter_15m"),
        ("D005-ESACCI-L4_GHRSST-SSTdepth-OSTIA-GLOB_CDR2.1-v02.0-fv01.0", "esa_cci_sst"),
        ("20230105120001-STAR-L2P_GHRSST-SSTsubskin-VIIRS_N20-ACSPO", "ghrsst_l2p_viirs_ospo_sst"),
        ("rtofs.20230105/rtofs_glo_2ds_f000_diag", "rtofs_diagnostic"),
        ("S3B_OL_2_WFR____20230105T100000", "sentinel3_olci_chl"),
    ] {
        assert_eq!(chosen(idf.rules(), id), parameters);
    }
}

#[test]
fn no_rule_names_the_nearest() {
    let idf = Idf::built_in().unwrap();
    let error = idf.rules().select(&Dataset::named("S3A_OL_2_LFR____2023")).unwrap_err();
    assert!(matches!(error, Error::NoRule { .. }));
    assert!(error.to_string().contains("sentinel3_olci_wfr"), "{error}");
}

const TWO: &str = r#"
[[rule]]
name = "first"
priority = 1
id = { starts = ["a"] }
parameters = ["p"]

[[rule]]
name = "second"
priority = 1
id = { ends = ["z"] }
parameters = ["p"]

[parameters.p]
text = "-t netcdf/grid/latlon -i variables = x -o collection = c"
"#;

#[test]
fn two_rules_of_one_priority_are_an_error() {
    let rules = Rules::parse(TWO, Path::new("two.toml")).unwrap();
    assert_eq!(rules.select(&Dataset::named("ab")).unwrap().name, "first");
    let error = rules.select(&Dataset::named("a-z")).unwrap_err().to_string();
    assert!(error.contains("`first` and `second`"), "{error}");
    let explained = rules.explain(&Dataset::named("ab"));
    let why = explained[1].mismatch.as_deref();
    assert_eq!(why, Some("the id does not end with `z`"));
    assert_eq!(rules.parameters("p").unwrap().output.get("collection"), Some("c"));
}

#[test]
fn rules_of_a_file_come_above_the_built_in() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    let text = TWO.replace(
        "priority = 1\nid = { starts = [\"a\"] }",
        "priority = 1000\nid = { starts = [\"S3A\"] }",
    );
    std::fs::write(&file, text).unwrap();
    let rules = Idf::built_in().unwrap().rules().with_file(&file).unwrap();
    assert_eq!(rules.select(&Dataset::named("S3A_OL_2_WFR")).unwrap().name, "first");
    assert_eq!(rules.select(&Dataset::named("S3B_OL_2_WFR")).unwrap().name, "sentinel3_olci_wfr");
    std::fs::write(&file, "[[rule]]\nname = 'a'\npriority = 1\nparameters = ['none']").unwrap();
    let error = Idf::built_in().unwrap().rules().with_file(&file).unwrap_err().to_string();
    assert!(error.contains("unknown set of parameters `none`"), "{error}");
}
