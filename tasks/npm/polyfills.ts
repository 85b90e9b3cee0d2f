/**
 * What Node 20 and 22 lack of the language that src/ is written in; each installs itself only where it is missing. Bundled into
 * the npm package, so that it has no dependency more.
 *
 * @module
 */
import "core-js/actual/array/from-async.js";
import "core-js/actual/async-disposable-stack/index.js";
import "core-js/actual/disposable-stack/index.js";
import "core-js/actual/iterator/index.js";
import "core-js/actual/map/group-by.js";
import "core-js/actual/object/group-by.js";
import "core-js/actual/promise/with-resolvers.js";
import "core-js/actual/promise/try.js";
import "core-js/actual/set/index.js";
import "core-js/actual/typed-array/to-hex.js";
import "core-js/actual/typed-array/to-base64.js";
import "core-js/actual/typed-array/from-base64.js";
import { Float16Array as Polyfill } from "@petamoriken/float16";

const native = (globalThis as { Float16Array?: typeof Polyfill }).Float16Array;

// under this name esbuild puts it in place of the global one
export { Float16 as Float16Array };
const Float16 = native ?? Polyfill;
