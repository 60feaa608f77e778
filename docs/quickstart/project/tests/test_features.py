import math
import unittest

from features import matrix, vocabulary

ROW = {"hour": "5", "distance": "529", "temp": "28.04", "humid": "50.5", "wind_speed": "13.8",
       "precip": "0", "pressure": "", "visib": "10", "airport_delay": "-4.0", "carrier": "US",
       "origin": "EWR", "weekday": "Fri"}


class Features(unittest.TestCase):
    def test_missing_numbers_stay_missing(self):
        row = matrix([ROW], ["weather"], [])[0]
        self.assertTrue(math.isnan(row[4]))
        self.assertEqual(28.04, row[0])

    def test_known_categories_get_a_column_each(self):
        words = vocabulary([ROW, {**ROW, "carrier": "AA"}])
        self.assertEqual([("carrier", "AA"), ("carrier", "US"), ("origin", "EWR"),
                          ("weekday", "Fri")], words)
        self.assertEqual([0, 1, 1, 1], list(matrix([ROW], [], words)[0]))

    def test_an_unknown_category_is_all_zeros(self):
        row = matrix([{**ROW, "carrier": "ZZ"}], [], [("carrier", "US")])[0]
        self.assertEqual([0], list(row))


if __name__ == "__main__":
    unittest.main()
