// A real nginx in front of a page that knows nothing of sign-in: auth_request asks /check.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { browser, person, signIn } from "../lib/browser.mjs";
import { cli, freePort, start } from "../lib/server.mjs";

let server, chromium, upstream, nginx, folder, origin;

before(async () => {
  server = await start();
  upstream = createServer((ask, answer) => {
    answer.setHeader("content-type", "application/json");
    answer.end(JSON.stringify(ask.headers));
  });
  await new Promise((ready) => upstream.listen(0, "127.0.0.1", ready));
  const port = await freePort();
  origin = `http://shop.localhost:${port}`;
  await cli(server, ["app", "add", "gated", "--style", "session", "--origin", origin, "--first-party", "--json"]);
  folder = mkdtempSync(join(tmpdir(), "countersign-nginx-"));
  const issuer = new URL(server.issuer);
  const behind = `http://127.0.0.1:${issuer.port}`;
  writeFileSync(
    join(folder, "nginx.conf"),
    `worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log; daemon off;
events { worker_connections 64; }
http {
  access_log off; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server {
    listen 127.0.0.1:${port};
    location /_cs/ { proxy_pass ${behind}; proxy_set_header Host $http_host; }
    location = /_check {
      internal; proxy_pass ${behind}/check?app=gated; proxy_pass_request_body off;
      proxy_set_header Content-Length ""; proxy_set_header Host ${issuer.host}; proxy_set_header X-Original-Method $request_method;
    }
    location = /_check_passive {
      internal; proxy_pass ${behind}/check?app=gated&presence=passive; proxy_pass_request_body off;
      proxy_set_header Content-Length ""; proxy_set_header Host $http_host; proxy_set_header X-Original-Method $request_method;
    }
    location /news {
      auth_request /_check_passive;
      auth_request_set $subject $upstream_http_countersign_subject;
      proxy_set_header Countersign-Subject $subject;
      proxy_pass http://127.0.0.1:${upstream.address().port};
    }
    location / {
      auth_request /_check;
      auth_request_set $subject $upstream_http_countersign_subject;
      auth_request_set $session $upstream_http_countersign_session;
      proxy_set_header Countersign-Subject $subject;
      proxy_set_header Countersign-Session $session;
      proxy_set_header Cookie "";
      error_page 401 = @signin;
      proxy_pass http://127.0.0.1:${upstream.address().port};
    }
    location @signin { return 302 /_cs/start?return_to=$request_uri; }
  }
}`,
  );
  execFileSync("nginx", ["-t", "-c", join(folder, "nginx.conf")], { stdio: "pipe" });
  nginx = spawn("nginx", ["-c", join(folder, "nginx.conf")], { stdio: "ignore" });
  chromium = await browser();
});

after(async () => {
  await chromium?.close();
  nginx?.kill();
  upstream?.close();
  await server?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Asks nginx itself, by address: not every system resolves names under localhost. */
const raw = (headers = {}, path = "/page", method = "GET") =>
  new Promise((ready, failed) => {
    const { host, port } = new URL(origin);
    const ask = { host: "127.0.0.1", port, path, method, headers: { host, ...headers } };
    request(ask, (answer) => ready(answer.resume())).on("error", failed).end();
  });

test("a stranger is sent to sign in, and forged identity headers do not help", async () => {
  const answer = await raw({ "countersign-subject": "usr_00000000000000000000000000000000" });
  assert.equal(answer.statusCode, 302);
  assert.match(answer.headers.location, /\/_cs\/start\?/);
});

test("after sign-in the page behind nginx sees who it is, and after the ending nobody", async () => {
  const page = await person(chromium, { extraHTTPHeaders: { "countersign-subject": "usr_forged" } });
  await page.goto(`${origin}/page`);
  await signIn(page, server.users[0]);
  await page.waitForURL(`${origin}/page`);
  const seen = JSON.parse(await page.locator("pre, body").first().innerText());
  assert.match(seen["countersign-subject"], /^usr_[0-9a-f]{32}$/);
  assert.equal(seen.cookie, undefined, "the cookie stays at the gateway");

  const held = (await page.context().cookies(origin)).map(({ name, value }) => `${name}=${value}`).join("; ");
  const asked = async (headers, path, method) => (await raw({ cookie: held, ...headers }, path, method)).statusCode;
  assert.equal(await asked({}, "/news"), 200, "what a page polls");
  assert.equal(await asked({ origin }, "/page", "POST"), 200);
  assert.equal(await asked({}, "/page", "POST"), 403, "an old browser does not say from where");
  assert.equal(await asked({ origin: "http://forum.localhost" }, "/news"), 403);

  await cli(server, ["session", "revoke", "--user", server.users[0].email, "--json"]);
  await page.goto(`${origin}/page`);
  assert.ok(page.url().startsWith(`${server.issuer}/signin`), `${page.url()} is the sign-in page`);
  await page.context().close();
});
