"""Parts of objects. The forms that are ignored are those that were recorded on the real service."""

import unittest

from shared import IS_AWS, InBucket

DIGITS = b"0123456789"
SATISFIED = {
    "bytes=0-8": (0, 8),
    "bytes=1-1": (1, 1),
    "bytes=1-": (1, 9),
    "bytes=-2": (8, 9),
    "bytes=-15": (0, 9),
    "bytes=0-100": (0, 9),
}
IGNORED = ["bytes=1-0", "bytes=-1-", "bytes=0--1", "bytes=0-1,3-4,7-9", "0-8", "bytes=-"]
UNSATISFIABLE = ["bytes=-0", "bytes=10-", "bytes=100-200"]


class Ranges(InBucket):
    def setUp(self):
        super().setUp()
        self.put("digits", DIGITS)

    def test_a_range_gives_its_bytes(self):
        for text, (first, last) in SATISFIED.items():
            with self.subTest(text):
                got = self.get("digits", Range=text)
                self.assertEqual(got["ResponseMetadata"]["HTTPStatusCode"], 206)
                self.assertEqual(got["ContentRange"], f"bytes {first}-{last}/10")
                self.assertEqual(got["ContentLength"], last - first + 1)
                self.assertEqual(got["Body"].read(), DIGITS[first : last + 1])

    def test_a_form_that_is_no_range_gives_everything(self):
        for text in IGNORED:
            with self.subTest(text):
                got = self.get("digits", Range=text)
                self.assertEqual(got["ResponseMetadata"]["HTTPStatusCode"], 200)
                self.assertEqual(got["Body"].read(), DIGITS)

    def test_a_range_outside_is_refused(self):
        for text in UNSATISFIABLE:
            with self.subTest(text):
                answer = self.check_refused(416, "InvalidRange", self.get, "digits", Range=text)
                if IS_AWS:
                    self.assertEqual(answer["Error"]["ActualObjectSize"], "10")
                    self.assertEqual(answer["Error"]["RangeRequested"], text)

    def test_head_knows_ranges(self):
        head = self.head("digits", Range="bytes=2-4")
        self.assertEqual(head["ResponseMetadata"]["HTTPStatusCode"], 206)
        self.assertEqual(head["ContentLength"], 3)
        self.assertEqual(head["ContentRange"], "bytes 2-4/10")
        self.check_refused(416, "416", self.head, "digits", Range="bytes=10-")

    def test_a_condition_comes_before_a_range(self):
        self.check_refused(412, "PreconditionFailed", self.get, "digits", Range="bytes=100-", IfMatch='"other"')


if __name__ == "__main__":
    unittest.main()
