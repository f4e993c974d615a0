@api(s3) @owner(storage)
Feature: Downloading files

  Background:
    Given Bob owns the bucket "images"
    And the file "cat.png" of 10 KiB
    And Bob has uploaded "cat.png" as "pets/cat.png"

  Scenario: The details of a file tell its size
    When Bob asks for the details of it
    Then the check succeeds
    And its size is 10 KiB

  Scenario: The details of a file tell its ETag
    When Bob asks for the details of it
    Then its ETag is that of "cat.png"

  Scenario: A download can be given another type
    When Bob reads it as a file of the type "text/plain"
    Then he gets the file "cat.png"
    And it comes with the headers
      | Content-Type | text/plain |

  Scenario: A download can be given another name
    When Bob reads it to be saved as "our cat.png"
    Then it comes with the headers
      | Content-Disposition | attachment; filename="our cat.png" |

  Scenario: The details of a file that was never uploaded are refused
    When Bob asks for the details of "pets/unicorn.png"
    Then it is refused as "NoSuchKey"
