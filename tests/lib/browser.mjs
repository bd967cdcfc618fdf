// A headless Chromium, driven by playwright-core: Debian's, never a download.
import { existsSync } from "node:fs";
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
