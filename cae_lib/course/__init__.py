"""What makes the notebooks a course: exercises and their checks, projects, the students' copies.

- checks: `check`, `build` and `hint`, which a student calls
- predictions: guesses, kept and shown beside what comes
- chart: rate and quality of all that the course tries, the kit's points and the student's own
- exercises/: one file a notebook: what is right, known mistakes, three hints
- judging, reading, limits: comparing an answer with what is right; reading what a student typed
- autoencoders, lab, blind: how a class of autoencoders is judged; the patient of notebook 03; the curves of 04
- chance: numbers that functions of students are tried with
- block_coding: how the functions of notebook 06 are tried
- foreseeing: the functions of notebook 09, right and wrong
- projects: the larger tasks and their judge
- referee: a student's codec in processes of its own, with limits
- leaderboard: what the judge found, in a file, in print and on the chart
- classroom: all students of a class in one table
- solutions: where they lie, and the one of an exercise
- first_cell: what every notebook begins with: is the kit here?
- release: students' notebooks from the solutions
"""
