"""The .cae container, byte by byte: what is written comes back, and nothing else is believed."""

import pytest
from helpers.pictures import with_checksum
from hypothesis import given
from hypothesis import strategies as st

from cae_lib.codec.container import MAX_PIXELS, CodecError, Header, pack, unpack

SMALL = Header(model=3, fingerprint=b"\x01\x02\x03", quality=4, width=32, height=32)


def test_every_byte_stands_where_the_documentation_says():
    content = b"CAE" + bytes([1, 3, 1, 2, 3, 4, 0b1010_1100, 0b0000_0010, 5]) + b"payload"
    assert pack(Header(3, b"\x01\x02\x03", 4, width=300, height=5), b"payload") == with_checksum(content)


def test_a_small_picture_costs_15_bytes_of_header():
    assert len(pack(SMALL, b"")) == 15
    assert len(pack(SMALL, b"12345")) == 20


@pytest.mark.parametrize(
    ("side", "length"), [(1, 1), (127, 1), (128, 2), (16_383, 2), (16_384, 3), (2_097_151, 3), (2_097_152, 4)]
)
def test_a_side_takes_a_byte_for_every_seven_bits(side, length):
    for width, height in ((side, 1), (1, side)):
        data = pack(Header(0, b"abc", 1, width, height), b"")
        assert len(data) == 9 + length + 1 + 4
        header, payload = unpack(data)
        assert (header.width, header.height, payload) == (width, height, b"")


sides = st.integers(1, 10_000)
headers = st.builds(Header, st.integers(0, 255), st.binary(min_size=3, max_size=3), st.integers(0, 255), sides, sides)


@given(headers, st.binary(max_size=40))
def test_every_field_survives(header, payload):
    data = pack(header, payload)
    assert unpack(data) == unpack(bytearray(data)) == unpack(memoryview(data)) == (header, payload)


@pytest.mark.parametrize(
    ("width", "height"), [(0, 1), (1, 0), (0, 0), (MAX_PIXELS + 1, 1), (10_001, 10_000), (2**27, 2**27)]
)
def test_an_absurd_size_is_neither_written_nor_read(width, height, monkeypatch):
    header = Header(0, b"abc", 1, width, height)
    with pytest.raises(CodecError, match="cannot be coded"):
        pack(header, b"")
    monkeypatch.setattr("cae_lib.codec.container.MAX_PIXELS", 2**60)
    monkeypatch.setattr("cae_lib.codec.container.check_size", lambda *_: None)
    forged = pack(header, b"")
    monkeypatch.undo()
    with pytest.raises(CodecError, match="cannot be coded"):
        unpack(forged)


def test_the_largest_size_is_allowed():
    header = Header(0, b"abc", 1, 10_000, 10_000)
    assert header.width * header.height == MAX_PIXELS
    assert unpack(pack(header, b"x"))[0] == header


@pytest.mark.parametrize("size", [b"\x80\x80\x80\x80", b"\xff\xff\xff\xff\x01\x01", b"\x20\x80", b"\x80"])
def test_a_size_that_does_not_end_is_refused(size):
    with pytest.raises(CodecError, match="not written as it should|damaged or cut short"):
        unpack(with_checksum(b"CAE\x01\x00abc\x01" + size))


@pytest.mark.parametrize(
    "data", [b"", b"C", b"cae" + bytes(20), b"\x89PNG\r\n\x1a\n" + bytes(20), b"\0" + pack(SMALL, b"")]
)
def test_other_files_are_told_from_damaged_ones(data):
    with pytest.raises(CodecError, match="no .cae file"):
        unpack(data)


@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_version_is_named(version):
    with pytest.raises(CodecError, match=f"version {version}, this kit reads version 1"):
        unpack(with_checksum(b"CAE" + bytes([version]) + bytes(20)))


def test_a_cut_at_every_length_is_refused():
    data = pack(SMALL, bytes(range(40)))
    for length in range(len(data)):
        with pytest.raises(CodecError):
            unpack(data[:length])
    with pytest.raises(CodecError, match="damaged"):
        unpack(data + b"\0")


def test_every_single_flipped_bit_is_refused():
    data = pack(SMALL, bytes(range(40)))
    for bit in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CodecError):
            unpack(damaged)


def test_a_size_with_needless_bytes_is_refused():
    data = pack(SMALL, b"payload")
    assert data[9] == 32
    with pytest.raises(CodecError, match="not written as it should"):
        unpack(with_checksum(data[:9] + b"\xa0\x00" + data[10:-4]))
