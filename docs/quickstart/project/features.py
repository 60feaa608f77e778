"""From rows of a flights table to a matrix. Used alike in training and in prediction."""
import csv

import numpy as np

GROUPS = {
    "schedule": ["hour", "distance"],
    "weather": ["temp", "humid", "wind_speed", "precip", "pressure", "visib"],
    "airport": ["airport_delay"],
}
CATEGORIES = ["carrier", "origin", "weekday"]


def read_rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def number(text):
    return float(text) if text else np.nan


def vocabulary(rows):
    """Every category that the training rows have, in a fixed order."""
    return [(column, value) for column in CATEGORIES
            for value in sorted({row[column] for row in rows})]


def matrix(rows, groups, vocabulary):
    """One column a number, one column a known category; an unknown category is all zeros."""
    numbers = [column for group in groups for column in GROUPS[group]]
    return np.array([[number(row[column]) for column in numbers]
                     + [float(row[column] == value) for column, value in vocabulary]
                     for row in rows])
