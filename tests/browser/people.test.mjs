// A person's way through the pages, in Chromium, without JavaScript, at two widths, light and dark.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, looks, looksRight, person, signIn } from "../lib/browser.mjs";
import { start } from "../lib/server.mjs";

let server, chromium;

before(async () => {
  server = await start();
  chromium = await browser();
});

after(async () => {
  await chromium?.close();
  await server?.stop();
});

async function newestLink(page, to) {
  await page.goto(server.mailbox);
  await page.getByRole("row").filter({ hasText: to }).first().getByRole("link").first().click();
  return page.getByRole("link", { name: /code=/ }).first().getAttribute("href");
}

test("sign up, confirm by a POST, sign in, sign out, all without JavaScript", async () => {
  const page = await person(chromium, { javaScriptEnabled: false });
  const cleo = { email: "cleo@marsh.example", password: "harbour slate 41 lanterns" };
  await page.goto(`${server.issuer}/signup`);
  await page.getByLabel("E-mail").fill(cleo.email);
  await page.getByLabel("Password", { exact: true }).fill(cleo.password);
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByRole("heading", { name: /check your mail/i }).waitFor();

  const link = await newestLink(page, cleo.email);
  await page.goto(link);
  await page.goto(link);
  await page.getByLabel("Password", { exact: true }).fill(cleo.password);
  await page.getByRole("button", { name: "Make my account" }).click();
  await page.goto(`${server.issuer}/signin`);
  await signIn(page, cleo);
  await page.waitForURL(/\/account/);
  await page.getByText("This browser").waitFor();

  await page.goto(link);
  assert.equal(await page.getByRole("button", { name: "Make my account" }).count(), 0, "the link works once");

  await page.goto(`${server.issuer}/account`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.goto(`${server.issuer}/account`);
  assert.match(page.url(), /\/signin/);
  await page.context().close();
});

test("ending a session in another browser ends it at once", async () => {
  const [here, there] = [await person(chromium), await person(chromium)];
  for (const page of [here, there]) {
    await page.goto(`${server.issuer}/signin`);
    await signIn(page, server.users[0]);
    await page.waitForURL(/\/account/);
  }
  await here.goto(`${server.issuer}/account`);
  await here.getByRole("button", { name: /^End the session on/ }).first().click();
  await here.getByText(/ended|signed out/i).first().waitFor();
  await there.goto(`${server.issuer}/account`);
  assert.match(there.url(), /\/signin/);
  await here.goto(`${server.issuer}/account`);
  assert.match(here.url(), /\/account/, "this browser goes on");
  await here.context().close();
  await there.context().close();
});

test("a wrong password and an unknown address get the same page", async () => {
  const page = await person(chromium);
  const seen = [];
  for (const email of [server.users[1].email, "nobody@marsh.example"]) {
    await page.goto(`${server.issuer}/signin`);
    await signIn(page, { email, password: "not the password at all" });
    const alert = page.getByRole("alert");
    await alert.waitFor();
    seen.push(await alert.innerText());
  }
  assert.equal(seen[0], seen[1]);
  await page.context().close();
});

test("a password is reset by letter, and every session ends", async () => {
  const [old, page] = [await person(chromium), await person(chromium)];
  const bo = server.users[1];
  await old.goto(`${server.issuer}/signin`);
  await signIn(old, bo);
  await old.waitForURL(/\/account/);
  await page.goto(`${server.issuer}/recover`);
  await page.getByLabel("E-mail").fill(bo.email);
  await page.getByRole("button", { name: "Send the letter" }).click();
  await page.goto(await newestLink(page, bo.email));
  await page.getByLabel(/new password/i).fill("a quiet mill by the water 7");
  await page.getByRole("button", { name: "Save the new password" }).click();
  await old.goto(`${server.issuer}/account`);
  assert.match(old.url(), /\/signin/);
  await page.goto(`${server.issuer}/signin`);
  await signIn(page, { email: bo.email, password: "a quiet mill by the water 7" });
  await page.waitForURL(/\/account/);
  for (const each of [old, page]) await each.context().close();
});

for (const { width, colorScheme } of looks) {
  test(`pages fit and pass axe at ${width} px in ${colorScheme}`, async () => {
    const page = await person(chromium, { viewport: { width, height: 900 }, colorScheme });
    const strangers = ["/", "/signin", "/signup", "/recover", "/dev/mail"];
    const members = ["/account", "/account/apps", "/account/password", "/account/data"];
    const visit = (path) => looksRight(page, `${server.issuer}${path}`);
    for (const path of strangers) await visit(path);
    await page.goto(`${server.issuer}/signin`);
    await signIn(page, server.users[0]);
    await page.waitForURL(/\/account/);
    for (const path of members) await visit(path);
    await page.context().close();
  });
}
