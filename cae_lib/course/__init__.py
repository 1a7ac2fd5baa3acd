"""What makes the notebooks a course: exercises and their checks, projects, the students' copies.

- checks: `check`, `build` and `hint`, which a student calls
- predictions: guesses, kept and shown beside what comes
- chart: rate and quality of all that the course tries, the kit's points and the student's own
- exercises/: one file a notebook: what is right, known mistakes, three hints
- judging, reading: comparing an answer with what is right; reading what a student typed
- block_coding: how the functions of notebook 06 are tried
- autoencoders, lab: how a class of autoencoders is judged; the patient of notebook 03
- projects: the larger tasks and their measures
- solutions: where they lie, and the one of an exercise
- release: students' notebooks from the solutions
"""
