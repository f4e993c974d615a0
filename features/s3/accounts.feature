@api(s3) @owner(storage)
Feature: Keeping accounts apart

  Scenario: A bucket of another account is taken
    Given Bob owns a bucket "images" of his own
    When Alice creates the bucket "images"
    Then it is refused as "BucketAlreadyExists"

  Scenario: Another account cannot delete a bucket
    Given Bob owns a bucket "images" of his own
    When Alice deletes the bucket "images"
    Then it is refused as "AccessDenied"

  Scenario: A bucket is not among those of another account
    Given Bob owns a bucket "images" of his own
    When Alice lists her buckets
    Then the bucket "images" is not among them

  Scenario: The owner can check a bucket, and another account cannot
    Given Bob owns the bucket "images"
    Then the bucket "images" is there
    When Alice checks the bucket "images"
    Then it is refused as "AccessDenied"

  Scenario: Another account cannot copy a file into a bucket of its own
    Given Alice owns the bucket "loot"
    And Bob owns the bucket "images"
    And Bob has uploaded "cat.png" as "pets/cat.png"
    When Alice copies "pets/cat.png" to "cat.png" in the bucket "loot"
    Then it is refused as "AccessDenied"
