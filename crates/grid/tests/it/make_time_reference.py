#!/usr/bin/env python3
"""Writes the reference values of time axes, tests/it/data/periods.tsv and solar_days.tsv.

    python -m pip install pandas==3.1.1 odc-stac==0.5.3
    python crates/grid/tests/it/make_time_reference.py crates/grid/tests/it/data
"""

import datetime as dt
import sys
from pathlib import Path

import pandas as pd
from odc.stac.model import _convert_to_solar_time

OUT = Path(sys.argv[1])
RANGES = [
    ("1999-11-17", "2001-03-02"), ("2019-12-31", "2020-06-01"), ("2020-02-29", "2024-03-01"),
    ("1969-07-20", "1970-02-03"), ("2100-01-01", "2101-01-01"),
]
# What Terracube calls a step, and how pandas counts it.
PERIODS = [("day", "D"), ("month", "M"), ("season", "Q-NOV"), ("year", "Y")]
DURATIONS = [("P8D", "8D"), ("P10D", "10D"), ("P2W", "14D"), ("PT6H", "6h"), ("PT90M", "90min")]


def dekads(start, end):
    """Those that the range touches: WMO's thirds of a month, from days 1, 11 and 21."""
    days = pd.date_range(start, end, freq="D", inclusive="left")
    return sorted({day.replace(day=(1, 11, 21)[min((day.day - 1) // 10, 2)]) for day in days})


def line(step, start, end, begins):
    some = [0, 1, len(begins) // 2, len(begins) - 1]
    shown = [f"{i}={begins[i].isoformat()}Z" for i in some if i < len(begins)]
    return "\t".join([step, start, end, str(len(begins)), *shown])


lines = []
for start, end in RANGES:
    last = pd.Timestamp(end) - pd.Timedelta(1, "us")
    for step, freq in PERIODS:
        lines.append(line(step, start, end, list(pd.period_range(start, last, freq=freq).to_timestamp(how="start"))))
    lines.append(line("dekad", start, end, dekads(start, end)))
    for step, freq in DURATIONS:
        lines.append(line(step, start, end, list(pd.date_range(start, end, freq=freq, inclusive="left"))))
(OUT / "periods.tsv").write_text("\n".join(lines) + "\n")

lines = []
for hour in range(0, 24, 3):
    for lon in [-180, -179.9, -165, -164.9, -120.3, -45, -15.1, -15, -14.9, 0, 14.9, 15, 44, 90, 149.9, 165, 179.9]:
        utc = dt.datetime(2020, 2, 29, hour, 30)
        lines.append(f"{utc.isoformat()}Z\t{lon}\t{_convert_to_solar_time(utc, lon).date()}")
(OUT / "solar_days.tsv").write_text("\n".join(lines) + "\n")
