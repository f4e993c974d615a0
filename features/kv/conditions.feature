@api(kv)
Feature: Conditions
  Whoever knows the revision of an entry writes, deletes and reads on that condition.

  Background:
    Given the next request has the headers
      | accept | application/json |
    When the client sends PUT "/v1/keys/{key a}" with the body "first"
    And the header "etag" is captured as "revision"

  Scenario: The current revision may be replaced
    When the client sends PUT "/v1/keys/{key a}" with the headers
      | if-match | {revision} |
    Then the status is 200

  Scenario: Whoever comes second does not overwrite
    When the client sends PUT "/v1/keys/{key a}" with the body "second"
    And the client sends PUT "/v1/keys/{key a}" with the headers
      | if-match | {revision} |
    Then the status is 412
    And "$.error" is "precondition_failed"

  Scenario: What is there already is not made again
    When the client sends PUT "/v1/keys/{key a}" with the headers
      | if-none-match | * |
    Then the status is 412

  Scenario: What is not there yet is made once
    When the client sends PUT "/v1/keys/{key b}" with the headers
      | if-none-match | * |
    Then the status is 201

  Scenario: Another revision is not deleted
    Given the next request has the headers
      | if-match | "no-such-revision" |
    When the client sends DELETE "/v1/keys/{key a}"
    Then the status is 412
    When the client sends GET "/v1/keys/{key a}"
    Then the header "etag" is "{revision}"

  Scenario: What the reader knows already is not sent again
    When the client sends GET "/v1/keys/{key a}" with the headers
      | if-none-match | {revision} |
    Then the status is 304
    And the body is empty
    And the header "etag" is "{revision}"
