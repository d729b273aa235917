"""Names of the units of measure by their abbreviations."""


def _regular(text: str) -> dict[str, tuple[str, str]]:
    pairs = (entry.split() for entry in text.strip().splitlines())
    return {sign: (one, f"{one}s") for one, *signs in pairs for sign in signs}


UNITS = {
    **_regular("""
    byte B
    kilobyte kB KB
    megabyte MB
    gigabyte GB
    terabyte TB
    petabyte PB
    kibibyte KiB
    mebibyte MiB
    gibibyte GiB
    tebibyte TiB
    bit bit bits
    kilobit kbit Kbit kb
    megabit Mbit Mb
    gigabit Gbit Gb
    nanosecond ns
    microsecond µs μs us
    millisecond ms msec
    second s sec secs
    minute min mins
    hour h hr hrs
    year yr yrs
    kilometre km
    metre m
    centimetre cm
    millimetre mm
    micrometre µm μm
    nanometre nm
    kilogram kg
    gram g
    milligram mg
    microgram µg μg
    litre l L
    millilitre ml mL
    watt W
    milliwatt mW
    kilowatt kW
    megawatt MW
    volt V
    millivolt mV
    kilovolt kV
    amp A
    milliamp mA
    decibel dB
    pixel px
    point pt
    mile mi
    pound lb lbs
    ounce oz
    yard yd
    joule J
    pascal Pa
    """),
    "Wh": ("watt hour", "watt hours"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "mAh": ("milliamp hour", "milliamp hours"),
    "Ω": ("ohm", "ohms"),
    "kΩ": ("kilohm", "kilohms"),
    "Hz": ("hertz", "hertz"),
    "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"),
    "THz": ("terahertz", "terahertz"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
    "m²": ("square metre", "square metres"),
    "km²": ("square kilometre", "square kilometres"),
    "cm²": ("square centimetre", "square centimetres"),
    "m³": ("cubic metre", "cubic metres"),
    "cm³": ("cubic centimetre", "cubic centimetres"),
    "ft": ("foot", "feet"),
    "mph": ("mile per hour", "miles per hour"),
    "fps": ("frame per second", "frames per second"),
    "rpm": ("revolution per minute", "revolutions per minute"),
    "dpi": ("dot per inch", "dots per inch"),
    "kbps": ("kilobit per second", "kilobits per second"),
    "Kbps": ("kilobit per second", "kilobits per second"),
    "Mbps": ("megabit per second", "megabits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"),
    "bps": ("bit per second", "bits per second"),
    "req": ("request", "requests"),
    "tok": ("token", "tokens"),
    "LUFS": ("L U F S", "L U F S"),
    "dBTP": ("decibel true peak", "decibels true peak"),
    "dBFS": ("decibel full scale", "decibels full scale"),
}
"""Singular and plural by abbreviation."""

PER = {
    "mo": "month",
    "yr": "year",
    "s": "second",
    "s²": "second squared",
    "sec": "second",
    "min": "minute",
    "h": "hour",
    "hr": "hour",
    "d": "day",
    "m": "metre",
    "km": "kilometre",
    "kg": "kilogram",
    "l": "litre",
    "L": "litre",
    "m²": "square metre",
    "m³": "cubic metre",
    "GB": "gigabyte",
    "MB": "megabyte",
    "kWh": "kilowatt hour",
}
"""Units after the slash of a rate."""
