@api(tickets) @owner(desk)
Feature: Tickets at the desk

  Scenario: A new ticket is open and has a number
    When Ann opens the ticket "printer" about "no paper"
    Then the ticket has a number
    And it is open

  Scenario: A ticket that was closed stays closed
    Given Ann has opened the ticket "printer" about "no paper"
    When Ben closes it
    Then it is closed

  Scenario: Nobody closes a ticket twice
    Given Ann has opened the ticket "printer" about "no paper"
    When Ben closes it
    And Ben closes it
    Then the desk says "closed"

  Scenario: A name is given once
    Given Ann has opened the ticket "printer" about "no paper"
    When Ben opens the ticket "printer" about "on fire"
    Then the desk says "taken"

  Scenario: Whoever knows the path needs no phrase
    When the client sends PUT "/tickets/{ticket lamp}" with the body
      """
      it flickers
      """
    Then the status is 201
    And the answer has the header "ticket-number"
