// Takes pictures of the running program: the one that the README shows into docs/images, the others into target/look.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { browser, person, signIn } from "./lib/browser.mjs";
import { start } from "./lib/server.mjs";

const kept = fileURLToPath(new URL("../docs/images/", import.meta.url));
const folder = fileURLToPath(new URL("../target/look/", import.meta.url));
mkdirSync(folder, { recursive: true });
const server = await start();
const chromium = await browser();
const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
const safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile/15E148 Safari/604.1";

async function signedIn(options) {
  const page = await person(chromium, { deviceScaleFactor: 2, ...options });
  await page.goto(`${server.issuer}/signin`);
  await signIn(page, server.users[0]);
  await page.waitForURL(/\/account/);
  return page;
}

try {
  const phone = await signedIn({ userAgent: safari });
  const page = await signedIn({ userAgent: firefox, viewport: { width: 1100, height: 720 } });
  await page.goto(`${server.issuer.replace("localhost", "session.localhost")}/`);
  await page.getByRole("link", { name: "Sign in" }).first().click();
  await page.getByText("The shop knows you").waitFor();
  await page.getByRole("button", { name: /^Add Rye bread/ }).click();
  await page.getByRole("button", { name: /^Add Heather honey/ }).click();
  await page.screenshot({ path: `${folder}shop.png` });
  await page.goto(`${server.issuer}/account`);
  await page.screenshot({ path: `${kept}account.png` });
  const door = await person(chromium, { deviceScaleFactor: 2, viewport: { width: 390, height: 700 }, colorScheme: "dark" });
  await door.goto(`${server.issuer}/signin`);
  await door.screenshot({ path: `${folder}signin.png` });
  const desk = await person(chromium, { deviceScaleFactor: 2, viewport: { width: 1280, height: 800 }, colorScheme: "dark" });
  await desk.goto(server.setup);
  await desk.getByLabel("E-mail").fill("olga@marsh.example");
  await desk.getByLabel("Password", { exact: true }).fill("nine small boats at anchor");
  await desk.getByRole("button", { name: "Make me the operator" }).click();
  await desk.goto(`${server.console}/admin/sessions`);
  await desk.screenshot({ path: `${folder}console.png` });
  await phone.close();
  const small = { deviceScaleFactor: 2, viewport: { width: 390, height: 800 } };
  const front = await person(chromium, small);
  await front.goto(server.issuer);
  await front.screenshot({ path: `${folder}front-390.png`, fullPage: true });
  for (const path of ["", "/sessions", "/users", "/apps/new", "/keys", "/audit"]) {
    const name = path.slice(1).replace("/", "-") || "now";
    await desk.goto(`${server.console}/admin${path}`);
    await desk.setViewportSize({ width: 390, height: 800 });
    await desk.screenshot({ path: `${folder}console-${name}-390.png`, fullPage: true });
    await desk.setViewportSize({ width: 1280, height: 800 });
    await desk.screenshot({ path: `${folder}console-${name}-1280.png`, fullPage: true });
  }
} finally {
  await chromium.close();
  await server.stop();
}
