"""Bytes in the encodings that people's editors write."""

import codecs
import io
import os
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from narrated.errors import SourceError
from narrated.reading.text_decoding import decoded

TEXT = "Größe – “naïve” 日本"
PARAGRAPHS = {
    "Russian": """Вчера мы долго гуляли по набережной и говорили о том, как быстро меняется город.
        Старые дома сносят, а на их месте растут новые, высокие, стеклянные, холодные.""",
    "Polish": """Wczoraj długo spacerowaliśmy po nabrzeżu i rozmawialiśmy o tym, jak szybko zmienia
        się miasto. Stare domy burzą, a na ich miejscu rosną nowe, wysokie, szklane, zimne.""",
    "Czech": """Včera jsme se dlouho procházeli po nábřeží a mluvili o tom, jak rychle se město
        mění. Staré domy se bourají a na jejich místě rostou nové, vysoké a studené.""",
    "Hungarian": """Tegnap sokáig sétáltunk a rakparton, és arról beszélgettünk, milyen gyorsan
        változik a város. Őszintén szólva szűk a hely, és hűvösek az új, fényes tetők.""",
    "Turkish": """Dün rıhtımda uzun uzun yürüdük ve şehrin ne kadar hızlı değiştiğini konuştuk.
        Eski evler yıkılıyor, yerlerine yeni, yüksek, soğuk camdan binalar dikiliyor.""",
    "Greek": """Χθες περπατήσαμε πολλή ώρα στην προκυμαία και μιλούσαμε για το πόσο γρήγορα αλλάζει
        η πόλη. Τα παλιά σπίτια γκρεμίζονται και στη θέση τους φυτρώνουν καινούρια.""",
    "Hebrew": "אתמול טיילנו זמן רב לאורך הטיילת ודיברנו על כמה מהר העיר משתנה.",
    "Japanese": """昨日は長い間、波止場を散歩しながら、街がどれほど速く変わっていくかについて
        話しました。古い家は取り壊され、その場所には新しい高いビルが建っています。""",
    "Chinese": """昨天我们在码头上散步了很久，谈论着这座城市变化得有多快。老房子被拆掉了，
        取而代之的是新的、高大的、冰冷的玻璃楼。""",
    "Taiwanese": """昨天我們在碼頭上散步了很久，談論著這座城市變化得有多快。老房子被拆掉了，
        取而代之的是新的、高大的、冰冷的玻璃樓。""",
    "short Chinese": "你好，世界。这是一个简短的笔记。",
    "Korean": """어제 우리는 부두를 오래 산책하며 도시가 얼마나 빨리 변하는지 이야기했다.
        오래된 집들은 헐리고 그 자리에는 새롭고 높고 차가운 유리 건물이 들어선다.""",
    "French": """Hier, nous nous sommes promenés longtemps, et nous avons parlé de la ville qui
        change. Où est passé l'été ? Çà et là, répondit-elle. Les cœurs français…""",
    "German": """Gestern gingen wir lange am Kai spazieren und sprachen darüber, wie schnell sich
        die Stadt verändert. Alte Häuser reißt man ab; es wachsen neue, größere, höhere.""",
    "Spanish": """Ayer paseamos largo rato por el muelle. ¿Dónde están las casas viejas? Las
        derriban, y en su lugar crecen otras más altas. ¡Qué año! El 1º de mayo, 20 °C.""",
    "Swedish": """Igår gick vi länge på kajen och talade om hur snabbt staden förändras. De gamla
        husen rivs och på deras plats växer nya, höga och kalla hus av glas.""",
    "Icelandic": "Það var einu sinni maður á Íslandi, og þótti honum gott að borða fisk.",
    "Portuguese": "Não há ninguém na praça; os corações são bons, e a informação também.",
    "English": "A naïve “quote” – that’s all… It’s 5 °C in the café.",
    "short": "Größe",
    "a name": "Antonín Dvorák's friend, Škoda",
}
WRITTEN = {
    "Russian": "cp1251 koi8_r iso8859_5 utf_16_le utf_16_be",
    "Polish": "cp1250 iso8859_2",
    "Czech": "cp1250 iso8859_2",
    "Hungarian": "cp1250 iso8859_2",
    "Turkish": "cp1254",
    "Greek": "iso8859_7 cp1253",
    "Hebrew": "cp1255",
    "Japanese": "shift_jis euc_jp iso2022_jp utf_16_le",
    "Chinese": "gb18030 utf_16_be",
    "Taiwanese": "big5",
    "short Chinese": "gbk utf_16_le",
    "Korean": "euc_kr",
    "French": "cp1252 mac_roman utf_16_le",
    "German": "cp1252 latin_1 mac_roman cp850",
    "Spanish": "cp1252 latin_1 mac_roman",
    "Swedish": "cp1252 mac_roman",
    "Icelandic": "cp1252",
    "Portuguese": "latin_1",
    "English": "cp1252 utf_16_le utf_16_be",
    "short": "cp1252 latin_1",
    "a name": "cp1252",
}
CASES = [(name, one) for name, written in WRITTEN.items() for one in written.split()]


