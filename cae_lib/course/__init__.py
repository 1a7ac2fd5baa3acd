"""What makes the notebooks a course: exercises and their checks, projects, the students' copies.

- checks: `check`, which a student calls, and its hints
- exercises, builds, build_functions: what is right for each exercise
- mistakes: known wrong answers and what is said to them
- hints: three for each exercise
- judging, reading: comparing an answer with what is right; reading what a student typed
- projects: the larger tasks and their measures
- release: students' notebooks from the solutions
"""
