@api(s3) @owner(storage)
Feature: Noting things beside a file

  Background:
    Given Bob owns the bucket "images"

  @smoke
  Scenario: Metadata comes back with the file
    Given Bob has uploaded "cat.png" as "pets/cat.png" with the metadata
      | colour | deep black |
      | Size   | small      |
    When he reads it
    Then it comes with the metadata
      | colour | deep black |
      | size   | small      |

  Scenario: Metadata comes with the details of a file
    Given Bob has uploaded "cat.png" as "pets/cat.png" with the metadata
      | colour | black |
    When he asks for the details of it
    Then it comes with the metadata
      | colour | black |

  Scenario: A file comes with the type it was uploaded with
    Given Bob has uploaded "cat.png" as "pets/cat.png" with the headers
      | Content-Type | image/png |
    When he reads it
    Then it comes with the headers
      | Content-Type | image/png |

  Scenario: A file comes with what browsers are to make of it
    Given Bob has uploaded "cat.png" as "pets/cat.png" with the headers
      | Cache-Control       | max-age=60, private           |
      | Content-Disposition | attachment; filename="cat.png" |
      | Content-Language    | de-AT                         |
    When he asks for the details of it
    Then it comes with the headers
      | Cache-Control       | max-age=60, private           |
      | Content-Disposition | attachment; filename="cat.png" |
      | Content-Language    | de-AT                         |

  Scenario: A new upload does not keep old metadata
    Given Bob has uploaded "cat.png" as "pets/cat.png" with the metadata
      | colour | black |
    When he uploads "kitten.png" as "pets/cat.png"
    And he reads it
    Then it comes without the metadata "colour"

  Scenario: Metadata of 2048 bytes is not too much
    When Bob uploads "cat.png" as "pets/cat.png" with 2048 bytes of metadata
    Then the upload succeeds

  Scenario: Metadata of 2049 bytes is too much
    When Bob uploads "cat.png" as "pets/cat.png" with 2049 bytes of metadata
    Then it is refused as "MetadataTooLarge"
