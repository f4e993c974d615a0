"""Listings in both versions: order, prefixes, delimiters and pages."""

import hashlib
import unittest

from shared import InBucket

KEYS = ["a", "a/1", "a/2", "a/b/3", "b", "b/4", "c d", "c+d", "é"]


class Listing(InBucket):
    def setUp(self):
        super().setUp()
        for key in KEYS:
            self.put(key, key.encode())

    def list(self, **arguments):
        return self.s3.list_objects_v2(Bucket=self.bucket, **arguments)

    def list_old(self, **arguments):
        return self.s3.list_objects(Bucket=self.bucket, **arguments)

    @staticmethod
    def keys(page):
        return [entry["Key"] for entry in page.get("Contents", [])]

    @staticmethod
    def prefixes(page):
        return [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]

    def test_keys_come_in_the_order_of_their_bytes(self):
        for page in (self.list(), self.list_old()):
            self.assertEqual(self.keys(page), sorted(KEYS, key=str.encode))
            self.assertFalse(page["IsTruncated"])
            self.assertEqual(page["Name"], self.bucket)
            self.assertEqual(page["MaxKeys"], 1000)
        self.assertEqual(self.list()["KeyCount"], len(KEYS))

    def test_each_entry_describes_its_object(self):
        for page in (self.list(), self.list_old()):
            for entry in page["Contents"]:
                body = entry["Key"].encode()
                self.assertEqual(entry["Size"], len(body))
                self.assertEqual(entry["ETag"], f'"{hashlib.md5(body).hexdigest()}"')
                self.assertEqual(entry["StorageClass"], "STANDARD")
                self.assertEqual(entry["LastModified"], self.head(entry["Key"])["LastModified"])

    def test_a_prefix_selects(self):
        for page in (self.list(Prefix="a/"), self.list_old(Prefix="a/")):
            self.assertEqual(self.keys(page), ["a/1", "a/2", "a/b/3"])
            self.assertEqual(page["Prefix"], "a/")

    def test_a_delimiter_rolls_up(self):
        for page in (self.list(Delimiter="/"), self.list_old(Delimiter="/")):
            self.assertEqual(self.keys(page), ["a", "b", "c d", "c+d", "é"])
            self.assertEqual(self.prefixes(page), ["a/", "b/"])
            self.assertEqual(page["Delimiter"], "/")
        deeper = self.list(Prefix="a/", Delimiter="/")
        self.assertEqual((self.keys(deeper), self.prefixes(deeper)), (["a/1", "a/2"], ["a/b/"]))
        self.assertEqual(self.list(Delimiter="/")["KeyCount"], 7)

    def test_pages_hold_everything_once(self):
        for operation in ("list_objects", "list_objects_v2"):
            for size in (1, 2, 4):
                paginator = self.s3.get_paginator(operation)
                pages = list(paginator.paginate(Bucket=self.bucket, PaginationConfig={"PageSize": size}))
                self.assertEqual([key for page in pages for key in self.keys(page)], KEYS)
                self.assertEqual(len(pages), -(-len(KEYS) // size))

    def test_pages_of_prefixes_hold_everything_once(self):
        for operation in ("list_objects", "list_objects_v2"):
            paginator = self.s3.get_paginator(operation)
            pages = paginator.paginate(Bucket=self.bucket, Delimiter="/", PaginationConfig={"PageSize": 2})
            entries = [entry for page in pages for entry in self.keys(page) + self.prefixes(page)]
            self.assertEqual(sorted(entries), sorted(["a", "a/", "b", "b/", "c d", "c+d", "é"]))

    def test_a_listing_starts_where_it_is_told(self):
        self.assertEqual(self.keys(self.list(StartAfter="a/2")), KEYS[3:])
        self.assertEqual(self.keys(self.list_old(Marker="a/2")), KEYS[3:])

    def test_a_token_goes_on_where_a_page_ended(self):
        first = self.list(MaxKeys=4)
        self.assertTrue(first["IsTruncated"])
        self.assertEqual((first["KeyCount"], first["MaxKeys"]), (4, 4))
        second = self.list(ContinuationToken=first["NextContinuationToken"])
        self.assertEqual(second["ContinuationToken"], first["NextContinuationToken"])
        self.assertEqual(self.keys(first) + self.keys(second), KEYS)
        self.check_refused(400, "InvalidArgument", self.list, ContinuationToken="")

    def test_the_old_version_names_the_next_marker_with_a_delimiter_only(self):
        self.assertNotIn("NextMarker", self.list_old(MaxKeys=2))
        self.assertEqual(self.list_old(MaxKeys=2, Delimiter="/")["NextMarker"], "a/")

    def test_no_keys_can_be_asked_for(self):
        page = self.list(MaxKeys=0)
        self.assertEqual((self.keys(page), page["IsTruncated"], page["KeyCount"]), ([], False, 0))
        self.assertEqual(self.keys(self.list_old(MaxKeys=0)), [])

    def test_the_owner_comes_when_it_is_asked_for(self):
        self.assertNotIn("Owner", self.list()["Contents"][0])
        self.assertIn("ID", self.list(FetchOwner=True)["Contents"][0]["Owner"])
        self.assertIn("ID", self.list_old()["Contents"][0]["Owner"])

    def test_an_absent_bucket_has_no_listing(self):
        for call in (self.s3.list_objects, self.s3.list_objects_v2):
            self.check_refused(404, "NoSuchBucket", call, Bucket=f"{self.bucket}-absent")

    def test_arguments_are_checked(self):
        self.check_refused(400, "InvalidArgument", self.list, MaxKeys=-1)
        self.check_refused(400, "InvalidArgument", self.list_old, MaxKeys=-1)
        self.check_refused(400, "InvalidArgument", self.list, EncodingType="other")


if __name__ == "__main__":
    unittest.main()
