@api(s3) @owner(storage)
Feature: Copying files

  Background:
    Given Bob owns the bucket "images"
    And Bob has uploaded "cat.png" as "pets/cat.png" with the metadata
      | colour | black |

  @smoke
  Scenario: A copy holds what the original holds
    When Bob copies "pets/cat.png" to "archive/cat.png"
    Then the copy succeeds
    And "archive/cat.png" holds the file "cat.png"

  Scenario: A copy keeps the metadata of the original
    When Bob copies "pets/cat.png" to "archive/cat.png"
    And he reads it
    Then it comes with the metadata
      | colour | black |

  Scenario: A copy can be given new metadata
    When Bob copies "pets/cat.png" to "archive/cat.png" with the new metadata
      | size | small |
    And he reads it
    Then it comes with the metadata
      | size | small |
    And it comes without the metadata "colour"

  Scenario: A copy stays when the original is deleted
    When Bob copies "pets/cat.png" to "archive/cat.png"
    And he deletes "pets/cat.png"
    Then "archive/cat.png" holds the file "cat.png"

  Scenario: A file is not copied onto itself as it is
    When Bob copies "pets/cat.png" to "pets/cat.png"
    Then it is refused as "InvalidRequest"
    And he can read "pets/cat.png"

  Scenario: A file gets new metadata by a copy onto itself
    When Bob copies "pets/cat.png" to "pets/cat.png" with the new metadata
      | colour | white |
    And he reads it
    Then he gets the file "cat.png"
    And it comes with the metadata
      | colour | white |

  Scenario: What is not there cannot be copied
    When Bob copies "pets/unicorn.png" to "archive/unicorn.png"
    Then it is refused as "NoSuchKey"

  Scenario: A file that is still the same is copied
    When Bob copies "pets/cat.png" to "archive/cat.png" only if it is still "cat.png"
    Then the copy succeeds
    And he can read "archive/cat.png"

  Scenario: A file that is another one by now is not copied
    When Bob copies "pets/cat.png" to "archive/cat.png" only if it is still "kitten.png"
    Then it is refused as "PreconditionFailed"
    And "archive/cat.png" is gone

  Scenario: A file is not copied again as long as it is the same
    When Bob copies "pets/cat.png" to "archive/cat.png" only if it is no longer "cat.png"
    Then it is refused as "PreconditionFailed"

  Scenario: A copy does not overwrite what it must not
    Given Bob has uploaded "dog.png" as "archive/pet.png"
    When he copies "pets/cat.png" to "archive/pet.png" only if nothing is there
    Then it is refused as "PreconditionFailed"
    And "archive/pet.png" holds the file "dog.png"
