@api(s3) @owner(storage)
Feature: Uploading files
  Whatever was uploaded is there, byte for byte, as soon as the upload has been answered.

  Background:
    Given Bob owns the bucket "images"

  @smoke
  Scenario: A file that was uploaded can be read
    Given the file "cat.png" of 10 KiB
    When Bob uploads "cat.png" as "pets/cat.png"
    Then the upload succeeds
    And he can read "pets/cat.png"

  Scenario: An empty file can be uploaded and read
    Given the file "nothing.txt" of 0 bytes
    When Bob uploads "nothing.txt" as "notes/nothing.txt"
    Then the upload succeeds
    And he can read it

  Scenario: A file of several MiB can be uploaded in one piece
    Given the file "film.mp4" of 5 MiB
    When Bob uploads "film.mp4" as "films/film.mp4"
    Then the upload succeeds
    And he can read it

  Scenario: The ETag of an upload is that of the file
    When Bob uploads "cat.png" as "pets/cat.png"
    Then the upload succeeds
    And its ETag is that of "cat.png"
