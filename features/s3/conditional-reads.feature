@api(s3) @owner(storage)
Feature: Reading a file only if it is worth it
  Caches ask whether what they hold is still right, and pay for a download only where it is not.

  Background:
    Given Bob owns the bucket "images"
    And Bob has uploaded "cat.png" as "pets/cat.png"

  @smoke
  Scenario: A cache that is up to date is told so
    When Bob reads it only if it is no longer "cat.png"
    Then he is told that nothing has changed

  Scenario: A cache that is out of date gets the new file
    When Bob reads it only if it is no longer "kitten.png"
    Then he gets the file "cat.png"

  Scenario: A file that is still the same can be read
    When Bob reads it only if it is still "cat.png"
    Then he gets the file "cat.png"

  Scenario: A file that is another one by now is not read
    When Bob reads it only if it is still "kitten.png"
    Then it is refused as "PreconditionFailed"

  Scenario: Quotes around an ETag may be left out
    When Bob reads it only if its ETag without quotes is that of "cat.png"
    Then he gets the file "cat.png"

  Scenario: A file that was uploaded since yesterday has changed since yesterday
    When Bob reads it only if it has changed since yesterday
    Then he gets the file "cat.png"

  Scenario: A file has not changed since it was uploaded
    Given Bob has read it
    When he reads it only if it has changed since then
    Then he is told that nothing has changed

  Scenario: A date in the future is no condition
    When Bob reads it only if it has changed since tomorrow
    Then he gets the file "cat.png"

  Scenario: A file that has changed since yesterday is not read as if it had not
    When Bob reads it only if it has not changed since yesterday
    Then it is refused as "PreconditionFailed"

  Scenario: A file that has not changed since its upload can be read
    Given Bob has read it
    When he reads it only if it has not changed since then
    Then he gets the file "cat.png"
