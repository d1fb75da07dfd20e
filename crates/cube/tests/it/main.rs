//! Tests of the cube against a loopback server, real files, GDAL and Python readers.

mod archive;
mod life;
mod python;
mod readers;
mod real;
