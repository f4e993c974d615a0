@api(s3) @owner(storage)
Feature: Going through a long list page by page

  Background:
    Given Bob owns the bucket "images"
    And Bob has uploaded these files
      | pets/bird.png |
      | pets/cat.png  |
      | pets/dog.png  |

  @smoke
  Scenario: Every file is on one page
    When Bob lists "pets/" 2 at a time
    Then the page holds
      | pets/bird.png |
      | pets/cat.png  |
    When Bob asks for the next page
    Then the last page holds
      | pets/dog.png |

  Scenario: A page that has room for all is the last
    When Bob lists "pets/" 3 at a time
    Then the last page holds
      | pets/bird.png |
      | pets/cat.png  |
      | pets/dog.png  |

  Scenario: A page that nobody has told of is refused
    When Bob lists "pets/" from the page "" on
    Then it is refused as "InvalidArgument"

  Scenario: Old programs go on after the last name
    When Bob lists "pets/" the old way, 2 at a time
    Then the page holds
      | pets/bird.png |
      | pets/cat.png  |
    When Bob goes on after "pets/cat.png"
    Then the last page holds
      | pets/dog.png |
