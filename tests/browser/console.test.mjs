// The operator's way: the set-up link works once, applications and sessions are in reach, an ending here ends there.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, looks, looksRight, person, signIn } from "../lib/browser.mjs";
import { start } from "../lib/server.mjs";

const operator = { email: "olga@marsh.example", password: "nine small boats at anchor" };
let server, chromium;

before(async () => {
  server = await start();
  chromium = await browser();
});

after(async () => {
  await chromium?.close();
  await server?.stop();
});

test("the set-up link makes one operator, without JavaScript, and then no more", async () => {
  const page = await person(chromium, { javaScriptEnabled: false });
  await page.goto(server.setup);
  await page.getByLabel("E-mail").fill(operator.email);
  await page.getByLabel("Password", { exact: true }).fill(operator.password);
  await page.getByRole("button", { name: "Make me the operator" }).click();
  await page.waitForURL(/\/admin(\?|$)/);
  const second = await person(chromium);
  await second.goto(server.setup);
  assert.equal(await second.getByRole("button", { name: "Make me the operator" }).count(), 0);
  for (const each of [page, second]) await each.context().close();
});

test("an operator registers an application and sees its secret once, and ends a person's session", async () => {
  const page = await person(chromium);
  await page.goto(`${server.console}/admin`);
  await signIn(page, operator);
  await page.waitForURL(/\/admin(\?|$)/);

  await page.goto(`${server.console}/admin/apps/new`);
  await page.getByLabel("Name", { exact: true }).fill("Book club");
  await page.locator("input[name=client]").fill("bookclub");
  await page.locator("textarea[name=redirects], input[name=redirects]").fill("http://127.0.0.1:4999/callback");
  await page.getByRole("button", { name: "Add the app" }).click();
  await page.getByText(/cs_ak_/).first().waitFor();
  await page.goto(`${server.console}/admin/apps/bookclub`);
  assert.equal(await page.getByText(/cs_ak_/).count(), 0, "the secret is shown once");

  const ada = await person(chromium);
  await ada.goto(`${server.issuer}/signin`);
  await signIn(ada, server.users[0]);
  await ada.waitForURL(/\/account/);
  await page.goto(`${server.console}/admin/sessions?q=${encodeURIComponent(server.users[0].email)}`);
  await page.locator('a[href^="/admin/sessions/"]').first().click();
  const end = page.getByRole("button", { name: /^End/ });
  if (!(await end.first().isVisible())) await page.locator("summary").first().click();
  await end.first().click();
  await page.waitForLoadState();
  await ada.goto(`${server.issuer}/account`);
  assert.match(ada.url(), /\/signin/);
  for (const each of [page, ada]) await each.context().close();
});

for (const { width, colorScheme } of looks) {
  test(`console pages fit and pass axe at ${width} px in ${colorScheme}`, async () => {
    const page = await person(chromium, { viewport: { width, height: 900 }, colorScheme });
    await page.goto(`${server.console}/admin`);
    await signIn(page, operator);
    await page.waitForURL(/\/admin(\?|$)/);
    for (const path of ["/admin", "/admin/sessions", "/admin/users", "/admin/apps", "/admin/apps/new", "/admin/keys", "/admin/audit"]) {
      await looksRight(page, `${server.console}${path}`);
    }
    await page.context().close();
  });
}
