"""What is trained, measured and shipped.

- recipes, rd_recipes: every training that ships or is compared
- measurements: the numbers of the report, of the runs, of the codecs, as stored under figures/
- dct_steps: from JPEG to the DCT codec, one change at a time
- tables: numbers as text
- figures, race_figures: every shipped figure with the numbers that it draws
- publish: all of it into figures/ and the README
"""
