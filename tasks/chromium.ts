/**
 * A Chromium that opens one page at a time, by the DevTools protocol: what tests and screenshots need to see a page as a
 * browser does.
 *
 * @module
 */

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Where Chromium is: `LAYERFUSE_CHROMIUM`, or one of the usual places; undefined where there is none. */
export function findChromium(): string | undefined {
  const chosen = Deno.env.get("LAYERFUSE_CHROMIUM");
  return [...chosen ? [chosen] : [], ...PLACES].find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/** What a browser saw of a page. */
export interface PageVisit {
  /** Messages of the console and of the log, errors and warnings. */
  messages: string[];
  /** Addresses it asked for, other than the page itself and `data:`. */
  requests: string[];
  /** What the expression evaluated to. */
  // deno-lint-ignore no-explicit-any
  value: any;
}

/** How a page is opened. */
export interface VisitOptions {
  url: string;
  width: number;
  theme: "light" | "dark";
  /** JavaScript evaluated in the page when it has loaded; a promise is awaited. */
  expression: string;
  /** JavaScript that must become true before `expression` is evaluated; asked twice a second. */
  until?: string;
  /** Milliseconds to wait for `until`, 60,000 when absent. */
  patience?: number;
  /** Writes a PNG of the whole page here. */
  screenshot?: string;
}

/** Starts Chromium, lets the callback open pages, and ends it. */
export async function withChromium<T>(
  path: string,
  use: (visit: (options: VisitOptions) => Promise<PageVisit>) => Promise<T>,
): Promise<T> {
  const profile = await Deno.makeTempDir();
  const child = new Deno.Command(path, {
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--remote-debugging-port=0",
      `--user-data-dir=${profile}`,
      "about:blank",
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const errors = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let devtools: DevTools | undefined;
  try {
    let said = "", address: string | undefined;
    while (!(address = /DevTools listening on (ws:\S+)\s/.exec(said)?.[1])) {
      const { value, done } = await errors.read();
      if (done) throw new Error(`${path} ended before it could be used:\n${said}`);
      said += value;
    }
    devtools = await DevTools.connect(address);
    const tools = devtools;
    return await use((options) => visit(tools, options));
  } finally {
    await devtools?.close();
    await errors.cancel().catch(() => {});
    try {
      child.kill("SIGKILL");
    } catch { /* it has ended by itself */ }
    await child.status;
    await Deno.remove(profile, { recursive: true }).catch(() => {});
  }
}

async function visit(
  tools: DevTools,
  { url, width, theme, expression, until, patience = 60_000, screenshot }: VisitOptions,
): Promise<PageVisit> {
  const { targetId } = await tools.send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await tools.send("Target.attachToTarget", { targetId, flatten: true });
  const messages: string[] = [], requests: string[] = [];
  const loaded = new Promise<void>((resolve) => {
    // deno-lint-ignore no-explicit-any
    tools.listen(sessionId, (method, params: any) => {
      if (method === "Page.loadEventFired") resolve();
      if (method === "Log.entryAdded") messages.push(`${params.entry.level}: ${params.entry.text}`);
      if (method === "Runtime.exceptionThrown") messages.push(`exception: ${params.exceptionDetails.text}`);
      if (method === "Runtime.consoleAPICalled") messages.push(`console.${params.type}`);
      if (
        method === "Network.requestWillBeSent" && params.request.url !== url && !params.request.url.startsWith("data:")
      ) {
        requests.push(params.request.url);
      }
    });
  });
  for (const domain of ["Page", "Log", "Runtime", "Network"]) await tools.send(`${domain}.enable`, {}, sessionId);
  await tools.send("Emulation.setDeviceMetricsOverride", {
    width,
    height: 900,
    deviceScaleFactor: 1,
    mobile: width < 600,
  }, sessionId);
  await tools.send(
    "Emulation.setEmulatedMedia",
    { features: [{ name: "prefers-color-scheme", value: theme }] },
    sessionId,
  );
  await tools.send("Page.navigate", { url }, sessionId);
  await loaded;
  const evaluate = async (expression: string) => {
    const options = { expression, returnByValue: true, awaitPromise: true };
    const { result, exceptionDetails } = await tools.send("Runtime.evaluate", options, sessionId);
    if (!exceptionDetails) return result.value;
    throw new Error(`${url}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}\n${expression}`);
  };
  const end = performance.now() + patience;
  while (until && !await evaluate(until)) {
    if (performance.now() > end) {
      throw new Error(`${url}: not true after ${patience / 1000} s: ${until}\n${messages.join("\n")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const value = await evaluate(expression);
  if (screenshot) {
    const { data } = await tools.send("Page.captureScreenshot", { captureBeyondViewport: true }, sessionId);
    await Deno.writeFile(screenshot, Uint8Array.from(atob(data), (character) => character.charCodeAt(0)));
  }
  await tools.send("Target.closeTarget", { targetId });
  return { messages, requests, value };
}

/** The DevTools protocol over its WebSocket. */
class DevTools {
  #next = 1;
  // deno-lint-ignore no-explicit-any
  readonly #waiting = new Map<number, { resolve: (value: any) => void; reject: (error: Error) => void }>();
  readonly #listeners = new Map<string, (method: string, params: unknown) => void>();
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const { id, result, error, method, params, sessionId } = JSON.parse(data);
      if (id === undefined) return this.#listeners.get(sessionId)?.(method, params);
      const { resolve, reject } = this.#waiting.get(id)!;
      this.#waiting.delete(id);
      if (error) reject(new Error(error.message));
      else resolve(result);
    });
  }

  static async connect(address: string): Promise<DevTools> {
    const socket = new WebSocket(address);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve, { once: true });
      socket.addEventListener("error", reject, { once: true });
    });
    return new DevTools(socket);
  }

  // deno-lint-ignore no-explicit-any
  send(method: string, params: unknown, sessionId?: string): Promise<any> {
    const id = this.#next++;
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  listen(sessionId: string, listener: (method: string, params: unknown) => void): void {
    this.#listeners.set(sessionId, listener);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.addEventListener("close", resolve, { once: true }));
    this.#socket.close();
    await closed;
  }
}
