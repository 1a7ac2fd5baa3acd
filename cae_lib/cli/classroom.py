"""The command of `cae` for whoever teaches: class."""

import argparse
import sys
from pathlib import Path


def add_commands(add, positive_number) -> None:
    """Describe class; `add` makes a command's parser from its name, function and help."""
    sub = add("class", classroom, "Put what the students of a class handed in into one table.")
    sub.add_argument("folder", type=Path, metavar="FOLDER", help="a folder, or a notebook, of each student")
    sub.add_argument("--judge", action="store_true", help="measure all entries of the projects anew (runs their code)")
    sub.add_argument("--images", type=positive_number, default=100, metavar="N", help="with --judge: test images (100)")
    text = "folder for class.csv, class.html and, with --judge, leaderboard.jsonl (default: build)"
    sub.add_argument("--out", type=Path, default=Path("build"), metavar="DIR", help=text)


def classroom(args: argparse.Namespace) -> int:
    from cae_lib.course import classroom

    students = classroom.read_class(args.folder)
    if args.judge:
        classroom.judge_anew(students, args.images, args.out)
    rows = classroom.table(students)
    for line in classroom.text_table(rows):
        print(line)
    for path in classroom.write(rows, args.out):
        print(f"written: {path}")
    unread = [complaint for student in students for complaint in student.unread]
    for complaint in unread:
        print(f"not counted: {complaint}", file=sys.stderr)
    return 1 if unread else 0
