//! What the facade adds: built-ins by name, cubes by location.

use terracube::prelude::*;
use terracube::{Error, open_or_create_cube, source, store};

fn schema() -> Schema {
    Schema::new("sea", Crs::wgs84(), [0.0, 0.0, 8.0, 8.0], 1.0)
        .chunks(4, 4)
        .band(Band::new("sst", DType::F32))
}

#[tokio::test]
async fn a_cube_is_created_once() {
    for name in ["sea.icechunk", "sea.zarr"] {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join(name).display().to_string();
        let options = Options::default();
        assert!(matches!(
            open_cube(&place, &sources(), &Access::new().unwrap(), &options).await,
            Err(Error::Store(store::Error::NotFound { .. }))
        ));
        create_cube(&place, &schema(), &options).await.unwrap();
        let again = create_cube(&place, &schema(), &options).await;
        assert!(matches!(again, Err(Error::Exists { cube }) if cube == "sea"), "{name}");
        let same = open_or_create_cube(&place, &schema(), &options).await.unwrap();
        assert_eq!(same.patches().len(), 4);
        let other = schema().chunks(8, 8);
        let differs = open_or_create_cube(&place, &other, &options).await;
        assert!(matches!(differs, Err(Error::Differs { .. })), "{name}");
    }
}

#[tokio::test]
async fn a_cube_is_read_in_an_archive_and_not_made_there() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let options = Options::default();
    let refused = create_cube(&place("sea.zarr.zip"), &schema(), &options).await.unwrap_err();
    let said = refused.to_string();
    assert!(said.contains("sea.zarr.zip") && said.contains("written once"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    let cube = create_cube(&place("sea.zarr"), &schema(), &options).await.unwrap();
    let from = store::StorePath::new(cube.repository().latest().await.unwrap(), "").unwrap();
    let archive = terracube::create_store(&place("sea.zarr.zip"), &options).await.unwrap();
    let copied = store::Copy::into_repository(from, archive, "").unwrap().run(|_| {}).await;
    assert!(copied.unwrap().is_whole());
    let (registry, access) = (sources(), Access::new().unwrap());
    let cube = open_cube(&place("sea.zarr.zip"), &registry, &access, &options).await.unwrap();
    assert_eq!(cube.state().await.unwrap().counts.missing, 4);
    let exists = create_cube(&place("sea.zarr.zip"), &schema(), &options).await;
    assert!(matches!(exists, Err(Error::Exists { .. })), "{exists:?}");
}

#[tokio::test]
async fn an_interrupted_creation_is_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("sea.icechunk").display().to_string();
    let options = Options::default();
    terracube::create_store(&place, &options).await.unwrap();
    create_cube(&place, &schema(), &options).await.unwrap();
    let cube = open_cube(&place, &sources(), &Access::new().unwrap(), &options).await.unwrap();
    assert_eq!(cube.state().await.unwrap().counts.missing, 4);
}

#[tokio::test]
async fn an_unknown_connector_names_the_known_ones() {
    let mut declared = schema();
    declared.source = Some(serde_json::from_str(r#"{"connector": "nowhere"}"#).unwrap());
    let options = Options::default();
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("sea.icechunk").display().to_string();
    create_cube(&place, &declared, &options).await.unwrap();
    match open_cube(&place, &sources(), &Access::new().unwrap(), &options).await {
        Err(Error::Source(source::Error::UnknownSource { name, known })) => {
            assert_eq!(name, "nowhere");
            assert_eq!(known, sources().names().collect::<Vec<_>>());
        }
        other => panic!("{other:?}"),
    }
}
