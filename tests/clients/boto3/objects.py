"""Objects are stored, read and described."""

import hashlib
import pathlib
import tempfile
import unittest
from datetime import datetime, timedelta, timezone

from shared import IS_AWS, InBucket

ODD_KEYS = [
    "a b",
    "a+b",
    "100%",
    "%41",
    "naïve/ключ/鍵",
    "quote'\"&<>",
    "semi;colon:at@equals=and,comma",
    "deep/er/and/deeper",
    "trailing/",
    "tilde~under_score-dash.dot(!)*",
    "k" * 1024,
]


class Objects(InBucket):
    def test_a_stored_object_comes_back(self):
        body = bytes(range(256)) * 64
        stored = self.put("all-bytes", body)
        self.assertEqual(stored["ETag"], f'"{hashlib.md5(body).hexdigest()}"')
        got = self.get("all-bytes")
        self.assertEqual(got["Body"].read(), body)
        self.assertEqual(got["ETag"], stored["ETag"])
        self.assertEqual(got["ContentLength"], len(body))
        self.assertEqual(got["AcceptRanges"], "bytes")
        self.assertLess(abs(got["LastModified"] - datetime.now(timezone.utc)), timedelta(minutes=1))

    def test_an_empty_object_comes_back(self):
        self.put("empty", b"")
        self.assertEqual(self.body("empty"), b"")
        self.assertEqual(self.head("empty")["ContentLength"], 0)

    def test_five_mebibytes_come_back(self):
        body = hashlib.sha256(b"seed").digest() * (5 << 15)
        self.put("large", body)
        self.assertEqual(hashlib.md5(self.body("large")).digest(), hashlib.md5(body).digest())

    def test_odd_keys_are_kept_apart(self):
        for key in ODD_KEYS:
            self.put(key, key.encode())
        for key in ODD_KEYS:
            self.assertEqual(self.body(key), key.encode())
            self.assertEqual(self.head(key)["ContentLength"], len(key.encode()))

    def test_the_last_write_wins(self):
        self.put("k", b"first")
        self.put("k", b"second")
        self.assertEqual(self.body("k"), b"second")

    def test_the_default_type_is_binary(self):
        self.put("k")
        self.assertEqual(self.head("k")["ContentType"], "binary/octet-stream")

    def test_headers_and_metadata_are_kept(self):
        described = {
            "CacheControl": "max-age=60, public",
            "ContentDisposition": 'attachment; filename="a.txt"',
            "ContentEncoding": "identity",
            "ContentLanguage": "de-CH",
            "ContentType": "text/plain; charset=utf-8",
            "Metadata": {"colour": "blue", "with-dash": "two words"},
        }
        expires = datetime(2031, 5, 6, 7, 8, 9, tzinfo=timezone.utc)
        self.put("k", Expires=expires, **described)
        for answer in (self.head("k"), self.get("k")):
            self.assertEqual({name: answer[name] for name in described}, described)
            self.assertEqual(answer["ExpiresString"], "Tue, 06 May 2031 07:08:09 GMT")

    def test_a_new_write_forgets_the_old_metadata(self):
        self.put("k", Metadata={"colour": "blue"}, ContentType="text/plain")
        self.put("k")
        self.assertEqual(self.head("k")["Metadata"], {})
        self.assertEqual(self.head("k")["ContentType"], "binary/octet-stream")

    def test_an_answer_can_be_described_otherwise(self):
        self.put("k", ContentType="text/plain")
        got = self.get(
            "k",
            ResponseCacheControl="no-store",
            ResponseContentDisposition="inline",
            ResponseContentLanguage="fr",
            ResponseContentType="text/html",
        )
        told = [got[name] for name in ("CacheControl", "ContentDisposition", "ContentLanguage", "ContentType")]
        self.assertEqual(told, ["no-store", "inline", "fr", "text/html"])
        self.assertEqual(self.get("k")["ContentType"], "text/plain")

    def test_what_is_absent_is_not_found(self):
        answer = self.check_refused(404, "NoSuchKey", self.get, "absent")
        if IS_AWS:
            self.assertEqual(answer["Error"]["Key"], "absent")
        self.check_refused(404, "404", self.head, "absent")

    def test_in_an_absent_bucket_nothing_works(self):
        absent = {"Bucket": f"{self.bucket}-absent", "Key": "k"}
        self.check_refused(404, "NoSuchBucket", self.s3.get_object, **absent)
        self.check_refused(404, "NoSuchBucket", self.s3.put_object, **absent)
        self.check_refused(404, "NoSuchBucket", self.s3.delete_object, **absent)
        self.check_refused(404, "404", self.s3.head_object, **absent)

    def test_too_long_a_key_is_refused(self):
        self.check_refused(400, "KeyTooLongError", self.put, "k" * 1025)

    def test_files_go_up_and_come_down(self):
        with tempfile.TemporaryDirectory() as folder:
            source, copy = pathlib.Path(folder, "source"), pathlib.Path(folder, "copy")
            source.write_bytes(b"file\n" * 1000)
            self.s3.upload_file(str(source), self.bucket, "file", ExtraArgs={"ContentType": "text/plain"})
            self.s3.download_file(self.bucket, "file", str(copy))
            self.assertEqual(copy.read_bytes(), source.read_bytes())
            self.assertEqual(self.head("file")["ContentType"], "text/plain")

    def test_a_waiter_sees_an_object(self):
        self.put("k")
        self.s3.get_waiter("object_exists").wait(Bucket=self.bucket, Key="k", WaiterConfig={"MaxAttempts": 1})
        self.s3.get_waiter("object_not_exists").wait(Bucket=self.bucket, Key="l", WaiterConfig={"MaxAttempts": 1})


if __name__ == "__main__":
    unittest.main()
