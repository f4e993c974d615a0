@api(s3) @owner(storage)
Feature: Seeing what was done last
  A read that begins after a change was answered sees that change.

  Background:
    Given Bob owns the bucket "images"
    And Bob has uploaded "cat.png" as "pets/cat.png"

  @smoke
  Scenario: A file that was overwritten reads as the new one
    When Bob uploads "kitten.png" as "pets/cat.png"
    Then the upload succeeds
    And "pets/cat.png" holds the file "kitten.png"

  Scenario: The details after an overwrite are those of the new file
    Given the file "kitten.png" of 3 KiB
    When Bob uploads "kitten.png" as "pets/cat.png"
    And he asks for the details of it
    Then its size is 3 KiB
    And its ETag is that of "kitten.png"

  @smoke
  Scenario: A file that was deleted is gone
    When Bob deletes "pets/cat.png"
    Then the deletion succeeds
    And "pets/cat.png" is gone

  Scenario: A file can be deleted twice
    Given Bob has deleted "pets/cat.png"
    When he deletes "pets/cat.png"
    Then the deletion succeeds

  Scenario: What was never there can be deleted
    When Bob deletes "pets/unicorn.png"
    Then the deletion succeeds

  Scenario: A file can be uploaded again after it was deleted
    Given Bob has deleted "pets/cat.png"
    When he uploads "kitten.png" as "pets/cat.png"
    Then the upload succeeds
    And he can read "pets/cat.png"
