@api(s3) @owner(storage)
Feature: Having buckets

  @smoke
  Scenario: A bucket can be used as soon as it is created
    When Bob creates the bucket "holidays"
    And he uploads "beach.png" as "2024/beach.png"
    Then the upload succeeds
    And he can read it

  Scenario: A bucket that was created is there
    When Bob creates the bucket "holidays"
    Then the creation succeeds
    And the bucket "holidays" is there

  Scenario: A bucket that is created again keeps its files
    Given Bob owns a bucket "images" of his own
    And he has uploaded "cat.png" as "pets/cat.png"
    When Bob creates the bucket "images"
    Then he can read "pets/cat.png"

  Scenario Outline: A bucket cannot have a name that ends in <end>
    Given Bob owns the bucket "images"
    When Bob creates a bucket whose name ends in "<end>"
    Then it is refused as "InvalidBucketName"

    Examples:
      | end |
      | -   |
      | ..x |
      | _x  |

  Scenario: A bucket with files in it cannot be deleted
    Given Bob owns a bucket "images" of his own
    And he has uploaded "cat.png" as "pets/cat.png"
    When he deletes the bucket "images"
    Then it is refused as "BucketNotEmpty"
    And he can read "pets/cat.png"

  Scenario: A bucket without files can be deleted
    Given Bob owns a bucket "images" of his own
    And he has uploaded "cat.png" as "pets/cat.png"
    And he has deleted "pets/cat.png"
    When he deletes the bucket "images"
    Then the deletion succeeds

  Scenario: A new bucket is empty
    Given Bob owns a bucket "images" of his own
    When he lists the whole bucket
    Then the last page is empty

  Scenario: A bucket is among those of its owner
    Given Bob owns a bucket "images" of his own
    When he lists his buckets
    Then the bucket "images" is among them

  Scenario: Files of the same name in two buckets are two files
    Given Bob owns a bucket "backups" of his own
    And he owns the bucket "images"
    When he uploads "old.png" as "pets/cat.png" to the bucket "backups"
    And he uploads "new.png" as "pets/cat.png" to the bucket "images"
    And he reads "pets/cat.png" from the bucket "backups"
    Then he gets the file "old.png"

  Scenario: A file can be copied into another bucket
    Given Bob owns a bucket "backups" of his own
    And he owns the bucket "images"
    And he has uploaded "cat.png" as "pets/cat.png"
    When he copies "pets/cat.png" to "2024/cat.png" in the bucket "backups"
    Then the copy succeeds
    And he can read "2024/cat.png"

  Scenario: A bucket tells where it is
    Given Bob owns the bucket "images"
    When Bob asks where the bucket "images" is
    Then the lookup succeeds
