//! Tests of the Affine against reference values and properties.

use proptest::prelude::*;
use terracube_grid::Affine;

fn any_affine() -> impl Strategy<Value = Affine> {
    let scale = prop_oneof![-100.0..-0.001, 0.001..100.0];
    (scale.clone(), -1e-4..1e-4, -1e7..1e7, -1e-4..1e-4, scale, -1e7..1e7)
        .prop_map(|(a, b, c, d, e, f)| Affine::new(a, b, c, d, e, f))
}

proptest! {
    #[test]
    fn inverse_undoes(affine in any_affine(), col in -1e4..1e4, row in -1e4..1e4) {
        let (x, y) = affine.apply(col, row);
        let (c, r) = affine.inverse().unwrap().apply(x, y);
        prop_assert!((c - col).abs() < 1e-4 && (r - row).abs() < 1e-4, "{} {}", c - col, r - row);
    }

    #[test]
    fn compose_applies_the_right_one_first(a in any_affine(), b in any_affine(), col in -10.0..10.0, row in -10.0..10.0) {
        let (x, y) = b.apply(col, row);
        let (one, both) = (a.apply(x, y), (a * b).apply(col, row));
        prop_assert!((one.0 - both.0).abs() <= 1e-6 * one.0.abs().max(1.0));
        prop_assert!((one.1 - both.1).abs() <= 1e-6 * one.1.abs().max(1.0));
    }

    #[test]
    fn gdal_order_round_trips(a in any_affine()) {
        prop_assert_eq!(Affine::from_gdal(a.to_gdal()), a);
    }
}

#[test]
fn degenerate_is_refused() {
    let error = Affine::new(1.0, 2.0, 0.0, 2.0, 4.0, 0.0).inverse().unwrap_err();
    assert!(error.to_string().contains("cannot be inverted"), "{error}");
    assert!(Affine::new(f64::NAN, 0.0, 0.0, 0.0, 1.0, 0.0).inverse().is_err());
}

#[test]
fn serialized_as_six_numbers() {
    let affine = Affine::new(30.0, 0.0, 1.0, 0.0, -30.0, 2.0);
    let text = serde_json::to_string(&affine).unwrap();
    assert_eq!(text, "[30.0,0.0,1.0,0.0,-30.0,2.0]");
    assert_eq!(serde_json::from_str::<Affine>(&text).unwrap(), affine);
}
