// The three corner shops: one sign-in serves all, a cart each, and what an ending elsewhere does to each style.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, looks, looksRight, person, signIn } from "../lib/browser.mjs";
import { cli, start } from "../lib/server.mjs";

let server, chromium;
const shop = (style) => server.issuer.replace("localhost", `${style}.localhost`);

before(async () => {
  server = await start();
  chromium = await browser();
});

after(async () => {
  await chromium?.close();
  await server?.stop();
});

test("one sign-in serves the three shops, and an ending ends session and hybrid at once, jwt not before its token dies", async () => {
  const page = await person(chromium);
  await page.goto(shop("session"));
  await page.getByRole("link", { name: "Sign in" }).first().click();
  await signIn(page, server.users[0]);
  await page.waitForURL((at) => at.href.startsWith(shop("session")));
  for (const style of ["jwt", "hybrid"]) {
    await page.goto(shop(style));
    await page.getByRole("link", { name: "Sign in" }).first().click();
    await page.waitForURL((at) => at.href.startsWith(shop(style)) && at.pathname === "/");
    await page.getByText("The shop knows you").waitFor();
  }
  for (const style of ["session", "jwt", "hybrid"]) {
    await page.goto(shop(style));
    await page.getByRole("button", { name: /^Add Rye bread/ }).click();
    await page.getByRole("button", { name: /^Add Rye bread/ }).click();
    await page.goto(shop(style));
    await page.getByText("£8.40").first().waitFor();
  }

  await cli(server, ["session", "revoke", "--user", server.users[0].email, "--json"]);
  const known = {};
  for (const style of ["session", "jwt", "hybrid"]) {
    await page.goto(shop(style));
    known[style] = await page.getByText("The shop knows you").count();
  }
  assert.deepEqual(known, { session: 0, jwt: 1, hybrid: 0 });
  await page.context().close();
});

for (const { width, colorScheme } of looks) {
  test(`the shops fit and pass axe at ${width} px in ${colorScheme}`, async () => {
    const page = await person(chromium, { viewport: { width, height: 900 }, colorScheme });
    for (const style of ["session", "jwt", "hybrid"]) {
      await looksRight(page, shop(style));
    }
    await page.context().close();
  });
}
