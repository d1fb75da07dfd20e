//! The layers of the workspace: every dependency points to a lower one.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::command;

/// Packages from the lowest layer up; those of one layer never see each other.
const LAYERS: &[&[&str]] = &[
    &["terracube-grid", "terracube-store", "terracube-testbed"],
    &["terracube-raster", "terracube-source"],
    &["terracube-cube", "terracube-convert", "terracube-catalog", "terracube-jobs"],
    &["terracube"],
    &["terracube-cli", "terracube-demo"],
    &["terracube-benches", "xtask"],
];

/// Checks the workspace as `cargo metadata` describes it.
pub(crate) fn run() -> Result<()> {
    let mut cargo = command::cargo();
    let text = command::output(cargo.args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&text).context("cargo metadata is not JSON")?;
    let violations = violations(&metadata);
    for violation in &violations {
        println!("layers: {violation}");
    }
    if !violations.is_empty() {
        bail!("{} dependencies or packages break the layers", violations.len());
    }
    println!("layers: {} packages in order", packages(&metadata).len());
    Ok(())
}

fn violations(metadata: &Value) -> Vec<String> {
    let packages = packages(metadata);
    let names: Vec<&str> = packages.iter().map(name).collect();
    let mut violations = Vec::new();
    for package in packages {
        let from = name(package);
        let Some(upper) = layer(from) else {
            violations.push(format!("{from} has no layer: give it one in xtask/src/layers.rs"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = name(dependency);
            if !names.contains(&to) {
                continue;
            }
            // A package may name itself in its dev-dependencies to turn features on for tests.
            let is_itself = to == from && dependency["kind"] == "dev";
            // What tests run against has no other package of ours in it.
            let is_testbed = to == "terracube-testbed" && dependency["kind"] == "dev";
            if let Some(lower) = layer(to)
                && lower >= upper
                && !is_itself
                && !(is_testbed && lower == upper)
            {
                let kind = dependency["kind"].as_str().map_or(String::new(), |k| format!("{k}-"));
                violations.push(format!(
                    "{from} (layer {upper}) has a {kind}dependency on {to} (layer {lower})"
                ));
            }
        }
    }
    violations
}

fn packages(metadata: &Value) -> &[Value] {
    metadata["packages"].as_array().map_or(&[], Vec::as_slice)
}

fn name(value: &Value) -> &str {
    value["name"].as_str().unwrap_or_default()
}

fn layer(package: &str) -> Option<usize> {
    LAYERS.iter().position(|names| names.contains(&package))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A package's name and its dependencies with their kinds.
    type Package = (&'static str, &'static [(&'static str, Option<&'static str>)]);

    fn check(packages: &[Package]) -> Vec<String> {
        let packages: Vec<_> = packages
            .iter()
            .map(|(name, dependencies)| {
                let dependencies: Vec<_> = dependencies
                    .iter()
                    .map(|(name, kind)| json!({"name": name, "kind": kind}))
                    .collect();
                json!({"name": name, "dependencies": dependencies})
            })
            .collect();
        violations(&json!({"packages": packages}))
    }

    #[test]
    fn edges_down_and_out_are_right() {
        let found = check(&[
            ("terracube-grid", &[("serde", None)]),
            ("terracube-testbed", &[]),
            ("terracube-store", &[("terracube-testbed", Some("dev"))]),
            ("terracube-source", &[("terracube-grid", None), ("terracube-testbed", Some("dev"))]),
            ("terracube", &[("terracube-source", None), ("terracube-grid", None)]),
            ("xtask", &[("clap", None)]),
        ]);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn edges_up_and_across_are_named() {
        let found = check(&[
            ("terracube-grid", &[("terracube-cube", None)]),
            ("terracube-raster", &[("terracube-source", Some("dev"))]),
            ("terracube-source", &[]),
            ("terracube-cube", &[("terracube-cube", Some("dev"))]),
        ]);
        assert_eq!(
            found,
            [
                "terracube-grid (layer 0) has a dependency on terracube-cube (layer 2)",
                "terracube-raster (layer 1) has a dev-dependency on terracube-source (layer 1)",
            ]
        );
    }

    #[test]
    fn a_package_without_a_layer_fails() {
        let found = check(&[("terracube-new", &[])]);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("terracube-new has no layer"), "{found:?}");
    }
}
