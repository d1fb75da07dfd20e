//! The inputs: a product for each rule of netCDF files, as small as shows what its reader does.

use std::path::Path;

use netcdf::FileMut;

use crate::made::Kind::{Flags, Float, Packed};
use crate::made::{Kind, axis, line, variable};

/// Makes an input.
pub(super) type Make = dyn Fn(&Path) + Sync;

const VELOCITY: Kind = Packed(0.0001, 0.0);
const TEMPERATURE: Kind = Packed(0.001, 15.0);
const SST: Kind = Packed(0.0005, 285.0);
const OTHER: Kind = Float(-0.5, 3.5);

/// Names of datasets, which the rules match, with their inputs.
pub(super) const CASES: [(&str, &Make); 27] = [
    ("mercatorpsy4v3r1_gl12_hrly_20230301_R20230302", &|path| {
        grid(
            path,
            &LONG,
            2,
            None,
            &[("thetao", TEMPERATURE), ("zos", OTHER), ("uo", VELOCITY), ("vo", VELOCITY)],
        );
    }),
    ("CMEMS_v5r1_IBI_PHY_NRT_PdE_01hav_20230301", &|path| {
        grid(
            path,
            &LONG,
            1,
            None,
            &[("thetao", TEMPERATURE), ("zos", OTHER), ("uo", VELOCITY), ("vo", VELOCITY)],
        );
    }),
    ("SMOC_20230301_R20230302", &|path| {
        let names = ["uo", "vo", "utotal", "vtotal"].map(|name| (name, VELOCITY));
        grid(path, &LONG, 2, Some(("depth", &[0.494_025, 5.0])), &names);
    }),
    ("mercatorbiomer4v2r1_global_mean_20230301", &|path| {
        grid(path, &LONG, 1, Some(("depth", &[0.505_76, 1.555])), &[("chl", Float(0.01, 4.0))]);
    }),
    ("nrt_global_allsat_phy_l4_20230301_20230307", &|path| {
        let names = ["adt", "ugos", "vgos"].map(|name| (name, VELOCITY));
        grid(path, &LONG, 1, None, &names);
    }),
    ("dataset-uv-nrt-hourly_20230301T0000Z", &|path| {
        let names = ["uo", "vo"].map(|name| (name, VELOCITY));
        grid(path, &LONG, 2, Some(("depth", &[0.0, 15.0])), &names);
    }),
    ("GL_TV_HF_HFR-Galicia-Total_20230301", &radar),
    ("D060-ESACCI-L4_GHRSST-SSTdepth-OSTIA-GLOB_CDR2.1-v02.0-fv01.0", &|path| {
        grid(
            path,
            &SHORT,
            1,
            None,
            &[("analysed_sst", SST), ("sea_ice_fraction", Float(0.0, 1.0))],
        );
    }),
    ("20230301000000-JPL-L2P_GHRSST-SSTskin-MODIS_A-D-v02.0-fv01.0", &|path| {
        swath(path, &["sea_surface_temperature", "chlorophyll_a", "K_490"]);
    }),
    ("20230301000000-JPL-L2P_GHRSST-SSTskin-MODIS_A-N-v02.0-fv01.0", &|path| {
        swath(path, &["sea_surface_temperature"]);
    }),
    ("20230301000000-JPL-L2P_GHRSST-SSTskin-VIIRS_NPP-D-v02.0-fv01.0", &|path| {
        swath(path, &["sea_surface_temperature"]);
    }),
    ("20230301000000-NAVO-L2P_GHRSST-SST1m-VIIRS_NPP-v02.0-fv03.0", &|path| {
        swath(path, &["sea_surface_temperature"]);
    }),
    ("20230301000000-OSPO-L2P_GHRSST-SSTsubskin-VIIRS_NPP-ACSPO_V2.61-v02.0-fv01.0", &|path| {
        swath(path, &["sea_surface_temperature"]);
    }),
    (
        "20230301000000-OSISAF-L3C_GHRSST-SSTsubskin-AVHRR_SST_METOP_B_GLB-sstglb-v02.0-fv01.0",
        &collated,
    ),
    ("20230301000000-STAR-L3C_GHRSST-SSTsubskin-ABI_G16-ACSPO_V2.70-v02.0-fv01.0", &collated),
    ("20230301000000-STAR-L3C_GHRSST-SSTsubskin-ABI_G17-ACSPO_V2.70-v02.0-fv01.0", &collated),
    ("20230301000000-OSISAF-L3C_GHRSST-SSTsubskin-SEVIRI_SST-ssteqc-v02.0-fv01.0", &collated),
    ("20230301000000-OSISAF-L3C_GHRSST-SSTsubskin-SEVIRI_IO_SST-ssteqc-v02.0-fv01.0", &collated),
    ("20230301000000-REMSS-L3U_GHRSST-SSTsubskin-AMSR2-f34_20230301v8-v02.0-fv01.0", &collated),
    ("20230301000000-REMSS-L3U_GHRSST-SSTsubskin-GMI-f35_20230301v8.2-v02.0-fv01.0", &collated),
    ("hycom_glb_sfc_u_2023030100_t000", &|path| {
        grid(
            path,
            &SHORT,
            1,
            Some(("depth", &[0.0])),
            &[
                ("water_temp", TEMPERATURE),
                ("surf_el", OTHER),
                ("water_u", VELOCITY),
                ("water_v", VELOCITY),
            ],
        );
    }),
    ("20230301_hts-CMCC--RFVL-MFSeas6-MEDATL-b20230314_an-sv07.00", &|path| {
        let names = ["uo", "vo"].map(|name| (name, VELOCITY));
        grid(path, &SHORT, 2, Some(("depth", &[1.018_237])), &names);
    }),
    ("20230301_hts-CMCC--ASLV-MFSeas6-MEDATL-b20230314_an-sv07.00", &|path| {
        grid(path, &SHORT, 2, None, &[("zos", OTHER), ("zos_detided", OTHER)]);
    }),
    ("20230301_hts-CMCC--TEMP-MFSeas6-MEDATL-b20230314_an-sv07.00", &|path| {
        grid(path, &SHORT, 2, Some(("depth", &[1.018_237])), &[("thetao", TEMPERATURE)]);
    }),
    ("mfwamglocep_2023030100_R20230302", &waves),
    ("rtofs.20230301/rtofs_glo_2ds_f003_diag", &tripolar),
    ("rtofs.20230301/rtofs_glo_2ds_f003_prog", &tripolar),
];

