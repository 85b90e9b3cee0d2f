/**
 * What the tests use of Deno, on Node: files from `@deno/shim-deno`, tests by `node:test`. It stands in for the global `Deno` in
 * bundled tests only; src/ must do without.
 *
 * @module
 */
import { Deno as shim } from "@deno/shim-deno";
import { test } from "node:test";

type Work = (context: { step(name: string, work: () => unknown): Promise<boolean> }) => unknown;

/** One test of `Deno.test` in the forms that the tests use. */
function register(first: string | { name: string; ignore?: boolean; fn: Work }, second?: Work | object, third?: Work) {
  const definition = typeof first === "string"
    ? { name: first, ...typeof second === "object" ? second : {}, fn: (typeof second === "function" ? second : third)! }
    : first;
  const { name, fn } = definition, ignore = "ignore" in definition && definition.ignore === true;
  test(name, { skip: ignore }, async (context) => {
    await fn({
      step: async (name, work) => {
        await context.test(name, async () => void await work());
        return true;
      },
    });
  });
}

register.ignore = (name: string, fn: Work) => register({ name, ignore: true, fn });

// under this name esbuild puts it in place of the global one, in tests
export { namespace as Deno };
const namespace = { ...shim, test: register };
