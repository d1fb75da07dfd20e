"""Compares two trees of IDF: lattices, masks, and values within one step of their packing.

compare.py FOLDER REFERENCE
"""

import pathlib
import sys

import netCDF4
import numpy as np

# Degrees: the reference's own float32.
PLACE = 2e-4


def differences(ours, reference):
    for file in (ours, reference):
        file.set_auto_maskandscale(False)
    if set(ours.variables) != set(reference.variables):
        yield f"{sorted(ours.variables)} and {sorted(reference.variables)}"
        return
    for name, theirs in reference.variables.items():
        own = ours[name]
        if (own.dtype, own.dimensions, own.shape) != (theirs.dtype, theirs.dimensions, theirs.shape):
            yield f"{name}: {own.dtype} {own.shape} and {theirs.dtype} {theirs.shape}"
        elif own.dtype != np.uint8:
            least = PLACE if name.endswith("t_gcp") or name == "lon_gcp" else 0
            if not np.allclose(own[:], theirs[:], rtol=0, atol=least):
                yield f"{name}: {np.abs(own[:] - theirs[:]).max()} apart"
        else:
            for key in ("scale_factor", "add_offset"):
                if not np.isclose(own.getncattr(key), theirs.getncattr(key), rtol=1e-6, atol=1e-9):
                    yield f"{name}: {key} {own.getncattr(key)} and {theirs.getncattr(key)}"
            a, b = own[:], theirs[:]
            masks = int(((a == 255) != (b == 255)).sum())
            # Of bytes: the larger less the smaller cannot overflow.
            apart = int((np.maximum(a, b) - np.minimum(a, b))[(a != 255) & (b != 255)].max(initial=0))
            if masks or apart > 1:
                yield f"{name}: {masks} pixels masked in one only, others up to {apart} steps apart"


def files(folder):
    return {path.relative_to(folder): path for path in pathlib.Path(folder).rglob("*.nc")}


ours, reference = map(files, sys.argv[1:])
found = [] if set(ours) == set(reference) else [f"{sorted(ours)} and {sorted(reference)}"]
for name in sorted(set(ours) & set(reference)):
    with netCDF4.Dataset(ours[name]) as a, netCDF4.Dataset(reference[name]) as b:
        found += [f"{name.name}: {text}" for text in differences(a, b)]
if not ours or found:
    sys.exit("\n".join(found) or "nothing was converted")
