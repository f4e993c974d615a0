"""What the checks share: a client of the server under test, and a bucket of its own for every test."""

import os
import unittest
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["ENDPOINT"]
# Whether the server is to say all that Amazon's says, or what every compatible server does.
IS_AWS = os.environ["FLAVOUR"] == "aws"


def client(**options):
    """A client as its makers deliver it; only repeated requests are off, so that an error is seen at once."""
    config = Config(signature_version="s3v4", retries={"total_max_attempts": 1}, **options)
    return boto3.client("s3", endpoint_url=ENDPOINT, region_name="us-east-1", config=config)


class InBucket(unittest.TestCase):
    """A test with a bucket of its own."""

    def setUp(self):
        self.s3 = client()
        self.bucket = f"clients-{uuid.uuid4().hex}"
        self.s3.create_bucket(Bucket=self.bucket)

    def put(self, key, body=b"0123456789", **arguments):
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **arguments)

    def get(self, key, **arguments):
        return self.s3.get_object(Bucket=self.bucket, Key=key, **arguments)

    def head(self, key, **arguments):
        return self.s3.head_object(Bucket=self.bucket, Key=key, **arguments)

    def body(self, key, **arguments):
        return self.get(key, **arguments)["Body"].read()

    def check_refused(self, status, code, call, *arguments, **options):
        """Demands that a call is refused so. What a HEAD leaves out, botocore fills with the status."""
        with self.assertRaises(ClientError) as refused:
            call(*arguments, **options)
        answer = refused.exception.response
        got = (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"])
        self.assertEqual(got, (status, code), answer)
        return answer
