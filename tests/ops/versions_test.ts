import { assert } from "@std/assert";
import { meansSame } from "../../src/ops/versions.ts";

Deno.test("an operator means the same where only its element types became more", () => {
  assert(meansSame("Conv", 13, 22) && meansSame("Conv", 13, 21) && meansSame("Reshape", 13, 25));
});

Deno.test("an operator may mean something else in an older set that it was changed after, and where its attributes became inputs", () => {
  assert(!meansSame("Conv", 22, 21) && !meansSame("Gelu", 20, 19) && !meansSame("ReduceMean", 17, 18));
  assert(meansSame("ReduceMean", 18, 20) && meansSame("Conv", 21, 15));
});

Deno.test("what operator sets before 13 and after the newest known meant is not said", () => {
  assert(!meansSame("Relu", 12, 13) && !meansSame("Relu", 26, 27));
});
