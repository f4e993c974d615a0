"""Reads and writes under a condition, as the real service was recorded and documented to answer them."""

import unittest
from datetime import datetime, timedelta, timezone

from shared import InBucket

OTHER = '"00000000000000000000000000000000"'
DAY = timedelta(days=1)


class Reads(InBucket):
    def setUp(self):
        super().setUp()
        self.etag = self.put("k")["ETag"]
        self.modified = self.head("k")["LastModified"]

    def check_reads(self, **conditions):
        self.assertEqual(self.body("k", **conditions), b"0123456789")
        self.assertEqual(self.head("k", **conditions)["ETag"], self.etag)

    def check_not_read(self, status, code, **conditions):
        self.check_refused(status, code, self.get, "k", **conditions)
        self.check_refused(status, str(status), self.head, "k", **conditions)

    def test_if_match(self):
        self.check_reads(IfMatch=self.etag)
        self.check_reads(IfMatch=self.etag.strip('"'))
        self.check_not_read(412, "PreconditionFailed", IfMatch=OTHER)

    def test_if_none_match(self):
        self.check_reads(IfNoneMatch=OTHER)
        self.check_not_read(304, "304", IfNoneMatch=self.etag)

    def test_if_modified_since(self):
        self.check_reads(IfModifiedSince=self.modified - timedelta(seconds=1))
        self.check_reads(IfModifiedSince=datetime.now(timezone.utc) + DAY)
        self.check_not_read(304, "304", IfModifiedSince=self.modified)

    def test_if_unmodified_since(self):
        self.check_reads(IfUnmodifiedSince=self.modified)
        self.check_not_read(412, "PreconditionFailed", IfUnmodifiedSince=self.modified - DAY)

    def test_a_tag_outweighs_a_date(self):
        self.check_reads(IfMatch=self.etag, IfUnmodifiedSince=self.modified - DAY)
        self.check_not_read(304, "304", IfNoneMatch=self.etag, IfModifiedSince=self.modified - DAY)

    def test_not_modified_tells_the_entity_tag(self):
        answer = self.check_refused(304, "304", self.get, "k", IfNoneMatch=self.etag)
        self.assertEqual(answer["ResponseMetadata"]["HTTPHeaders"]["etag"], self.etag)


class Writes(InBucket):
    def test_if_none_match_keeps_what_there_is(self):
        self.put("k", b"first", IfNoneMatch="*")
        self.check_refused(412, "PreconditionFailed", self.put, "k", b"second", IfNoneMatch="*")
        self.assertEqual(self.body("k"), b"first")

    def test_after_a_delete_there_is_nothing_to_keep(self):
        self.put("k", b"first")
        self.s3.delete_object(Bucket=self.bucket, Key="k")
        self.put("k", b"second", IfNoneMatch="*")
        self.assertEqual(self.body("k"), b"second")

    def test_if_none_match_knows_the_star_only(self):
        self.check_refused(501, "NotImplemented", self.put, "k", IfNoneMatch=OTHER)

    def test_if_match_replaces_what_is_known(self):
        etag = self.put("k", b"first")["ETag"]
        self.put("k", b"second", IfMatch=etag)
        self.check_refused(412, "PreconditionFailed", self.put, "k", b"third", IfMatch=etag)
        self.assertEqual(self.body("k"), b"second")

    def test_if_match_creates_nothing(self):
        self.check_refused(404, "NoSuchKey", self.put, "k", IfMatch=OTHER)
        self.check_refused(404, "NoSuchKey", self.get, "k")

    def test_a_delete_under_a_condition(self):
        etag = self.put("k")["ETag"]
        delete = {"Bucket": self.bucket, "Key": "k"}
        self.check_refused(412, "PreconditionFailed", self.s3.delete_object, IfMatch=OTHER, **delete)
        self.assertEqual(self.body("k"), b"0123456789")
        self.s3.delete_object(IfMatch=etag, **delete)
        self.check_refused(404, "NoSuchKey", self.get, "k")


if __name__ == "__main__":
    unittest.main()