@pytest.mark.parametrize(("name", "encoding"), CASES)
def test_letters_tell_the_encoding(name, encoding):
    """The letters tell the encoding if nothing else does."""
    data = PARAGRAPHS[name].encode(encoding, "replace")
    assert decoded(data, "a.txt") == data.decode(encoding)


@pytest.mark.parametrize(("name", "encoding"), [case for case in CASES if "16" not in case[1]])
def test_tagged_letters_tell_encoding(name, encoding):
    """Letters between English tags tell the encoding too."""
    text = f"<h1 class='title'>A post</h1>\n<p>{PARAGRAPHS[name]}</p>\n<footer>&copy;</footer>\n"
    data = text.encode(encoding, "replace")
    assert decoded(data, "a.html") == data.decode(encoding)


@pytest.mark.parametrize("encoding", ["cp1251", "gb18030", "euc_jp", "cp1252", "utf_16_le"])
def test_long_line_is_read_quickly(encoding):
    """A long text in one line is read in bounded time."""
    names = {"gb18030": "Chinese", "euc_jp": "Japanese", "cp1252": "French"}
    piece = "".join(PARAGRAPHS[names.get(encoding, "Russian")].split())
    text = piece * (2_000_000 // len(piece))
    began_s = time.process_time()
    assert decoded(text.encode(encoding), "a.txt") == text
    assert time.process_time() - began_s < 3


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode("utf-8"),
        TEXT.encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
    ],
)
def test_unicode_needs_no_mark(data):
    """Unicode is read with and without a byte order mark."""
    assert decoded(data, "a.txt") == TEXT


def test_declared_encoding_is_fallback():
    """The encoding that a page declares is believed if UTF-8 fails."""
    page = '<meta charset="koi8-r"><p>привет'
    assert "привет" in decoded(page.encode("koi8-r"), "a.html")


def test_unknown_encoding_is_still_read():
    """A page that declares an unknown encoding is still read."""
    assert "é" in decoded(b'<meta charset="no-such"><p>\xe9', "a.html")


@pytest.mark.parametrize(
    "data", [codecs.BOM_UTF16_LE + b"a\0b", "Words and words".encode("utf-16-le")[:-1]]
)
def test_truncated_utf_16_is_refused(data):
    """A truncated UTF-16 text is refused."""
    with pytest.raises(SourceError, match=r"a\.txt"):
        decoded(data, "a.txt")


def archive():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as written:
        written.writestr("a.txt", "Words. " * 100)
    return data.getvalue()


def tape():
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as written:
        written.add(__file__)
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (archive(), "a ZIP archive"),
        (b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n", "a PDF"),
        (b"{\\rtf1\\ansi Words.}", "a rich text"),
        (Path(sys.executable).read_bytes()[:200_000], "a program"),
        (b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0\xb8" + bytes(64) + b"This program" * 9, "binary"),
        (tape(), "no text|binary|not text in any"),
        (b"SQLite format 3\0\x10\0\1\1" + bytes(300), "binary"),
        (bytes(range(256)) * 40, "binary|not text in any"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0\0\0\1\0\x08\x06\0\0\0", "binary"),
        (bytes(1000), "binary"),
    ],
)
def test_binary_file_is_refused(data, what):
    """A file that is no text is refused, and the message names its kind."""
    with pytest.raises(SourceError, match=what) as caught:
        decoded(data, "a.txt")
    assert "a.txt" in caught.value.problem
    assert "UTF-8" in caught.value.remedy


def test_line_ends_become_one():
    """Every kind of line end becomes one."""
    assert decoded("a\r\nb\rc\u2028d\x0ce".encode(), "a.txt") == "a\nb\nc\nd\ne"


def test_control_character_is_dropped():
    """A stray control character goes and its words stay."""
    assert decoded(b"before \x1b[0m" + b"words " * 300, "a.txt").startswith("before [0mwords")
    assert decoded(b"one\0two " + b"words " * 300, "a.txt").startswith("onetwo words")


def test_utf_8_needs_no_detector():
    """A text in UTF-8 needs no detector."""
    code = (
        "import sys; from narrated.reading.text_decoding import decoded\n"
        "decoded('Größe'.encode(), 'a.txt'); print('charset_normalizer' in sys.modules)\n"
        "decoded('Это слова'.encode('koi8-r'), 'a.txt'); print('charset_normalizer' in sys.modules)"
    )
    paths = os.pathsep.join([str(Path(__file__).parents[2] / "daemon"), *sys.path])
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert found.stdout.split() == ["False", "True"]
