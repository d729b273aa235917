"""Names of units: singular and plural by abbreviation, as people write them."""

from collections.abc import Iterable

from narrated.script.english.rule_engine import countable, word_set, word_table

_EXACT = countable("""
    byte*: B; kilobyte*: kB KB kb; megabyte*: MB; gigabyte*: GB; terabyte*: TB; petabyte*: PB;
    exabyte*: EB; kibibyte*: KiB; mebibyte*: MiB; gibibyte*: GiB; tebibyte*: TiB;
    bit*: bit bits; kilobit*: kbit Kbit Kb; megabit*: Mbit Mb; gigabit*: Gbit Gb;
    bit* per second: bps; kilobit* per second: kbps; megabit* per second: Mbps;
    gigabit* per second: Gbps; terabit* per second: Tbps; byte* per second: Bps;
    kilobyte* per second: KBps kBps; megabyte* per second: MBps; gigabyte* per second: GBps;
    megatransfer*: MT; gigatransfer*: GT; picosecond*: ps; nanosecond*: ns; microsecond*: µs us;
    millisecond*: ms msec; second*: s sec secs; minute*: min mins; hour*: h hr hrs;
    week*: wk wks; month*: mo mos; year*: yr yrs; kilometre*: km kms; metre*: m;
    centimetre*: cm cms; millimetre*: mm mms; micrometre*: µm um; nanometre*: nm; mile*: mi;
    yard*: yd yds; pixel*: px; point*: pt; light year*: ly; square kilometre*: km² km2;
    square metre*: m² m2; square centimetre*: cm² cm2; square millimetre*: mm² mm2;
    hectare*: ha; cubic metre*: m³ m3; cubic centimetre*: cm³ cm3 cc; litre*: l L;
    millilitre*: ml mL; centilitre*: cl cL; decilitre*: dl dL; teaspoon*: tsp tsps;
    tablespoon*: tbsp tbsps; fluid ounce*: fl.oz; quart*: qt qts; gallon*: gal gals;
    kilogram*: kg kgs; gram*: g gr; milligram*: mg; microgram*: µg mcg; pound*: lb lbs;
    ounce*: oz; watt*: W w; milliwatt*: mW; microwatt*: µW; kilowatt*: kW; megawatt*: MW;
    gigawatt*: GW; terawatt*: TW; watt hour*: Wh; kilowatt hour*: kWh; megawatt hour*: MWh;
    gigawatt hour*: GWh; terawatt hour*: TWh; volt*: V v; millivolt*: mV; microvolt*: µV;
    kilovolt*: kV; kilovolt amp*: kVA; amp*: A; milliamp*: mA; microamp*: µA; nanoamp*: nA;
    kiloamp*: kA; amp hour*: Ah; milliamp hour*: mAh; ohm*: Ω; milliohm*: mΩ; kilohm*: kΩ KΩ;
    megohm*: MΩ; picofarad*: pF; nanofarad*: nF; microfarad*: µF uF; millifarad*: mF;
    microhenr^: µH uH; millihenr^: mH; nanohenr^: nH; joule*: J; millijoule*: mJ;
    microjoule*: µJ; kilojoule*: kJ; megajoule*: MJ; gigajoule*: GJ; calorie*: cal;
    kilocalorie*: kcal; electronvolt*: eV; kiloelectronvolt*: keV; megaelectronvolt*: MeV;
    gigaelectronvolt*: GeV; teraelectronvolt*: TeV; kilonewton*: kN; newton metre*: Nm;
    kelvin: K; mole*: mol; pascal*: Pa; hectopascal*: hPa; kilopascal*: kPa; megapascal*: MPa;
    gigapascal*: GPa; millibar*: mbar; atmosphere*: atm; pound* per square inch: psi;
    horsepower: hp bhp;
    millimetre* of mercury: mmHg; hertz: Hz; kilohertz: kHz; megahertz: MHz; gigahertz: GHz;
    terahertz: THz; degree* Celsius: °C; degree* Fahrenheit: °F; degree*: °;
    mile* per hour: mph; mile* per gallon: mpg; kilometre* per hour: kph kmh;
    frame* per second: fps; revolution* per minute: rpm; dot* per inch: dpi;
    pixel* per inch: ppi; word* per minute: wpm; beat* per minute: bpm; quer^ per second: qps;
    request* per second: rps; part* per million: ppm; part* per billion: ppb; request*: req;
    token*: tok; megapixel*: MP Mpx; lumen*: lm; lux: lx; teraflops: TFLOPS TFLOPs TFlops;
    gigaflops: GFLOPS GFLOPs GFlops; petaflops: PFLOPS PFlops; sievert*: Sv; millisievert*: mSv;
    microsievert*: µSv; decibel*: dB; L U F S: LUFS; decibel* true peak: dBTP;
    decibel* full scale: dBFS; decibel milliwatt*: dBm
    """)
