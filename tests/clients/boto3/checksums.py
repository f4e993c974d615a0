"""Checksums: those that the client adds by itself, and those that are asked for."""

import base64
import hashlib
import unittest
import zlib

from shared import IS_AWS, InBucket, client

BODY = b"0123456789"


def encoded(digest):
    return base64.b64encode(digest).decode()


CRC32 = encoded(zlib.crc32(BODY).to_bytes(4, "big"))
SUMS = {
    "CRC32": CRC32,
    "SHA1": encoded(hashlib.sha1(BODY).digest()),
    "SHA256": encoded(hashlib.sha256(BODY).digest()),
}


class Checksums(InBucket):
    def test_the_client_adds_one_by_itself(self):
        self.assertEqual(self.put("k", BODY)["ChecksumCRC32"], CRC32)
        got = self.get("k", ChecksumMode="ENABLED")
        self.assertEqual(got["ChecksumCRC32"], CRC32)
        if IS_AWS:
            self.assertEqual(got["ChecksumType"], "FULL_OBJECT")
        self.assertEqual(got["Body"].read(), BODY)

    def test_a_read_tells_it_when_it_is_asked_for(self):
        self.put("k", BODY)
        quiet = client(response_checksum_validation="when_required")
        got = quiet.get_object(Bucket=self.bucket, Key="k")
        if IS_AWS:
            self.assertNotIn("ChecksumCRC32", got)
        self.assertEqual(self.head("k", ChecksumMode="ENABLED")["ChecksumCRC32"], CRC32)

    def test_each_algorithm_is_kept(self):
        for name, expected in SUMS.items():
            with self.subTest(name):
                stored = self.put(name, BODY, ChecksumAlgorithm=name)
                self.assertEqual(stored[f"Checksum{name}"], expected)
                self.assertEqual(self.head(name, ChecksumMode="ENABLED")[f"Checksum{name}"], expected)
                self.assertEqual(self.body(name, ChecksumMode="ENABLED"), BODY)

    def test_a_wrong_one_is_refused(self):
        for name in SUMS:
            with self.subTest(name):
                wrong = encoded(bytes(len(base64.b64decode(SUMS[name]))))
                self.check_refused(400, "BadDigest", self.put, "k", BODY, **{f"Checksum{name}": wrong})
        self.check_refused(404, "NoSuchKey", self.get, "k")

    def test_content_md5(self):
        self.put("k", BODY, ContentMD5=encoded(hashlib.md5(BODY).digest()))
        wrong = encoded(hashlib.md5(b"other").digest())
        self.check_refused(400, "BadDigest", self.put, "k", b"changed", ContentMD5=wrong)
        self.check_refused(400, "InvalidDigest", self.put, "k", b"changed", ContentMD5="no digest")
        self.assertEqual(self.body("k"), BODY)

    def test_without_any(self):
        plain = client(request_checksum_calculation="when_required")
        plain.put_object(Bucket=self.bucket, Key="k", Body=BODY)
        self.assertEqual(self.body("k"), BODY)

    def test_a_stream_of_unknown_content(self):
        with open(__file__, "rb") as file:
            content = file.read()
            file.seek(0)
            self.put("k", file)
        self.assertEqual(self.body("k"), content)

    def test_batches_carry_one_of_their_own(self):
        self.put("k")
        for algorithm in ("CRC32", "SHA256"):
            batch = {"Objects": [{"Key": "k"}]}
            answer = self.s3.delete_objects(Bucket=self.bucket, Delete=batch, ChecksumAlgorithm=algorithm)
            self.assertEqual(answer["Deleted"][0]["Key"], "k")


if __name__ == "__main__":
    unittest.main()
