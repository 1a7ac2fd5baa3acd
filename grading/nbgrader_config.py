"""nbgrader's settings for the kit: this folder is a course. TEACHING.md, "With nbgrader", has the commands."""

c = get_config()  # noqa: F821 (nbgrader defines it)
c.ClearSolutions.code_stub = {"python": ""}  # the cells have stubs of their own
c.Execute.timeout = 600  # seconds a cell: some train
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "runs"]
