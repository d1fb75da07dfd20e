//! Rules: which parameters are for which dataset.

use std::path::Path;

use terracube_convert::{Converter, Dataset, Error, Idf, Readers, Rules};

fn chosen(rules: &Rules, id: &str) -> String {
    rules.select(&Dataset::named(id)).unwrap().parameters.join(",")
}

/// A dataset for each rule, and the sets of its parameters.
const EXAMPLES: [(&str, &str, &[&str]); 36] = [
    (
        "sentinel1_ocn",
        "S1A_IW_OCN__2SDV_20230105T060000_20230105T060025_046645",
        &["sentinel1_l2_rvl"],
    ),
    ("sentinel1_l1", "S1B_EW_GRDM_1SDH_20230105T060000_20230105T060100_046645", &["sentinel1_l1"]),
    (
        "sentinel2_l1c",
        "S2A_MSIL1C_20230105T101401_N0509_R022_T32TPS_20230105T121212",
        &["sentinel2_l1"],
    ),
    (
        "sentinel3_slstr_wst",
        "S3A_SL_2_WST____20230105T100000_20230105T100300",
        &["sentinel3_slstr_l2_wst"],
    ),
    ("cmems_008_046", "nrt_global_allsat_phy_l4_20230105_20230111", &["cmems_008_046"]),
    (
        "cmems_013_048_drifter",
        "GL_TS_DC_1301999_202301",
        &["cmems_013_048_drifter_0m", "cmems_013_048_drifter_15m"],
    ),
    (
        "cmems_013_030_drifter",
        "GL_TS_DB_1301999_202301",
        &["cmems_013_030_drifter_0m", "cmems_013_030_drifter_15m"],
    ),
    (
        "cmems_001_028",
        "mercatorbiomer4v2r1_global_mean_20230105",
        &["cmems_001_028_daily_mean_0.5m"],
    ),
    (
        "esa_cci_sst",
        "D005-ESACCI-L4_GHRSST-SSTdepth-OSTIA-GLOB_CDR2.1-v02.0-fv01.0",
        &["esa_cci_sst"],
    ),
    (
        "ghrsst_modis_a_day",
        "20230105000000-JPL-L2P_GHRSST-SSTskin-MODIS_A-D-v02.0-fv01.0",
        &["ghrsst_l2p_modis_a_day"],
    ),
    (
        "ghrsst_modis_a_night",
        "20230105000000-JPL-L2P_GHRSST-SSTskin-MODIS_A-N-v02.0-fv01.0",
        &["ghrsst_l2p_modis_a_night"],
    ),
    (
        "ghrsst_viirs_jpl",
        "20230105000000-JPL-L2P_GHRSST-SSTskin-VIIRS_NPP-D-v02.0-fv01.0",
        &["ghrsst_l2p_viirs_jpl_sst"],
    ),
    (
        "ghrsst_viirs_navo",
        "20230105000000-NAVO-L2P_GHRSST-SST1m-VIIRS_NPP-v02.0-fv03.0",
        &["ghrsst_l2p_viirs_navo_sst"],
    ),
    (
        "ghrsst_viirs_ospo",
        "20230105120001-STAR-L2P_GHRSST-SSTsubskin-VIIRS_N20-ACSPO_V2.80",
        &["ghrsst_l2p_viirs_ospo_sst"],
    ),
    (
        "ghrsst_avhrr_metop_b",
        "20230105000000-OSISAF-L3C_GHRSST-SSTsubskin-AVHRR_SST_METOP_B_GLB-sstglb_metop01",
        &["ghrsst_l3c_avhrr_metop_b_sst"],
    ),
    (
        "ghrsst_goes16",
        "20230105000000-STAR-L3C_GHRSST-SSTsubskin-ABI_G16-ACSPO_V2.70",
        &["ghrsst_l3c_goes16_sst"],
    ),
    (
        "ghrsst_goes17",
        "20230105000000-STAR-L3C_GHRSST-SSTsubskin-ABI_G17-ACSPO_V2.71",
        &["ghrsst_l3c_goes17_sst"],
    ),
    (
        "ghrsst_seviri_atlantic",
        "20230105000000-OSISAF-L3C_GHRSST-SSTsubskin-SEVIRI_SST-ssteqc_meteosat11",
        &["ghrsst_l3c_seviri_atlantic_sst"],
    ),
    (
        "ghrsst_seviri_indian",
        "20230105000000-OSISAF-L3C_GHRSST-SSTsubskin-SEVIRI_IO_SST-ssteqc_meteosat08",
        &["ghrsst_l3c_seviri_indian_sst"],
    ),
    ("hycom", "hycom_glb_sfc_u_2023010500_t003", &["hycom_osu"]),
    ("rtofs_diagnostic", "rtofs.20230105/rtofs_glo_2ds_f000_diag", &["rtofs_diagnostic"]),
    ("rtofs_prognostic", "rtofs.20230105/rtofs_glo_2ds_f000_prog", &["rtofs_prognostic"]),
    ("sentinel3_olci_efr", "S3A_OL_1_EFR____20230105T100000", &["sentinel3_olci_l1_efr"]),
    ("sentinel3_olci_wfr", "S3B_OL_2_WFR____20230105T100000", &["sentinel3_olci_chl"]),
    ("sentinel3_slstr_rbt", "S3B_SL_1_RBT____20230105T100000", &["sentinel3_slstr_sst"]),
    (
        "cmems_001_024_hourly",
        "mercatorpsy4v3r1_gl12_hrly_20230105_R20230106",
        &["cmems_001_024_hourly_mean_surface"],
    ),
    ("cmems_001_024_smoc", "SMOC_20230105_R20230106", &["cmems_001_024_hourly_smoc"]),
    (
        "cmems_015_003",
        "dataset-uv-nrt-hourly_20230105T0000Z_P20230111T0000",
        &["cmems_015_003_0m", "cmems_015_003_15m"],
    ),
    ("cmems_013_048_radar", "GL_TV_HF_HFR-Galicia-Total_20230105", &["cmems_013_048_radar_total"]),
    (
        "ghrsst_amsr2",
        "20230105000000-REMSS-L3U_GHRSST-SSTsubskin-AMSR2-f34_20230105v8",
        &["ghrsst_l3u_amsr2_sst"],
    ),
    (
        "ghrsst_gmi",
        "20230105000000-REMSS-L3U_GHRSST-SSTsubskin-GMI-f35_20230105v8.2",
        &["ghrsst_l3u_gmi_sst"],
    ),
    (
        "ibi_hourly",
        "CMEMS_v5r1_IBI_PHY_NRT_PdE_01hav_20230105_20230105_R20230106_AN01",
        &["ibi_hourly_mean_surface"],
    ),
    (
        "mfs_currents",
        "20230105_hts-CMCC--RFVL-MFSeas6-MEDATL-b20230117_an-sv07.00",
        &["mfs_med-cmcc-cur"],
    ),
    (
        "mfs_surface_height",
        "20230105_hts-CMCC--ASLV-MFSeas6-MEDATL-b20230117_an-sv07.00",
        &["mfs_med-cmcc-ssh"],
    ),
    (
        "mfs_temperature",
        "20230105_hts-CMCC--TEMP-MFSeas6-MEDATL-b20230117_an-sv07.00",
        &["mfs_med-cmcc-temp"],
    ),
    ("mfwam", "mfwamglocep_2023010500_R20230106", &["meteofrance_model_mfwam"]),
];