/// Names of latitude and longitude.
const LONG: [&str; 2] = ["latitude", "longitude"];
const SHORT: [&str; 2] = ["lat", "lon"];

/// Global attributes as many products have them.
fn globals(file: &mut FileMut) {
    for (name, text) in [
        ("Conventions", "CF-1.6"),
        ("title", "made"),
        ("institution", "none"),
        ("processing_level", "L3"),
        ("product_version", "2.0"),
        ("start_time", "20230301T000000Z"),
        ("stop_time", "20230301T235959Z"),
        ("time_coverage_start", "20230301T000000Z"),
        ("time_coverage_end", "20230301T235959Z"),
        ("geospatial_lat_units", "degrees_north"),
        ("comment", "for a test"),
        ("platform", "a"),
    ] {
        file.add_attribute(name, text).unwrap();
    }
    file.add_attribute("southernmost_latitude", 35.0).unwrap();
    file.add_attribute("file_quality_level", 3).unwrap();
}

/// A grid of 9 latitudes and 11 longitudes; surface heights have no depth.
fn grid(
    path: &Path,
    [lat, lon]: &[&str; 2],
    times: usize,
    depth: Option<(&str, &[f64])>,
    variables: &[(&str, Kind)],
) {
    let mut file = netcdf::create(path).unwrap();
    axis(&mut file, "time", &line(641_328.5, 1.0, times), "hours since 1950-01-01 00:00:00");
    if let Some((name, levels)) = depth {
        axis(&mut file, name, levels, "m");
        file.variable_mut(name).unwrap().put_attribute("positive", "down").unwrap();
    }
    axis(&mut file, lat, &line(35.0, 0.25, 9), "degrees_north");
    axis(&mut file, lon, &line(-20.0, 0.5, 11), "degrees_east");
    for (name, kind) in variables {
        let is_deep = !matches!(*name, "surf_el" | "zos" | "zos_detided");
        let mut dims = vec!["time"];
        dims.extend(depth.filter(|_| is_deep).map(|(name, _)| name));
        dims.extend([*lat, *lon]);
        variable(&mut file, name, &dims, *kind);
    }
    globals(&mut file);
    file.close().unwrap();
}

