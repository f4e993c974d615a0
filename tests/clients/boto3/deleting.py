"""Objects are removed, one by one and many at once."""

import unittest

from shared import InBucket


class Deleting(InBucket):
    def delete_many(self, keys, **options):
        objects = [{"Key": key} for key in keys]
        return self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": objects, **options})

    def left(self):
        return [entry["Key"] for entry in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])]

    def test_what_was_deleted_is_gone(self):
        self.put("k")
        answer = self.s3.delete_object(Bucket=self.bucket, Key="k")
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 204)
        self.check_refused(404, "NoSuchKey", self.get, "k")
        self.assertEqual(self.left(), [])

    def test_the_absent_can_be_deleted(self):
        answer = self.s3.delete_object(Bucket=self.bucket, Key="absent")
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 204)

    def test_many_at_once(self):
        keys = [f"k{number}" for number in range(5)] + ["a b", "é", "<&>"]
        for key in [*keys, "kept"]:
            self.put(key)
        answer = self.delete_many([*keys, "absent"])
        self.assertEqual({entry["Key"] for entry in answer["Deleted"]}, {*keys, "absent"})
        self.assertNotIn("Errors", answer)
        self.assertEqual(self.left(), ["kept"])

    def test_a_quiet_batch_tells_errors_only(self):
        self.put("k")
        answer = self.delete_many(["k", "absent"], Quiet=True)
        self.assertNotIn("Deleted", answer)
        self.assertNotIn("Errors", answer)
        self.assertEqual(self.left(), [])

    def test_a_thousand_but_no_more(self):
        keys = [f"k{number}" for number in range(1001)]
        self.assertEqual(len(self.delete_many(keys[:1000])["Deleted"]), 1000)
        self.check_refused(400, "MalformedXML", self.delete_many, keys)

    def test_an_absent_bucket_has_no_batches(self):
        batch = {"Bucket": f"{self.bucket}-absent", "Delete": {"Objects": [{"Key": "k"}]}}
        self.check_refused(404, "NoSuchBucket", self.s3.delete_objects, **batch)


if __name__ == "__main__":
    unittest.main()
