"""Pictures that are not what they say: far larger, cut off, endless, or of another kind."""

import io
import struct
import zipfile
import zlib

from PIL import Image

PNG = b"\x89PNG\r\n\x1a\n"
_GREY = 0


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG, with the checksum that it needs."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *more: bytes, rows: int = -1) -> bytes:
    """A black PNG, which weighs almost nothing; `rows` are those that it really holds."""
    header = struct.pack(">IIBBBBB", width, height, 8, _GREY, 0, 0, 0)
    packer = zlib.compressobj()
    held = (height if rows < 0 else rows) * (width + 1)
    pixels = b"".join(packer.compress(bytes(1 << 20)) for _ in range(held >> 20))
    pixels += packer.compress(bytes(held & 0xFFFFF)) + packer.flush()
    parts = (chunk(b"IHDR", header), *more, chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return PNG + b"".join(parts)


def packed(kind: bytes, megabytes: int) -> bytes:
    """A chunk of text or of colours that unpacks to so much."""
    body = zlib.compress(bytes(megabytes << 20), 9)
    before = {b"zTXt": b"a\0\0", b"iCCP": b"a\0\0", b"iTXt": b"a\0\1\0\0\0"}[kind]
    return chunk(kind, before + body)


def exif(tags: int, bytes_each: int) -> bytes:
    """Notes of which each says that it is all of the same bytes."""
    start = 8 + 2 + 12 * tags + 4
    entries = (struct.pack("<HHII", tag, 7, bytes_each, start) for tag in range(1, tags + 1))
    table = struct.pack("<H", tags) + b"".join(entries) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8) + table + bytes(bytes_each)


def gif(frames: int) -> bytes:
    """A film of so many pictures of one pixel."""
    written = io.BytesIO()
    Image.new("P", (1, 1)).save(written, "GIF")
    whole = written.getvalue()
    at = whole.index(b",", 6)
    return whole[:at] + whole[at:-1] * frames + b";"


def tiff_in_a_circle() -> bytes:
    """A TIFF whose first page is followed by itself."""
    written = io.BytesIO()
    Image.new("L", (2, 2)).save(written, "TIFF")
    data = bytearray(written.getvalue())
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    struct.pack_into("<I", data, at + 2 + 12 * count, at)
    return bytes(data)


def bmp(width: int, height: int) -> bytes:
    """The head of a BMP, and no pixels."""
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + head + bytes(100)


def resized(data: bytes, form: str) -> bytes:
    """A picture whose head tells of 4000 pixels a side, of which it holds none."""
    places = {"PNG": (16, ">II"), "GIF": (6, "<HH"), "BMP": (18, "<ii")}
    changed = bytearray(data)
    if form == "JPEG":
        struct.pack_into(">HH", changed, data.index(b"\xff\xc0") + 5, 4000, 4000)
    elif form == "WEBP":
        at = data.index(b"VP8L") + 9
        struct.pack_into("<I", changed, at, 3999 | 3999 << 14)
    elif form == "TIFF":
        for tag in (b"\x00\x01", b"\x01\x01"):  # its width and its height
            at = next(at for at in _entries(data) if data[at : at + 2] == tag)
            struct.pack_into("<HI", changed, at + 2, 4, 1)
            struct.pack_into("<I", changed, at + 8, 4000)
    else:
        struct.pack_into(places[form][1], changed, places[form][0], 4000, 4000)
    if form == "PNG":
        struct.pack_into(">I", changed, 29, zlib.crc32(bytes(changed[12:29])))
    if form == "GIF":
        struct.pack_into("<HH", changed, data.index(b",", 13 + 3 * 256) + 5, 4000, 4000)
    return bytes(changed)


def zip_bomb() -> bytes:
    """An archive that unpacks to a thousand times what it weighs."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for number in range(4):
            archive.writestr(f"{number}.md", bytes(16 << 20))
    return written.getvalue()


def _entries(data: bytes) -> range:
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    return range(at + 2, at + 2 + 12 * count, 12)
