"""Tables as text, from results that are known."""

from cae_lib.race.rate_distortion import NOTES, PUBLISHED
from cae_lib.results.tables import anchor_table, as_markdown, race_table


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
    for row, common in zip(result["table"], ([21.26, 40.0], [24, 30.04], None), strict=True):
        row["bd_range"] = common
    text = race_table(result, PUBLISHED)
    rows = [line.split() for line in text.splitlines()]
    assert rows[1][-7:] == ["24", "30", "40", "24", "30", "40", "(payload)"]
    assert rows[2] == ["JPEG", "4:4:4", "1.00", "2.00", "–", "6.00", "7.00", "–", "+0.0", "21.3–40.0"]
    assert rows[3][-8:] == ["0.50", "1.00", "–", "6.00", "7.00", "–", "-50.0", "24.0–30.0"]
    assert rows[4] == ["PNG", "exact:", "17.00", "exact:", "22.00", "–", "–"]
    assert rows[5] == ["BPG", "4:4:4,", "published", "–", "1.47", "–"]
    assert rows[6] == ["COIN++,", "published", "–", "2.02", "–"]
    bpg, coin = text.splitlines()[5:7]
    place = text.splitlines()[2].index("7.00")
    assert bpg.index("1.47") == place, "whole files stand below whole files"
    assert coin.index("2.02") == text.splitlines()[2].index("2.00")
    assert " ".join(text.split("\n", 9)[9].split()).startswith(f"BPG 4:4:4: {NOTES['BPG 4:4:4']}")
    assert len({len(line) for line in race_table(result).splitlines()}) == 1, "columns stand below one another"
    assert "whole files" not in race_table(result)


def test_single_points_beside_ours():
    ours = [{"psnr_pooled": 24.0, "payload_bpp": 0.25}, {"psnr_pooled": 30.0, "payload_bpp": 1.0}]
    rows = anchor_table({"rd": ours, "worse": [p | {"payload_bpp": 2 * p["payload_bpp"]} for p in ours]}).splitlines()
    assert rows[1].split() == ["Ballé", "2018", "22.94", "0.289", "–", "–"]
    assert rows[4].split() == ["Minnen", "2020", "24.21", "0.336", "0.277", "-17", "%", "0.554", "+65", "%"]
    assert len({len(row) for row in (rows[0], *rows[4:6])}) == 1 and "not in that repository" in " ".join(rows[7:])