/// Surface currents of radars, in upper case.
fn radar(path: &Path) {
    let mut file = netcdf::create(path).unwrap();
    axis(&mut file, "TIME", &line(26_722.0, 1.0 / 24.0, 2), "days since 1950-01-01T00:00:00Z");
    file.add_dimension("DEPTH", 1).unwrap();
    axis(&mut file, "LATITUDE", &line(42.0, 0.05, 9), "degree_north");
    axis(&mut file, "LONGITUDE", &line(-10.0, 0.05, 11), "degree_east");
    let mut depth = file.add_variable::<f32>("DEPH", &["DEPTH"]).unwrap();
    depth.put_attribute("units", "m").unwrap();
    depth.put_values(&[0.0f32], ..).unwrap();
    let dims = ["TIME", "DEPTH", "LATITUDE", "LONGITUDE"];
    for name in ["EWCT", "NSCT"] {
        variable(&mut file, name, &dims, VELOCITY);
    }
    variable(&mut file, "QCflag", &dims, Flags(4));
    globals(&mut file);
    file.close().unwrap();
}

/// A swath of 12 rows and 15 cells across the dateline.
fn swath(path: &Path, names: &[&str]) {
    let (rows, cells) = (12, 15);
    let mut file = netcdf::create(path).unwrap();
    for (name, len) in [("time", 1), ("nj", rows), ("ni", cells)] {
        file.add_dimension(name, len).unwrap();
    }
    places(&mut file, ["nj", "ni"], ["lat", "lon"], (rows, cells), |row, cell| {
        let lon = 178.0 + 0.3 * cell - 0.1 * row;
        (40.0 + 0.2 * row + 0.02 * cell, if lon >= 180.0 { lon - 360.0 } else { lon })
    });
    for name in names {
        let kind = if name.starts_with("sea") { SST } else { Float(0.01, 20.0) };
        variable(&mut file, name, &["time", "nj", "ni"], kind);
    }
    variable(&mut file, "quality_level", &["time", "nj", "ni"], Flags(5));
    globals(&mut file);
    file.close().unwrap();
}

/// A grid of GHRSST's.
fn collated(path: &Path) {
    let mut file = netcdf::create(path).unwrap();
    axis(&mut file, "time", &[1_330_560_000.0], "seconds since 1981-01-01 00:00:00");
    axis(&mut file, "lat", &line(60.0, -0.05, 40), "degrees_north");
    axis(&mut file, "lon", &line(-60.0, 0.05, 45), "degrees_east");
    let dims = ["time", "lat", "lon"];
    variable(&mut file, "sea_surface_temperature", &dims, SST);
    variable(&mut file, "quality_level", &dims, Flags(5));
    let mut flags = file.add_variable::<i16>("l2p_flags", &dims).unwrap();
    flags.put_attribute("flag_meanings", "microwave land ice").unwrap();
    flags.put_attribute("flag_masks", vec![1i16, 2, 4]).unwrap();
    flags
        .put_values(&(0..40 * 45).map(|index| (index % 7) as i16).collect::<Vec<_>>(), ..)
        .unwrap();
    globals(&mut file);
    file.close().unwrap();
}

/// Waves with their directions.
fn waves(path: &Path) {
    let of = |name: &'static str| {
        let is_direction = name.starts_with("VMDR") || name == "VPED";
        (name, if is_direction { Packed(0.009, 180.0) } else { Packed(0.0003, 6.0) })
    };
    let names = [
        "VMDR",
        "VHM0",
        "VTM02",
        "VTM10",
        "VTPK",
        "VPED",
        "VMDR_WW",
        "VMDR_SW1",
        "VMDR_SW2",
        "VHM0_WW",
        "VHM0_SW1",
        "VHM0_SW2",
        "VTM01_WW",
        "VTM01_SW1",
        "VTM01_SW2",
        "VSDX",
        "VSDY",
    ];
    grid(path, &LONG, 2, None, &names.map(of));
}

