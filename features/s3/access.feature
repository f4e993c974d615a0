@api(s3) @owner(storage)
Feature: Keeping files private
  What nobody was given a right to is closed to everybody but its owner.

  Background:
    Given Bob owns the bucket "images"
    And Bob has uploaded "cat.png" as "pets/cat.png"

  @smoke
  Scenario: The owner can read a file, and another account cannot
    Then Bob can read it
    But Alice cannot read it

  @smoke
  Scenario: Nobody can read a file without signing in
    Then nobody can read it without signing in

  Scenario: Another account is not told whether a file is there
    When Alice reads "pets/unicorn.png"
    Then it is refused as "AccessDenied"

  Scenario: Another account is not told the details of a file
    When Alice asks for the details of it
    Then it is refused as "AccessDenied"

  Scenario: Another account cannot overwrite a file
    When Alice uploads "dog.png" as "pets/cat.png"
    Then it is refused as "AccessDenied"
    And Bob can read it

  Scenario: Another account cannot delete a file
    When Alice deletes "pets/cat.png"
    Then it is refused as "AccessDenied"
    And Bob can read it

  Scenario: Another account cannot list files
    When Alice lists "pets/"
    Then it is refused as "AccessDenied"

  Scenario: Nobody can upload a file without signing in
    When somebody uploads "dog.png" as "pets/cat.png" without signing in
    Then it is refused as "AccessDenied"
    And "pets/cat.png" holds the file "cat.png"

  Scenario: Nobody can delete a file without signing in
    When somebody deletes it without signing in
    Then it is refused as "AccessDenied"
    And Bob can read it

  Scenario: Nobody can list files without signing in
    When somebody lists the bucket without signing in
    Then it is refused as "AccessDenied"

  Scenario: A link lets others read a file
    When somebody reads it through a link that Bob has signed
    Then he gets the file "cat.png"

  Scenario: A link that has expired lets nobody in
    When somebody reads it through a link of Bob that has expired
    Then it is refused as "AccessDenied"

  Scenario Outline: Whoever signs in with <mistake> is refused
    When Bob reads it, signing in with "<mistake>"
    Then it is refused as "<code>"

    Examples:
      | mistake               | code                  |
      | a wrong secret        | SignatureDoesNotMatch |
      | an unknown access key | InvalidAccessKeyId    |
      | a wrong clock         | RequestTimeTooSkewed  |
