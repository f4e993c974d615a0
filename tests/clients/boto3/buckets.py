"""Buckets are made, found, listed and removed."""

import unittest

from shared import InBucket


class Buckets(InBucket):
    def names(self):
        return [bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]]

    def test_a_new_bucket_is_found(self):
        self.assertEqual(self.s3.head_bucket(Bucket=self.bucket)["ResponseMetadata"]["HTTPStatusCode"], 200)
        self.assertIn(self.bucket, self.names())
        self.assertIn("ID", self.s3.list_buckets()["Owner"])

    def test_an_absent_bucket_is_not_found(self):
        absent = f"{self.bucket}-absent"
        self.check_refused(404, "404", self.s3.head_bucket, Bucket=absent)
        self.check_refused(404, "NoSuchBucket", self.s3.delete_bucket, Bucket=absent)
        self.check_refused(404, "NoSuchBucket", self.s3.get_bucket_location, Bucket=absent)
        self.assertNotIn(absent, self.names())

    def test_a_removed_bucket_is_gone(self):
        answer = self.s3.delete_bucket(Bucket=self.bucket)
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 204)
        self.check_refused(404, "404", self.s3.head_bucket, Bucket=self.bucket)
        self.assertNotIn(self.bucket, self.names())

    def test_a_bucket_with_objects_stays(self):
        self.put("k")
        self.check_refused(409, "BucketNotEmpty", self.s3.delete_bucket, Bucket=self.bucket)
        self.s3.delete_object(Bucket=self.bucket, Key="k")
        self.s3.delete_bucket(Bucket=self.bucket)

    def test_the_first_region_has_no_name(self):
        self.assertIsNone(self.s3.get_bucket_location(Bucket=self.bucket)["LocationConstraint"])

    def test_making_it_again_keeps_the_objects(self):
        self.put("k")
        self.s3.create_bucket(Bucket=self.bucket)
        self.assertEqual(self.body("k"), b"0123456789")

    def test_bad_names_are_refused(self):
        for name in ("ab", "Upper-case", "under_score", "two..dots", "192.168.5.4", "a" * 64):
            with self.subTest(name):
                self.check_refused(400, "InvalidBucketName", self.s3.create_bucket, Bucket=name)

    def test_waiters_see_a_bucket(self):
        once = {"MaxAttempts": 1}
        self.s3.get_waiter("bucket_exists").wait(Bucket=self.bucket, WaiterConfig=once)
        self.s3.get_waiter("bucket_not_exists").wait(Bucket=f"{self.bucket}-absent", WaiterConfig=once)


if __name__ == "__main__":
    unittest.main()
