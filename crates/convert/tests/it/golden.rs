//! Conversions beside those of the reference program.

use terracube_convert::Outcome;

use crate::case::Case;

fn is_like_the_reference(name: &str) {
    let Some(case) = Case::find(name) else { return };
    let out = tempfile::tempdir().unwrap();
    let outcome = case.convert(out.path(), false).unwrap();
    assert!(matches!(outcome, Outcome::Converted(_)), "{outcome:?}");
    if let Some(faults) = case.faults(out.path()) {
        assert_eq!(faults, Vec::<String>::new());
    }
}

fn is_skipped(name: &str, reason: &str) {
    let Some(case) = Case::find(name) else { return };
    let out = tempfile::tempdir().unwrap();
    let Outcome::Skipped(said) = case.convert(out.path(), false).unwrap() else {
        panic!("{name} was converted");
    };
    assert!(said.contains(reason), "{said}");
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0);
}

#[test]
fn hourly_steps_at_a_depth_are_granules_each() {
    is_like_the_reference("latlon_cmems_hourly");
}

#[test]
fn a_grid_from_0_to_360_stays_so() {
    is_like_the_reference("latlon_l4_0_360");
}

#[test]
fn axes_have_spacings_of_their_own() {
    is_like_the_reference("latlon_depth");
}

#[test]
fn a_polar_grid_has_places_by_its_projection() {
    is_like_the_reference("grid_yx_polarstereo");
}

#[test]
fn a_swath_with_levels_and_masks_is_converted() {
    is_like_the_reference("ghrsst_l2p_swath");
}

#[test]
fn a_swath_across_the_dateline_goes_on() {
    is_like_the_reference("ghrsst_l2p_dateline");
}

#[test]
fn masked_coordinates_are_a_reason_to_skip() {
    is_skipped("ghrsst_l2p_skipped", "all coordinates are masked");
}

#[test]
fn masked_data_are_a_reason_to_skip() {
    is_skipped("ghrsst_l2p_empty", "all values of sea_surface_temperature are masked");
}

#[test]
fn an_unquoted_projection_is_refused_and_nothing_left() {
    let Some(case) = Case::find("grid_yx_bad_projection") else { return };
    let out = tempfile::tempdir().unwrap();
    let error = case.convert(&out.path().join("new"), false).unwrap_err().to_string();
    assert!(error.contains("projection") && error.contains("quotes"), "{error}");
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0);
}

/// The reference loses masks of two-dimensional variables: missing temperatures become the top of
/// the range.
#[test]
fn a_drifter_is_a_trajectory_for_each_month() {
    let Some(case) = Case::find("drifter_2d_depth") else { return };
    let out = tempfile::tempdir().unwrap();
    case.convert(out.path(), true).unwrap();
    if let Some(faults) = case.faults(out.path()) {
        let differ =
            |cells: u32| format!("REF: temperature: {cells} cells masked in only one of the files");
        assert_eq!(faults, [differ(29), differ(32)]);
    }
}

/// By default a position that is flagged bad is no sample, and northward velocity is a velocity.
#[test]
fn a_drifter_at_a_bad_place_is_left_out() {
    let Some(case) = Case::find("drifter_2d_depth") else { return };
    let out = tempfile::tempdir().unwrap();
    case.convert(out.path(), false).unwrap();
    if let Some(faults) = case.faults(out.path()) {
        // One sample less, and two around the gap it leaves.
        assert!(faults[0].contains("reference {'time': (29, True)"), "{faults:?}");
        assert!(faults[0].contains("file {'time': (30, True)"), "{faults:?}");
        assert!(!faults.iter().any(|fault| fault.contains("lat_gcp: largest")), "{faults:?}");
        assert!(faults.iter().any(|fault| fault.contains("reference 'm', file 'm.s-1'")));
    }
}

#[test]
fn a_slstr_swath_is_masked_by_quality() {
    is_like_the_reference("sentinel3_slstr_l2_wst");
}

#[test]
fn olci_water_is_masked_by_flags_and_smoothed() {
    is_like_the_reference("sentinel3_olci_l2");
}

#[test]
fn a_radar_image_is_the_roughness_of_the_sea() {
    is_like_the_reference("sentinel1_l1_grd");
}
