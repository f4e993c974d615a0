"""What one customer does, with a marked secret wherever a customer can put one."""

import io
import os

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

config = Config(signature_version="s3v4", retries={"total_max_attempts": 1}, user_agent_extra="mysecret-agent")
s3 = boto3.client("s3", endpoint_url=os.environ["ENDPOINT"], region_name="us-east-1", config=config)
BUCKET, KEY = "mysecret-bucket", "mysecret/folder/a file.txt"


def refused(call, **arguments):
    """Demands that a call is refused."""
    try:
        call(Bucket=BUCKET, **arguments)
    except ClientError:
        return
    raise AssertionError(f"{arguments} was not refused")


s3.create_bucket(Bucket=BUCKET)
# The first workflow: write, read, write over what was read.
s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"mysecret" * 300, ContentType="text/mysecret", Metadata={"mysecret": "mysecret"})
tag = s3.get_object(Bucket=BUCKET, Key=KEY)["ETag"]
s3.put_object(Bucket=BUCKET, Key=KEY, Body=io.BytesIO(b"mysecret" * 400), IfMatch=tag)
refused(s3.put_object, Key=KEY, Body=b"mysecret", IfMatch=tag)
# The second: read in parts, three times.
for _ in range(3):
    s3.head_object(Bucket=BUCKET, Key=KEY)
    s3.get_object(Bucket=BUCKET, Key=KEY, Range="bytes=0-1023")
    s3.get_object(Bucket=BUCKET, Key=KEY, Range="bytes=1024-")
# The third: copy, list, clean up.
s3.copy_object(Bucket=BUCKET, Key="mysecret-copy", CopySource={"Bucket": BUCKET, "Key": KEY})
s3.list_objects_v2(Bucket=BUCKET, Prefix="mysecret/", Delimiter="/")
s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": KEY}, {"Key": "mysecret-copy"}, {"Key": "mysecret-3"}]})
refused(s3.get_object, Key=KEY)
s3.delete_bucket(Bucket=BUCKET)