/// A grid whose places are told one by one.
fn tripolar(path: &Path) {
    let (rows, cells) = (13, 16);
    let mut file = netcdf::create(path).unwrap();
    axis(&mut file, "MT", &[44_619.125], "days since 1900-12-31 00:00:00");
    axis(&mut file, "Layer", &[1.0], "layer");
    for (name, len) in [("Y", rows), ("X", cells)] {
        file.add_dimension(name, len).unwrap();
    }
    places(&mut file, ["Y", "X"], ["Latitude", "Longitude"], (rows, cells), |row, cell| {
        (50.0 + 0.08 * row + 0.004 * cell * cell, 74.0 + 0.16 * cell - 0.01 * row)
    });
    for name in ["ssh", "sst"] {
        variable(&mut file, name, &["MT", "Y", "X"], Float(-2.0, 30.0));
    }
    for name in ["u_velocity", "v_velocity"] {
        variable(&mut file, name, &["MT", "Layer", "Y", "X"], Float(-1.5, 1.5));
    }
    globals(&mut file);
    file.close().unwrap();
}

/// The Arctic on a polar stereographic grid, in units of 100 km.
pub(super) fn topaz4(path: &Path) {
    let mut file = netcdf::create(path).unwrap();
    axis(&mut file, "time", &[641_328.0], "hours since 1950-1-1T00:00:00Z");
    axis(&mut file, "depth", &[0.0], "m");
    axis(&mut file, "y", &line(-3.0, 0.125, 10), "100 km");
    axis(&mut file, "x", &line(4.0, 0.125, 12), "100 km");
    let mut mapping = file.add_variable::<i32>("stereographic", &[]).unwrap();
    for (name, number) in [
        ("latitude_of_projection_origin", 90.0),
        ("longitude_of_projection_origin", -45.0),
        ("straight_vertical_longitude_from_pole", -45.0),
        ("scale_factor_at_projection_origin", 1.0),
        ("false_easting", 0.0),
        ("false_northing", 0.0),
        ("semi_major_axis", 6_378_273.0),
        ("semi_minor_axis", 6_378_273.0),
        ("standard_parallel", 90.0),
    ] {
        mapping.put_attribute(name, number).unwrap();
    }
    for (name, text) in [
        ("grid_mapping_name", "polar_stereographic"),
        ("proj4", "+proj=stere +lon_0=-45.0 +lat_ts=90.0 +lat_0=90.0 +a=6378273.0 +b=6378273.0"),
    ] {
        mapping.put_attribute(name, text).unwrap();
    }
    let dims = ["time", "y", "x"];
    for name in ["fice", "hice", "uice", "vice", "temperature", "hsnow"] {
        variable(&mut file, name, &dims, Float(0.0, 1.0));
    }
    // No ice, hardly any, just enough.
    let mut fice = file.variable_mut("fice").unwrap();
    fice.put_values(&[0.0f32, 0.9e-5, 1.1e-5, 0.5], (0..1, 2..3, 4..8)).unwrap();
    globals(&mut file);
    file.close().unwrap();
}

fn places(
    file: &mut FileMut,
    dims: [&str; 2],
    names: [&str; 2],
    (rows, cells): (usize, usize),
    of: impl Fn(f64, f64) -> (f64, f64),
) {
    let all: Vec<(f64, f64)> =
        (0..rows * cells).map(|index| of((index / cells) as f64, (index % cells) as f64)).collect();
    for (name, values) in names.iter().zip([
        all.iter().map(|place| place.0 as f32).collect::<Vec<_>>(),
        all.iter().map(|place| place.1 as f32).collect(),
    ]) {
        let mut new = file.add_variable::<f32>(name, &dims).unwrap();
        new.put_attribute("units", "degrees").unwrap();
        new.put_values(&values, ..).unwrap();
    }
}
