@api(s3) @owner(storage)
Feature: Writing without overwriting each other
  Two writers of one name must not destroy each other's work.

  Background:
    Given Bob owns the bucket "images"

  @smoke
  Scenario: The first of two writers wins
    Given Bob has uploaded "cat.png" as "pets/pet.png"
    When he uploads "dog.png" as "pets/pet.png" only if nothing is there
    Then it is refused as "PreconditionFailed"
    And "pets/pet.png" holds the file "cat.png"

  Scenario: The first writer is let through
    When Bob uploads "cat.png" as "pets/pet.png" only if nothing is there
    Then the upload succeeds
    And he can read it

  Scenario: Nothing is there any more after a deletion
    Given Bob has uploaded "cat.png" as "pets/pet.png"
    And he has deleted "pets/pet.png"
    When he uploads "dog.png" as "pets/pet.png" only if nothing is there
    Then the upload succeeds
    And he can read it

  Scenario: A file that nobody has changed can be replaced
    Given Bob has uploaded "cat.png" as "pets/pet.png"
    When he uploads "dog.png" as "pets/pet.png" only if "cat.png" is still there
    Then the upload succeeds
    And he can read it

  Scenario: A file that somebody has changed is not replaced
    Given Bob has uploaded "bird.png" as "pets/pet.png"
    When he uploads "dog.png" as "pets/pet.png" only if "cat.png" is still there
    Then it is refused as "PreconditionFailed"
    And "pets/pet.png" holds the file "bird.png"

  Scenario: What was never there cannot be replaced
    When Bob uploads "dog.png" as "pets/pet.png" only if "cat.png" is still there
    Then it is refused as "NoSuchKey"

  Scenario: A file that somebody has changed is not deleted
    Given Bob has uploaded "bird.png" as "pets/pet.png"
    When he deletes it only if it is still "cat.png"
    Then it is refused as "PreconditionFailed"
    And he can read it

  Scenario: A file that nobody has changed can be deleted
    Given Bob has uploaded "cat.png" as "pets/pet.png"
    When he deletes it only if it is still "cat.png"
    Then the deletion succeeds
    And "pets/pet.png" is gone
