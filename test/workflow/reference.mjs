// Evaluates [{expr, states}] from standard input with the reference engine and writes one answer for each:
// {value}, {} when there is none, or {error}.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const jsonata = createRequire(process.argv[2] + "/")("jsonata");
const answers = [];
for (const { expr, states } of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    const value = await jsonata(expr).evaluate(undefined, { states });
    answers.push(value === undefined ? {} : { value });
  } catch (e) {
    answers.push({ error: `${e.code ?? ""} ${e.message}`.trim() });
  }
}
process.stdout.write(JSON.stringify(answers));
