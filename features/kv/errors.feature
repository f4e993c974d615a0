@api(kv)
Feature: Errors
  What cannot be done is refused with a code and in words.

  Scenario: What was never stored is not found
    When the client sends GET "/v1/keys/{key a}"
    Then the status is 404
    And "$.error" is "not_found"
    And "$.message" exists

  Scenario: What is not there cannot be deleted
    When the client sends DELETE "/v1/keys/{key a}"
    Then the status is 404
    And the body contains "not_found"

  Scenario Outline: A key with <what> is refused
    When the client sends PUT "/v1/keys/{key a}<end>" with the body "v"
    Then the status is 400
    And "$.error" is "bad_key"

    Examples:
      | what         | end   |
      | a capital    | A     |
      | a blank      | %20b  |
      | another sign | %2Bb  |

  Scenario Outline: A limit of <limit> is refused
    When the client sends GET "/v1/keys?prefix={key a}&limit=<limit>"
    Then the status is 400
    And "$.error" is "bad_limit"
    And "$.keys" does not exist

    Examples:
      | limit |
      | 0     |
      | 101   |
      | many  |
