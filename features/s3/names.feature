@api(s3) @owner(storage)
Feature: Files under any name
  A name is a text, not a path: nobody may tidy it up.

  Background:
    Given Bob owns the bucket "images"

  Scenario Outline: A file can have a name with <what>
    When Bob uploads "cat.png" as "<name>"
    Then the upload succeeds
    And he can read "<name>"
    And the list of "<name>" holds
      | <name> |

    Examples:
      | what                    | name                     |
      | a space                 | our cat.png              |
      | a plus                  | cat+dog.png              |
      | a percent sign          | 100%.png                 |
      | an escaped space        | our%20cat.png            |
      | an escaped slash        | pets%2Fcat.png           |
      | an umlaut               | Kätzchen.png             |
      | Japanese letters        | ペット/猫.png            |
      | an emoji                | 😀.png                   |
      | a question mark         | cat?colour=black&small   |
      | a hash sign             | cat#1.png                |
      | marks of XML            | 5 > 4 & 4 < 5 &amp;.png  |
      | brackets and quotes     | it's (one) [cat] {1}.png |
      | a slash in front        | /cat.png                 |
      | a slash at the end      | pets/                    |
      | two slashes in a row    | pets//cat.png            |
      | a dot as a folder       | pets/./cat.png           |
      | two dots as a folder    | pets/../cat.png          |

  Scenario Outline: Names that look alike are different names: <what>
    Given Bob has uploaded "cat.png" as "<one>"
    When he uploads "dog.png" as "<other>"
    Then "<one>" holds the file "cat.png"
    And "<other>" holds the file "dog.png"

    Examples:
      | what                       | one         | other       |
      | upper and lower case       | pets/Cat    | pets/cat    |
      | a plus and a space         | a+b         | a b         |
      | an escape and its letter   | %41         | A           |
      | one slash and two          | pets/cat    | pets//cat   |
      | with and without a slash   | pets        | pets/       |
      | an umlaut of one and two   | ü           | ü          |

  Scenario Outline: A file can be copied from a name with <what>
    Given Bob has uploaded "cat.png" as "<name>"
    When he copies "<name>" to "archive/cat.png"
    Then the copy succeeds
    And he can read "archive/cat.png"

    Examples:
      | what             | name          |
      | a space          | our cat.png   |
      | a plus           | cat+dog.png   |
      | a percent sign   | 100%.png      |
      | an emoji         | 😀.png        |
      | a question mark  | cat?small.png |

  Scenario: A name of 1024 bytes is not too long
    When Bob uploads "cat.png" under a name of 1024 bytes
    Then the upload succeeds
    And he can read it

  Scenario: A name of 1025 bytes is too long
    When Bob uploads "cat.png" under a name of 1025 bytes
    Then it is refused as "KeyTooLongError"

  Scenario: Files of many odd names can be deleted at once
    Given Bob has uploaded these files
      | odd/a+b & c |
      | odd/ä%20<   |
    When Bob deletes at once
      | odd/a+b & c |
      | odd/ä%20<   |
    Then the list of "odd/" is empty
