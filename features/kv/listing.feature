@api(kv)
Feature: Listing
  Keys are listed in order and in pages, below a prefix.

  Background:
    When the client sends PUT "/v1/keys/{key a}-1" with the body "one"
    And the client sends PUT "/v1/keys/{key a}-2" with the body "two"
    And the client sends PUT "/v1/keys/{key a}-3" with the body "three"

  Scenario: Keys below a prefix are listed in order
    When the client sends GET "/v1/keys?prefix={key a}"
    Then the status is 200
    And "$.keys" has 3 entries
    And "$.keys" is the JSON
      """
      ["{key a}-1", "{key a}-2", "{key a}-3"]
      """
    And "$.more" is false

  Scenario: A page says that there is more
    When the client sends GET "/v1/keys" with the query
      | prefix | {key a} |
      | limit  | 2       |
    Then "$.keys" has 2 entries
    And "$.more" is true

  Scenario: The next page begins behind the last key
    When the client sends GET "/v1/keys" with the query
      | prefix | {key a}   |
      | after  | {key a}-2 |
    Then "$.keys[0]" is "{key a}-3"
    And "$.keys[1]" does not exist
    And "$.more" is false

  Scenario: A deleted key is listed no more
    When the client sends DELETE "/v1/keys/{key a}-2"
    And the client sends GET "/v1/keys?prefix={key a}"
    Then "$.keys" contains "{key a}-3"
    And "$.keys" has 2 entries

  Scenario: Nothing below a prefix is an empty list
    When the client sends GET "/v1/keys?prefix={key a}-none"
    Then the status is 200
    And "$.keys" is the JSON
      """
      []
      """

  Scenario: A page is as the schema says
    When the client sends GET "/v1/keys?prefix={key a}"
    Then the header "content-type" contains "json"
    And the body fits the schema
      """
      {
        "type": "object",
        "required": ["keys", "more"],
        "properties": {
          "keys": {"type": "array", "items": {"type": "string"}},
          "more": {"type": "boolean"}
        }
      }
      """
