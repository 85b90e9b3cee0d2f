/** Saves the fused model of `IN` to `OUT` again and again, until it is killed: `killed_save.ts IN OUT EXTERNAL_DATA`. */
import { fuse } from "../../src/fusion/mod.ts";

const [from, to, externalData] = Deno.args;
for (let turn = 0;; turn++) {
  const { model } = await fuse(from);
  if (turn === 0) console.log("begun");
  await model.save(to, { externalData });
}
