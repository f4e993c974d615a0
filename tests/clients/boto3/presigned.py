"""URLs that carry their signature, used without any client of S3."""

import http.client
import time
import unittest
import urllib.parse

from shared import InBucket


def send(method, url, body=None, headers=None):
    """The status, the headers and the body of the answer."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request(method, f"{parts.path}?{parts.query}", body, headers or {})
    answer = connection.getresponse()
    got = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return got


class Presigned(InBucket):
    def url(self, operation, key="k", expires=60, **parameters):
        parameters = {"Bucket": self.bucket, "Key": key, **parameters}
        return self.s3.generate_presigned_url(operation, Params=parameters, ExpiresIn=expires)

    def check(self, answer, status, word):
        self.assertEqual(answer[0], status, answer)
        self.assertIn(word, answer[2])

    def test_reading(self):
        self.put("a b+é", ContentType="text/plain")
        status, headers, body = send("GET", self.url("get_object", "a b+é"))
        self.assertEqual((status, headers["content-type"], body), (200, "text/plain", b"0123456789"))

    def test_reading_a_part_of_it(self):
        self.put("k")
        status, headers, body = send("GET", self.url("get_object"), headers={"Range": "bytes=2-4"})
        self.assertEqual((status, headers["content-range"], body), (206, "bytes 2-4/10", b"234"))

    def test_reading_under_another_description(self):
        self.put("k")
        url = self.url("get_object", ResponseContentType="text/x", ResponseContentDisposition="inline; filename=a")
        status, headers, _ = send("GET", url)
        told = (headers["content-type"], headers["content-disposition"])
        self.assertEqual((status, told), (200, ("text/x", "inline; filename=a")))

    def test_writing(self):
        status, _, body = send("PUT", self.url("put_object"), b"written")
        self.assertEqual((status, body), (200, b""))
        self.assertEqual(self.body("k"), b"written")

    def test_writing_with_a_signed_header(self):
        url = self.url("put_object", ContentType="text/plain")
        self.check(send("PUT", url, b"written", {"Content-Type": "text/html"}), 403, b"SignatureDoesNotMatch")
        self.assertEqual(send("PUT", url, b"written", {"Content-Type": "text/plain"})[0], 200)
        self.assertEqual(self.head("k")["ContentType"], "text/plain")

    def test_describing_and_removing(self):
        self.put("k")
        status, headers, body = send("HEAD", self.url("head_object"))
        self.assertEqual((status, headers["content-length"], body), (200, "10", b""))
        self.assertEqual(send("DELETE", self.url("delete_object"))[0], 204)
        self.check_refused(404, "NoSuchKey", self.get, "k")

    def test_listing(self):
        self.put("some/key")
        parameters = {"Bucket": self.bucket, "Prefix": "some/"}
        url = self.s3.generate_presigned_url("list_objects_v2", Params=parameters)
        self.check(send("GET", url), 200, b"<Key>some/key</Key>")

    def test_the_absent(self):
        self.check(send("GET", self.url("get_object")), 404, b"<Code>NoSuchKey</Code>")

    def test_a_url_is_for_one_method_and_key(self):
        self.put("k")
        url = self.url("get_object")
        self.check(send("PUT", url, b"other"), 403, b"SignatureDoesNotMatch")
        self.check(send("GET", url.replace("/k?", "/l?")), 403, b"SignatureDoesNotMatch")
        self.check(send("GET", f"{url}&response-content-type=text/x"), 403, b"SignatureDoesNotMatch")
        self.assertEqual(self.body("k"), b"0123456789")

    def test_a_url_expires(self):
        self.put("k")
        url = self.url("get_object", expires=1)
        time.sleep(2.1)
        self.check(send("GET", url), 403, b"<Code>AccessDenied</Code>")


if __name__ == "__main__":
    unittest.main()
