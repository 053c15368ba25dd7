// Rows of JSON Schemas by json-schema-faker, with its defaults: a line of JSON in, a line of JSON out.
//
//     npm install --prefix FOLDER json-schema-faker
//     node conformance.mjs FOLDER < requests
//
// In: {"schema": ..., "rows": 1000, "limit": 20}. Out: {"rows": [...], "seconds": 0.1} or {"failure": "..."}; fewer rows
// where the limit, in seconds, is over before. It is asked without promises, which is its faster way. A value that JSON
// does not have is written as {"undefined": true}.

import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const main = createRequire(join(process.argv[2], "package.json")).resolve.paths("json-schema-faker")[0];
const { createGeneratorSync } = await import(pathToFileURL(join(main, "json-schema-faker/dist/index.js")));

function made({ schema, rows, limit }) {
  const generator = createGeneratorSync({ seed: 0 });
  const started = performance.now();
  const values = [];
  while (values.length < rows && performance.now() - started < limit * 1000) {
    const value = generator.generate(schema);
    values.push(value === undefined || Number.isNaN(value) ? { undefined: true } : value);
  }
  return { rows: values, seconds: (performance.now() - started) / 1000 };
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = JSON.stringify(made(JSON.parse(line)));
  } catch (error) {
    answer = JSON.stringify({ failure: String(error).split("\n")[0] });
  }
  process.stdout.write(answer + "\n");
}
