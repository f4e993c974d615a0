"""Copies within and between buckets."""

import unittest
from datetime import timedelta

from shared import InBucket

OTHER = '"00000000000000000000000000000000"'
DESCRIBED = {"ContentType": "text/plain", "CacheControl": "no-cache", "Metadata": {"colour": "blue"}}


class Copying(InBucket):
    def setUp(self):
        super().setUp()
        self.etag = self.put("source", **DESCRIBED)["ETag"]

    def copy(self, key, source="source", **arguments):
        named = {"Bucket": self.bucket, "Key": source}
        return self.s3.copy_object(Bucket=self.bucket, Key=key, CopySource=named, **arguments)

    def described(self, key):
        head = self.head(key)
        return {name: head.get(name) for name in DESCRIBED}

    def test_a_copy_is_like_its_source(self):
        result = self.copy("copy")["CopyObjectResult"]
        self.assertEqual(result["ETag"], self.etag)
        self.assertEqual(result["LastModified"], self.head("copy")["LastModified"])
        self.assertEqual(self.body("copy"), b"0123456789")
        self.assertEqual(self.described("copy"), DESCRIBED)

    def test_a_copy_stands_for_itself(self):
        self.copy("copy")
        self.put("source", b"changed")
        self.assertEqual(self.body("copy"), b"0123456789")

    def test_metadata_can_be_replaced(self):
        other = {"ContentType": "text/html", "CacheControl": "no-store", "Metadata": {"shape": "round"}}
        self.copy("copy", MetadataDirective="REPLACE", **other)
        self.assertEqual(self.described("copy"), other)
        self.copy("source", MetadataDirective="REPLACE", **other)
        self.assertEqual(self.described("source"), other)

    def test_without_the_directive_new_metadata_is_ignored(self):
        self.copy("copy", Metadata={"shape": "round"})
        self.assertEqual(self.described("copy"), DESCRIBED)

    def test_odd_keys_can_be_copied(self):
        for key in ("a b", "a+b", "100%", "naïve/ключ", "q?x=1", "hash#tag"):
            self.put(key, key.encode())
            self.copy(f"copy of {key}", source=key)
            self.assertEqual(self.body(f"copy of {key}"), key.encode())

    def test_between_buckets(self):
        other = f"{self.bucket}-2"
        self.s3.create_bucket(Bucket=other)
        named = {"Bucket": self.bucket, "Key": "source"}
        self.s3.copy_object(Bucket=other, Key="copy", CopySource=named)
        self.assertEqual(self.s3.get_object(Bucket=other, Key="copy")["Body"].read(), b"0123456789")

    def test_the_managed_copy(self):
        self.s3.copy({"Bucket": self.bucket, "Key": "source"}, self.bucket, "copy")
        self.assertEqual(self.body("copy"), b"0123456789")

    def test_conditions_on_the_source(self):
        modified = self.head("source")["LastModified"]
        day = timedelta(days=1)
        self.copy("copy", CopySourceIfMatch=self.etag)
        self.copy("copy", CopySourceIfNoneMatch=OTHER)
        self.copy("copy", CopySourceIfMatch=self.etag, CopySourceIfUnmodifiedSince=modified - day)
        for failing in (
            {"CopySourceIfMatch": OTHER},
            {"CopySourceIfNoneMatch": self.etag},
            {"CopySourceIfUnmodifiedSince": modified - day},
            {"CopySourceIfNoneMatch": self.etag, "CopySourceIfModifiedSince": modified - day},
        ):
            self.check_refused(412, "PreconditionFailed", self.copy, "refused", **failing)
        self.check_refused(404, "NoSuchKey", self.get, "refused")

    def test_nothing_comes_of_nothing(self):
        self.check_refused(404, "NoSuchKey", self.copy, "copy", source="absent")
        absent = {"Bucket": f"{self.bucket}-absent", "Key": "k"}
        copy = {"Bucket": self.bucket, "Key": "copy", "CopySource": absent}
        self.check_refused(404, "NoSuchBucket", self.s3.copy_object, **copy)

    def test_a_copy_onto_itself_must_change_something(self):
        self.check_refused(400, "InvalidRequest", self.copy, "source")

    def test_a_source_needs_a_key(self):
        copy = {"Bucket": self.bucket, "Key": "copy", "CopySource": "nokey"}
        self.check_refused(400, "InvalidArgument", self.s3.copy_object, **copy)


if __name__ == "__main__":
    unittest.main()
