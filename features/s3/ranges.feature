@api(s3) @owner(storage)
Feature: Reading a part of a file
  Players and download managers read files piece by piece.

  Background:
    Given Bob owns the bucket "texts"
    And the file "letters.txt" that says "abcdefghij"
    And Bob has uploaded "letters.txt" as "books/letters.txt"

  @smoke
  Scenario: The first bytes of a file can be read
    When Bob reads bytes 0 to 2 of it
    Then he gets "abc"
    And it comes with the headers
      | Content-Range | bytes 0-2/10 |

  Scenario: A single byte can be read
    When Bob reads bytes 4 to 4 of it
    Then he gets "e"

  Scenario: A download goes on where it was broken off
    When Bob reads it from byte 6 on
    Then he gets "ghij"

  Scenario: The last bytes of a file can be read
    When Bob reads the last 3 bytes of it
    Then he gets "hij"

  Scenario: More last bytes than there are is the whole file
    When Bob reads the last 15 bytes of it
    Then he gets "abcdefghij"

  Scenario: A range that ends past the end is cut there
    When Bob reads bytes 8 to 100 of it
    Then he gets "ij"

  Scenario: A range past the end is refused
    When Bob reads bytes 10 to 20 of it
    Then it is refused as "InvalidRange"

  Scenario: The last none of the bytes are refused
    When Bob reads the last 0 bytes of it
    Then it is refused as "InvalidRange"

  Scenario Outline: A range that is none gives the whole file: <what>
    When Bob reads it with the range "<range>"
    Then he gets "abcdefghij"

    Examples:
      | what                       | range               |
      | several ranges             | bytes=0-1,3-4,7-9   |
      | it ends before it begins   | bytes=1-0           |
      | no unit                    | 0-8                 |

  Scenario: The end of a large file can be read
    Given the file "film.mp4" of 3 MiB
    And Bob has uploaded "film.mp4" as "films/film.mp4"
    When Bob reads the last 100 bytes of it
    Then he gets the last 100 bytes of the file "film.mp4"
