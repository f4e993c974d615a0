@api(kv)
Feature: Entries
  A value is stored under a key, read back as it was, replaced and taken away.

  Scenario: A new entry is made
    When the client sends PUT "/v1/keys/{key a}" with the body "first"
    Then the status is 201
    And the answer has the header "etag"

  Scenario: An entry is read as it was stored
    When the client sends PUT "/v1/keys/{key a}" with the body
      """
      two lines
      of text
      """
    And the client sends GET "/v1/keys/{key a}"
    Then the status is 200
    And the body is
      """
      two lines
      of text
      """

  Scenario: A file is read byte for byte
    When the client sends PUT "/v1/keys/{key a}" with the file "cat.png"
    And the client sends GET "/v1/keys/{key a}"
    Then the status is 200
    And the body is the file "cat.png"

  Scenario: A second value replaces the first
    When the client sends PUT "/v1/keys/{key a}" with the body "first"
    And the client sends PUT "/v1/keys/{key a}" with the body "second"
    Then the status is 200
    When the client sends GET "/v1/keys/{key a}"
    Then the body is "second"

  Scenario: An empty value is a value
    When the client sends PUT "/v1/keys/{key a}"
    And the client sends GET "/v1/keys/{key a}"
    Then the status is 200
    And the body is empty

  Scenario: A deleted entry is gone
    When the client sends PUT "/v1/keys/{key a}" with the body "first"
    And the client sends DELETE "/v1/keys/{key a}"
    Then the status is 204
    When the client sends GET "/v1/keys/{key a}"
    Then the status is 404

  Scenario: A write is seen at once
    When the client sends PUT "/v1/keys/{key a}" with the body "first"
    And the client asks GET "/v1/keys/{key a}" until the status is 200, for at most 2 seconds
    Then the body has 5 bytes
