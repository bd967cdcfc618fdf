// A client that nobody here wrote walks the whole way: npm openid-client in front, headless Chromium as the person.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import * as client from "openid-client";
import { browser, person, signIn } from "../lib/browser.mjs";
import { cli, start } from "../lib/server.mjs";

let server, chromium, callback, app;

before(async () => {
  server = await start();
  chromium = await browser();
  callback = createServer((_, answer) => answer.end("back at the application"));
  await new Promise((ready) => callback.listen(0, "127.0.0.1", ready));
  const origin = `http://127.0.0.1:${callback.address().port}`;
  app = { origin, redirect: `${origin}/callback`, bye: `${origin}/bye` };
  app.registered = await cli(server, ["app", "add", "walker", "--style", "hybrid", "--redirect", app.redirect, "--post-logout", app.bye, "--acts-alone", "--json"]);
});

after(async () => {
  await chromium?.close();
  callback?.close();
  await server?.stop();
});

async function discover() {
  return client.discovery(new URL(server.issuer), "walker", app.registered.secret, client.ClientSecretBasic(app.registered.secret), {
    execute: [client.allowInsecureRequests],
  });
}

async function authorize(config, page, extra = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: app.redirect,
    scope: "openid email offline_access",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
    ...extra,
  });
  return { url, checks: { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true } };
}

test("openid-client signs a person in, refreshes, reads userinfo, introspects, revokes and signs out", async () => {
  const config = await discover();
  const page = await person(chromium);
  const { url, checks } = await authorize(config, page);

  await page.goto(url.href);
  await signIn(page, server.users[0]);
  await page.getByRole("button", { name: "Allow", exact: true }).click();
  await page.waitForURL((at) => at.href.startsWith(app.redirect));

  const tokens = await client.authorizationCodeGrant(config, new URL(page.url()), checks);
  const claims = tokens.claims();
  assert.equal(claims.iss, server.issuer);
  assert.ok(claims.sid, "the ID token carries sid");
  assert.ok(tokens.refresh_token, "a refresh token came");

  const about = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(about.email, server.users[0].email);

  const before = await client.tokenIntrospection(config, tokens.access_token);
  assert.equal(before.active, true);
  assert.equal(before.client_id, "walker");

  const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.ok(renewed.access_token);
  assert.notEqual(renewed.access_token, tokens.access_token);

  await client.tokenRevocation(config, tokens.refresh_token);
  const gone = await client.tokenIntrospection(config, renewed.access_token);
  assert.deepEqual(Object.keys(gone), ["active"], "an inactive answer says nothing more");
  assert.equal(gone.active, false);
  await assert.rejects(client.fetchUserInfo(config, renewed.access_token, claims.sub));
  await assert.rejects(client.refreshTokenGrant(config, renewed.refresh_token ?? tokens.refresh_token), { error: "invalid_grant" });

  const bye = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: app.bye, state: "s1" });
  await page.goto(bye.href);
  await page.waitForURL((at) => at.href.startsWith(app.bye));
  assert.equal(new URL(page.url()).searchParams.get("state"), "s1");
  await page.goto(`${server.issuer}/account`);
  assert.match(page.url(), /\/signin/, "signed out at the issuer");
  await page.context().close();
});

test("a second application of the same person needs no second sign-in, and prompt=none says login_required to a stranger", async () => {
  const config = await discover();
  const known = await person(chromium);
  await known.goto(`${server.issuer}/signin`);
  await signIn(known, server.users[0]);
  await known.waitForURL(/\/account/);
  const quiet = await authorize(config, known, { prompt: "none" });
  await known.goto(quiet.url.href);
  await known.waitForURL((at) => at.href.startsWith(app.redirect));
  const tokens = await client.authorizationCodeGrant(config, new URL(known.url()), quiet.checks);
  assert.ok(tokens.access_token);

  const stranger = await person(chromium);
  const refused = await authorize(config, stranger, { prompt: "none" });
  await stranger.goto(refused.url.href);
  const back = new URL(stranger.url());
  assert.equal(back.searchParams.get("error"), "login_required");
  assert.equal(back.searchParams.get("iss"), server.issuer);

  const again = await authorize(config, known, { max_age: "0" });
  await known.goto(again.url.href);
  assert.match(known.url(), /\/signin/, "max_age=0 asks for the password again");
  await known.context().close();
  await stranger.context().close();
});

test("an application that acts for itself gets a token and cannot revoke its standing grant with it", async () => {
  const config = await discover();
  const tokens = await client.clientCredentialsGrant(config, {});
  const seen = await client.tokenIntrospection(config, tokens.access_token);
  assert.equal(seen.active, true);
  assert.equal(seen.sub, "walker");
  await assert.rejects(client.tokenRevocation(config, tokens.access_token), { error: "unsupported_token_type" });
});
