"""The front page: what the README shows of the course, made from what is stored.

- moving: the moving picture: the epochs of a run, and the chart of rate and quality filling up
- readme: the sections between the README's marks, and the chapters' small pictures
"""
