"""What is trained, measured and shipped.

- recipes: every training that ships or is compared
- studies: many of them, one after the other
- measurements: the numbers of the report, of the runs, of the codecs, as stored under figures/
- chart_points: the kit's points on the course's chart
- dct_steps: from JPEG to the DCT codec, one change at a time
- blocks: the codec of notebook 06 in the race, and what its parts are worth
- tables: numbers as text
- figures, race_figures: every shipped figure with the numbers that it draws
- publish: all of it into figures/ and RESULTS.md
"""
