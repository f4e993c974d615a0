@api(s3) @owner(storage)
Feature: Finding files in a list

  Background:
    Given Bob owns the bucket "images"

  @smoke
  Scenario: A file is listed as soon as it is uploaded
    When Bob uploads "cat.png" as "pets/cat.png"
    Then the list of "pets/" holds
      | pets/cat.png |

  Scenario: A file is not listed any more once it is deleted
    Given Bob has uploaded these files
      | pets/cat.png |
      | pets/dog.png |
    When Bob deletes "pets/cat.png"
    Then the list of "pets/" holds
      | pets/dog.png |

  Scenario: A file that was overwritten is listed once
    Given Bob has uploaded "cat.png" as "pets/cat.png"
    When he uploads "kitten.png" as "pets/cat.png"
    Then the list of "pets/" holds
      | pets/cat.png |

  Scenario: What nothing begins with is an empty list
    Given Bob has uploaded "cat.png" as "pets/cat.png"
    Then the list of "people/" is empty

  Scenario: A list holds what begins so and nothing else
    Given Bob has uploaded these files
      | pets/cat.png    |
      | pets-old/ox.png |
      | petshop.png     |
    Then the list of "pets/" holds
      | pets/cat.png |

  Scenario: A list is sorted by the bytes of the names
    Given Bob has uploaded these files
      | names/😀 |
      | names/a  |
      | names/～ |
      | names/B  |
      | names/ü  |
    Then the list of "names/" holds
      | names/B  |
      | names/a  |
      | names/ü  |
      | names/～ |
      | names/😀 |

  Scenario: A list can begin after a name
    Given Bob has uploaded these files
      | pets/bird.png |
      | pets/cat.png  |
      | pets/dog.png  |
    When Bob lists what comes after "pets/bird.png" in "pets/"
    Then the last page holds
      | pets/cat.png |
      | pets/dog.png |
