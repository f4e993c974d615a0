// Prints what the schemas of Argo Rollouts have against the objects on standard input, a JSON array of them.
import { readFileSync } from "node:fs";
import * as known from "@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1";

for (const object of JSON.parse(readFileSync(0, "utf8"))) {
  const Kind = object.apiVersion === "argoproj.io/v1alpha1" ? known[object.kind] : undefined;
  if (!Kind) {
    console.log(`${object.apiVersion} ${object.kind} is no kind of Argo Rollouts`);
    continue;
  }
  try {
    new Kind(object).validate();
  } catch (error) {
    console.log(String(error.message ?? error));
  }
}
