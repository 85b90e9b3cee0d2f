/**
 * The one place that knows which program runs this: Deno, Node, a browser. Everything else uses what they have in common
 * (`node:` modules, the web's own interfaces).
 *
 * @module
 */

/** A permission, or the part of it that is about one path or program. */
interface Permission {
  name: string;
  path?: string;
  command?: string;
}

/** What of Deno's namespace is used where Deno runs. */
interface DenoNamespace {
  readonly version: { readonly deno: string };
  readonly errors: Readonly<Record<string, new (message: string) => Error>>;
  readonly jupyter?: unknown;
  readonly permissions: { querySync(permission: Permission): { state: string } };
  dlopen(
    library: string,
    symbols: { clock_gettime: { parameters: ["i32", "buffer"]; result: "i32" } },
  ): { symbols: { clock_gettime(id: number, into: Uint8Array): number } };
  openSync(path: string, options: { read?: boolean; append?: boolean }): Appender & {
    tryLockSync(exclusive: boolean): boolean;
  };
  bench(definition: {
    name: string;
    group: string;
    baseline?: boolean;
    fn(timer: { start(): void; end(): void }): Promise<void>;
  }): void;
}

/** A file that bytes are appended to while this thread goes on. */
export interface Appender {
  /** Appends some of the bytes; resolves to how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Closes the file. */
  close(): void;
}

/** Deno's namespace; undefined in other programs. */
export function denoNamespace(): DenoNamespace | undefined {
  return (globalThis as unknown as { Deno?: DenoNamespace }).Deno;
}

/** What the notebook kernel that this runs in offers; undefined outside notebooks. */
export function notebookKernel(): unknown {
  try {
    return denoNamespace()?.jupyter;
  } catch { // Deno throws where there is no kernel
    return undefined;
  }
}

/** The version of the program: `{ deno: "2.9.6" }`, or `{ deno: null, node: "20.20.2" }`. */
export function hostVersion(): { deno: string | null; node?: string } {
  const deno = denoNamespace();
  if (deno) return { deno: deno.version.deno };
  return { deno: null, node: (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node };
}

/** The error for a file that is not there, as the program's own functions throw it: Deno's class, else one with a code. */
export function fileNotFound(message: string): Error {
  const NotFound = denoNamespace()?.errors.NotFound ?? Error;
  return Object.assign(new NotFound(message), { code: "ENOENT" });
}

/** Whether an error is of one of Deno's own classes for what the system reports. */
export function isDenoError(error: unknown): boolean {
  return Object.values(denoNamespace()?.errors ?? {}).some((type) => error instanceof type);
}

/**
 * Locks a file against other processes until it is closed: `held` where another process has it, `unsupported` where the program
 * (Node) or the file system has no locks. Throws the system's error for a file that cannot be opened.
 */
export function tryLock(path: string): { close(): void } | "held" | "unsupported" {
  const deno = denoNamespace();
  if (!deno) return "unsupported";
  const file = deno.openSync(path, { read: true });
  try {
    if (file.tryLockSync(true)) return file;
  } catch {
    file.close();
    return "unsupported";
  }
  file.close();
  return "held";
}

/**
 * Opens a file to append to it while this thread goes on: `node:fs` of Deno writes on the thread that calls. Undefined where the
 * program is not Deno.
 */
export function denoAppender(path: string): Appender | undefined {
  return denoNamespace()?.openSync(path, { append: true });
}

/** Whether a permission is granted already, so that using it asks nothing. Programs without permissions grant all. */
export function isGranted(permission: Permission): boolean {
  const deno = denoNamespace();
  return !deno || deno.permissions.querySync(permission).state === "granted";
}

/**
 * The C library's `clock_gettime`: writes the clock's seconds and nanoseconds, two 64-bit integers, and returns 0. Undefined
 * where the program is not Deno or may not call it.
 */
export function clockGettime(library: string): ((id: number, into: Uint8Array) => number) | undefined {
  const deno = denoNamespace();
  if (!deno || !isGranted({ name: "ffi" })) return undefined;
  try {
    return deno.dlopen(library, { clock_gettime: { parameters: ["i32", "buffer"], result: "i32" } })
      .symbols.clock_gettime;
  } catch {
    return undefined; // another C library
  }
}