_IRREGULAR = {
    **dict.fromkeys(("ft", "feet"), ("foot", "feet")),
    **dict.fromkeys(("sq ft", "sqft", "sq. ft", "ft²", "ft2"), ("square foot", "square feet")),
    **dict.fromkeys(("sq m", "sqm"), ("square metre", "square metres")),
    "° C": ("degree Celsius", "degrees Celsius"),
    "° F": ("degree Fahrenheit", "degrees Fahrenheit"),
    **dict.fromkeys(("cu ft", "ft³", "ft3"), ("cubic foot", "cubic feet")),
    **dict.fromkeys(("fl oz", "fl. oz"), ("fluid ounce", "fluid ounces")),
}
_ANY_CASE = word_set("""
    KB MB GB TB PB kg kgs km kms cm mm ml lb lbs oz Hz kHz MHz GHz bps kbps Mbps Gbps kWh kW mAh
    hrs mins secs yrs wks mph kph mpg rpm fps dpi ppi wpm bpm ppm psi hPa kPa min tsp tbsp dB
""")
"""Units that people write in any case; the others differ by their case (mW and MW)."""

_MICRO, _OTHER_MICRO = "µμ"
_OHM, _OTHER_OHM = "ΩΩ"


def _in_any_case(unit: str) -> Iterable[str]:
    return unit, unit.lower(), unit.upper(), unit.capitalize()


def _other_signs(unit: str) -> Iterable[str]:
    """Give the unit with both letters for micro and ohm."""
    return unit, unit.replace(_MICRO, _OTHER_MICRO), unit.replace(_OHM, _OTHER_OHM)


def _named(names: tuple[str, str]) -> tuple[str, str]:
    return names[0].replace("^", "y"), names[1].replace("^", "ies")


def _units() -> dict[str, tuple[str, str]]:
    exact = {sign: _named(names) for sign, names in _EXACT.items()} | _IRREGULAR
    any_case = {
        written: exact[unit]
        for unit in sorted(_ANY_CASE)
        for written in _in_any_case(unit)
        if written not in exact
    }
    found = any_case | exact
    return {written: found[unit] for unit in found for written in _other_signs(unit)}


UNITS = _units()
"""Singular and plural by abbreviation."""

BIT_RATES = {"kb": "kilobit", "mb": "megabit", "gb": "gigabit"}
"""Bits, if small letters stand in a rate; memory has bytes."""

PER = word_table("""
    mo: month; wk: week; yr: year; s: second; s²: second squared; sec: second; min: minute;
    h: hour; hr: hour; d: day; m: metre; km: kilometre; kg: kilogram; l: litre; L: litre;
    m²: square metre; cm³: cubic centimetre; m³: cubic metre; m2: square metre; m3: cubic metre;
    GB: gigabyte; MB: megabyte; TB: terabyte; kWh: kilowatt hour; lb: pound; oz: ounce; g: gram;
    mg: milligram; ml: millilitre; mL: millilitre; dl: decilitre; dL: decilitre; mi: mile;
    gal: gallon; cm: centimetre; mm: millimetre; ft: foot; cm²: square centimetre;
    sqft: square foot; W: watt; V: volt; K: kelvin; mol: mole; ms: millisecond; px: pixel;
    req: request; tok: token
""")
"""Units after the slash of a rate."""
