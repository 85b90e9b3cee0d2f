/**
 * A Chromium that opens one page at a time, by puppeteer-core: what tests and screenshots need to see a page as a
 * browser does.
 *
 * @module
 */
import puppeteer, { type Browser } from "puppeteer-core";

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
  /** Files to choose in the page's first file field, before anything is asked. */
  files?: string[];
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
  const browser = await puppeteer.launch({
    executablePath: path,
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
    protocolTimeout: 600_000,
  });
  try {
    return await use((options) => visit(browser, options));
  } finally {
    await browser.close();
  }
}

async function visit(
  browser: Browser,
  { url, width, theme, expression, until, patience = 60_000, files, screenshot }: VisitOptions,
): Promise<PageVisit> {
  const page = await browser.newPage();
  try {
    const messages: string[] = [], requests: string[] = [];
    page.on("console", (message) => messages.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => messages.push(`exception: ${error instanceof Error ? error.message : error}`));
    page.on("request", (request) => {
      if (request.url() !== url && !request.url().startsWith("data:")) requests.push(request.url());
    });
    await page.setViewport({ width, height: 900, deviceScaleFactor: 1, isMobile: width < 600 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
    await page.goto(url, { waitUntil: "load", timeout: patience });
    if (files) {
      const input = await page.waitForSelector("input[type=file]");
      await (input as unknown as { uploadFile(...paths: string[]): Promise<void> }).uploadFile(...files);
    }
    if (until) {
      await page.waitForFunction(until, { polling: 500, timeout: patience }).catch((error) => {
        throw new Error(`${url}: not true after ${patience / 1000} s: ${until}\n${messages.join("\n")}`, {
          cause: error,
        });
      });
    }
    const value = await page.evaluate(expression).catch((error) => {
      throw new Error(`${url}: ${error instanceof Error ? error.message : error}\n${expression}`, { cause: error });
    });
    if (screenshot) await Deno.writeFile(screenshot, await page.screenshot({ fullPage: true }));
    return { messages, requests, value };
  } finally {
    await page.close();
  }
}
