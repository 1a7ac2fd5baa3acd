"""Tables as text, from results that are known."""

import pytest
from scipy import stats

from cae_lib.rate_distortion import PUBLISHED
from cae_lib.tables import T_95, as_markdown, race_table


def test_a_table_as_markdown():
    table = as_markdown(["name", "bytes"], [["image", "3,072"], ["code", 512]])
    assert table.splitlines() == ["| name | bytes |", "| :-- | --: |", "| image | 3,072 |", "| code | 512 |"]


def test_a_race_as_text():
    exact = {"psnr": None, "payload_bpp": 17.0, "file_bpp": 22.0}
    line = [{"psnr": 24, "payload_bpp": 1.0, "file_bpp": 6.0}, exact]
    result = {
        "levels": [24, 30, 40],
        "curves": {"JPEG 4:4:4": line, "a codec with a long name": line, "PNG": [exact]},
        "table": [
            {"codec": "JPEG 4:4:4", "payload": [1.0, 2.0, None], "file": [6.0, 7.0, None], "bd_rate": 0.0},
            {"codec": "a codec with a long name", "payload": [0.5, 1.0, None], "file": [6, 7, None], "bd_rate": -50.0},
            {"codec": "PNG", "payload": [None] * 3, "file": [None] * 3, "bd_rate": None},
        ],
    }
    rows = [line.split() for line in race_table(result, PUBLISHED).splitlines()]
    assert rows[1][-7:] == ["24", "30", "40", "24", "30", "40", "(payload)"]
    assert rows[2] == ["JPEG", "4:4:4", "1.00", "2.00", "–", "6.00", "7.00", "–", "+0.0"]
    assert rows[3][-7:] == ["0.50", "1.00", "–", "6.00", "7.00", "–", "-50.0"]
    assert rows[4] == ["PNG", "exact:", "17.00", "exact:", "22.00", "–"]
    assert rows[6] == ["COIN++,", "published", "–", "2.02", "–"]
    assert len({len(line) for line in race_table(result).splitlines()}) == 1, "columns stand below one another"


@pytest.mark.parametrize("count", T_95)
def test_the_quantiles_of_t(count):
    assert T_95[count] == pytest.approx(stats.t.ppf(0.975, count - 1), abs=6e-4)
