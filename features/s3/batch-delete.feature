@api(s3) @owner(storage)
Feature: Deleting many files at once

  Background:
    Given Bob owns the bucket "images"
    And Bob has uploaded these files
      | pets/bird.png |
      | pets/cat.png  |
      | pets/dog.png  |

  @smoke
  Scenario: Files that are deleted at once are gone
    When Bob deletes at once
      | pets/bird.png |
      | pets/dog.png  |
    Then he is told that these are deleted
      | pets/bird.png |
      | pets/dog.png  |
    And the list of "pets/" holds
      | pets/cat.png |

  Scenario: A name that is not there counts as deleted
    When Bob deletes at once
      | pets/cat.png     |
      | pets/unicorn.png |
    Then he is told that these are deleted
      | pets/cat.png     |
      | pets/unicorn.png |

  Scenario: Whoever asks for errors only is told of none
    When Bob deletes at once, asking for errors only
      | pets/bird.png |
      | pets/cat.png  |
    Then he is told of no file
    And the list of "pets/" holds
      | pets/dog.png |

  Scenario: A thousand files can be deleted at once
    When Bob deletes 1000 files at once
    Then the batch succeeds

  Scenario: More than a thousand files at once are refused
    When Bob deletes 1001 files at once
    Then it is refused as "MalformedXML"
