@api(s3) @owner(storage)
Feature: Looking into a folder
  There are no folders, but names with slashes look like them.

  Background:
    Given Bob owns the bucket "images"
    And Bob has uploaded these files
      | pets/cats/tom.png  |
      | pets/cats/zoe.png  |
      | pets/dogs/rex.png  |
      | pets/readme.txt    |

  Scenario: A folder holds its files and folders, each once
    Then the folder "pets/" holds
      | folder | pets/cats/      |
      | folder | pets/dogs/      |
      | file   | pets/readme.txt |

  Scenario: A folder does not hold what lies in its folders
    Then the folder "pets/cats/" holds
      | file | pets/cats/tom.png |
      | file | pets/cats/zoe.png |

  Scenario: A folder disappears with its last file
    When Bob deletes "pets/dogs/rex.png"
    Then the folder "pets/" holds
      | folder | pets/cats/      |
      | file   | pets/readme.txt |

  Scenario: A folder counts as one entry of a page
    When Bob lists the folder "pets/" 2 at a time
    Then the page of the folder holds
      | folder | pets/cats/ |
      | folder | pets/dogs/ |
    When Bob asks for the next page
    Then the last page of the folder holds
      | file | pets/readme.txt |

  Scenario: Old programs get each folder on one page
    When Bob lists the folder "pets/" the old way, 1 at a time
    Then the page of the folder holds
      | folder | pets/cats/ |
    When Bob goes on after "pets/cats/"
    Then the page of the folder holds
      | folder | pets/dogs/ |
