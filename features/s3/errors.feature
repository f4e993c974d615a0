@api(s3) @owner(storage)
Feature: Being told what went wrong
  A program acts on the error it is told, so it must be told the right one.

  Background:
    Given Bob owns the bucket "images"

  @smoke
  Scenario: A file that was never uploaded is not found
    When Bob reads "pets/unicorn.png"
    Then it is refused as "NoSuchKey"

  Scenario: A file in a bucket that does not exist is not found
    When Bob reads "pets/cat.png" from the bucket "nowhere"
    Then it is refused as "NoSuchBucket"

  Scenario: Nothing can be uploaded to a bucket that does not exist
    When Bob uploads "cat.png" as "pets/cat.png" to the bucket "nowhere"
    Then it is refused as "NoSuchBucket"

  Scenario: A bucket that does not exist cannot be deleted
    When Bob deletes the bucket "nowhere"
    Then it is refused as "NoSuchBucket"

  Scenario: A bucket that does not exist is not there to be checked
    When Bob checks the bucket "nowhere"
    Then it is refused as "NoSuchBucket"

  Scenario: A storage class that does not exist is refused
    When Bob uploads "cat.png" as "pets/cat.png" in the storage class "FLOPPY"
    Then it is refused as "InvalidStorageClass"

  Scenario: A range of a file that was never uploaded is not found
    Given Bob has deleted "pets/unicorn.png"
    When he reads bytes 5 to 9 of it
    Then it is refused as "NoSuchKey"

  Scenario: A version that was never there is refused
    Given Bob has uploaded "cat.png" as "pets/cat.png"
    When he reads the version "nothing" of it
    Then it is refused as "InvalidArgument"
