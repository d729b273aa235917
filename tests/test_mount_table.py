"""The kernel's table of mounts."""

from pathlib import Path

from narrated.mount_table import Mount, mounts, parse_mounts


def test_odd_names_are_read_whole() -> None:
    """A path with blanks and with other alphabets' line ends is one path."""
    table = "7 1 8:1 /a\\040b /srv/two\u2028lines\x0b rw shared:1 - ext4 /dev/sda1 rw\n"
    assert parse_mounts(table) == [
        Mount("8:1", Path("/a b"), Path("/srv/two\u2028lines\x0b"), "ext4")
    ]


def test_kernels_table_is_read() -> None:
    """Of this process' own table the root is known."""
    assert Path("/") in {mount.point for mount in mounts()}


def test_unreadable_table_is_empty(tmp_path: Path) -> None:
    """Where no table can be read, no mount is known."""
    assert mounts(tmp_path / "none") == []
