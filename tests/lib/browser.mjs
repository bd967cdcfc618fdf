// A headless Chromium, driven by playwright-core: Debian's, never a download.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const places = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Starts Chromium; the caller closes it. */
export async function browser() {
  const executablePath = places.find((place) => place && existsSync(place));
  if (!executablePath) throw new Error("no Chromium found: apt-get install chromium, or set CHROMIUM");
  return chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/** A fresh person's browser: its own cookies. */
export async function person(chromium, options = {}) {
  const context = await chromium.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.refused = [];
  page.on("console", (line) => {
    if (/Content Security Policy/i.test(line.text())) page.refused.push(line.text());
  });
  page.on("response", (answer) => {
    const part = answer.request().resourceType() !== "document";
    if (part && answer.status() >= 400) page.refused.push(`${answer.status()} ${answer.url()}`);
  });
  return page;
}

/** Fills the sign-in form that is on the page and waits until the browser has left it. */
export async function signIn(page, { email, password }) {
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const levels = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];

/** The widths and themes in which every page is looked at. */
export const looks = [390, 1280].flatMap((width) => ["light", "dark"].map((colorScheme) => ({ width, colorScheme })));

/** Goes to a page and checks that it fits, has one heading, keeps its policy and passes axe (WCAG 2.2 AA). */
export async function looksRight(page, url) {
  await page.goto(url);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${url} is ${wide} px too wide`);
  assert.equal(await page.locator("h1").count(), 1, `${url} has one h1`);
  assert.deepEqual(page.refused, [], `${url} keeps its Content-Security-Policy and finds all its parts`);
  const script = `${axe}; axe.run({ runOnly: ${JSON.stringify(levels)} }).then((found) => found.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" ")))`;
  assert.deepEqual(await page.evaluate(script), [], `${url} passes axe`);
}