/// Readers that are not there yet.
const COMING: [&str; 1] = ["sentinel1/L2/rvl"];

#[test]
fn the_built_in_rules_are_36_with_39_sets() {
    let idf = Idf::built_in().unwrap();
    let names: Vec<&str> = idf.rules().iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, EXAMPLES.map(|(rule, _, _)| rule));
    let mut sets: Vec<&str> = EXAMPLES.iter().flat_map(|(_, _, sets)| *sets).copied().collect();
    sets.sort_unstable();
    let mut known: Vec<&str> = idf.rules().parameter_names().collect();
    known.sort_unstable();
    assert_eq!((sets.len(), sets), (39, known));
}

#[test]
fn a_dataset_of_each_rule_is_of_no_other() {
    let idf = Idf::built_in().unwrap();
    for (rule, id, sets) in EXAMPLES {
        let explained = idf.rules().explain(&Dataset::named(id));
        let matching = explained.iter().filter(|verdict| verdict.mismatch.is_none());
        assert_eq!(matching.map(|verdict| verdict.rule.name.as_str()).collect::<Vec<_>>(), [rule]);
        assert_eq!(chosen(idf.rules(), id), sets.join(","));
    }
}

#[test]
fn every_set_is_of_a_reader_that_is_there() {
    let idf = Idf::built_in().unwrap();
    let readers = Readers::built_in();
    for name in idf.rules().parameter_names() {
        let parameters = idf.rules().parameters(name).unwrap();
        let reader = parameters.reader.as_str();
        assert!(readers.get(reader).is_ok() || COMING.contains(&reader), "{name}: {reader}");
        // The collection is named like the set.
        assert_eq!(parameters.output.get("collection"), Some(name));
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
