@api(s3) @owner(storage)
Feature: Noticing a file that was damaged on its way

  Background:
    Given Bob owns the bucket "images"

  Scenario Outline: A file whose <checksum> is right is stored
    When Bob uploads "cat.png" as "pets/cat.png" with its <checksum>
    Then the upload succeeds
    And he can read it

    Examples:
      | checksum  |
      | MD5       |
      | CRC32     |
      | CRC32C    |
      | CRC64NVME |
      | SHA1      |
      | SHA256    |

  Scenario Outline: A file whose <checksum> is wrong is refused
    When Bob uploads "cat.png" as "pets/cat.png" with the <checksum> of "dog.png"
    Then it is refused as "BadDigest"
    And "pets/cat.png" is gone

    Examples:
      | checksum  |
      | MD5       |
      | CRC32     |
      | CRC32C    |
      | CRC64NVME |
      | SHA1      |
      | SHA256    |

  Scenario: An MD5 that is none is refused
    When Bob uploads "cat.png" as "pets/cat.png" with "no digest" for its MD5
    Then it is refused as "InvalidDigest"

  Scenario: A checksum that is none is refused
    When Bob uploads "cat.png" as "pets/cat.png" with "no digest" for its SHA256
    Then it is refused as "InvalidRequest"

  @aws
  Scenario Outline: A reader can ask for the <checksum> of a file
    Given Bob has uploaded "cat.png" as "pets/cat.png" with its <checksum>
    When he reads it with its checksum
    Then he gets the file "cat.png"
    And it comes with the <checksum> of "cat.png"

    Examples:
      | checksum  |
      | CRC32     |
      | CRC32C    |
      | CRC64NVME |
      | SHA1      |
      | SHA256    |

  Scenario: A part of a file does not come with the checksum of the whole
    Given the file "letters.txt" that says "abcdefghij"
    And Bob has uploaded "letters.txt" as "books/letters.txt" with its CRC32
    When he reads bytes 0 to 2 of it with its checksum
    Then he gets "abc"

  Scenario: A file that changes on its way is refused
    When Bob uploads "cat.png" as "pets/cat.png", and it changes on the way
    Then it is refused as "XAmzContentSHA256Mismatch"
    And "pets/cat.png" is gone
