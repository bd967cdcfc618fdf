// Real proxies, set as the guide says, in front of a page that knows nothing of sign-in: they ask /check.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { browser, person, signIn } from "../lib/browser.mjs";
import { answering, cli, freePort, start } from "../lib/server.mjs";

const guide = readFileSync(new URL("../../docs/guides/behind-a-proxy.md", import.meta.url), "utf8");
let server, chromium, upstream, folder;
const ends = [];

before(async () => {
  server = await start();
  upstream = createServer((ask, answer) => {
    answer.setHeader("content-type", "application/json");
    answer.end(JSON.stringify(ask.headers));
  });
  await new Promise((ready) => upstream.listen(0, "127.0.0.1", ready));
  folder = mkdtempSync(join(tmpdir(), "countersign-proxies-"));
  chromium = await browser();
});

after(async () => {
  await chromium?.close();
  for (const end of ends.reverse()) await end();
  upstream?.close();
  await server?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** What the guide shows for a proxy, with the names and addresses of this test in the place of its own. */
function shown(proxy, names) {
  const [, text] = guide.split(`\n### ${proxy}\n`)[1].match(/^```\w+\n(.*?)^```$/ms);
  const ours = { "127.0.0.1:8321": `127.0.0.1:${new URL(server.issuer).port}`, "127.0.0.1:3000": `127.0.0.1:${upstream.address().port}`, ...names };
  return Object.entries(ours).reduce((config, [theirs, here]) => {
    assert.ok(config.includes(theirs), `the guide's ${proxy} says ${theirs}`);
    return config.replaceAll(theirs, here);
  }, text);
}

const proxies = {
  nginx(port) {
    const config = join(folder, "nginx.conf");
    const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((what) => `${what}_temp_path ${folder}/${what};`);
    writeFileSync(config, `worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log; daemon off;
events { worker_connections 64; }
http { access_log off; ${places.join(" ")}
${shown("nginx", { "server_name shop.example": `listen 127.0.0.1:${port}`, "app=shop": "app=nginx" })} }`);
    return [process.env.NGINX ?? "nginx", ["-c", config]];
  },
  Caddy(port, origin) {
    const config = join(folder, "Caddyfile");
    writeFileSync(config, `{
	admin off
	default_bind 127.0.0.1
	storage file_system ${folder}/caddy
}
${shown("Caddy", { "shop.example {": `${origin} {`, "app=shop": "app=caddy" })}`);
    return [process.env.CADDY ?? "caddy", ["run", "--adapter", "caddyfile", "--config", config]];
  },
};

for (const [name, configured] of Object.entries(proxies)) {
  test(`${name} lets in who is signed in, tells the page who it is, and after the ending nobody`, async () => {
    const [port, app, user] = [await freePort(), name.toLowerCase(), server.users[0]];
    const origin = `http://${app}.localhost:${port}`;
    await cli(server, ["app", "add", app, "--style", "session", "--origin", origin, "--first-party", "--json"]);
    const [command, words] = configured(port, origin);
    const log = join(folder, `${app}.log`);
    const said = openSync(log, "w");
    const child = spawn(command, words, { stdio: ["ignore", said, said], env: { ...process.env, HOME: folder } });
    const gone = new Promise((ready) => child.once("exit", ready).once("error", ready));
    ends.push(() => gone, () => child.kill());
    await answering({ gone, output: () => readFileSync(log, "utf8") }, `http://127.0.0.1:${port}/`);

    /** Asks the proxy itself, by address: not every system resolves names under localhost. */
    const raw = (headers = {}, path = "/page", method = "GET") =>
      new Promise((ready, failed) => {
        const ask = { host: "127.0.0.1", port, path, method, headers: { host: new URL(origin).host, ...headers } };
        request(ask, (answer) => ready(answer.resume())).on("error", failed).end();
      });
    const forged = { "countersign-subject": "usr_00000000000000000000000000000000" };
    const stranger = await raw(forged);
    assert.equal(stranger.statusCode, 302);
    assert.match(stranger.headers.location, /^(http:\/\/[^/]+)?\/_cs\/start\?\/page$/);
    assert.equal((await raw(forged, "/news")).statusCode, 401, "what a page polls for is not sent to sign in");

    const page = await person(chromium, { extraHTTPHeaders: { "countersign-subject": "usr_forged", "countersign-scopes": "all" } });
    const wanted = `${origin}/page?a=1&b=x+y%2Fz%26%C3%A9&c=http://there/?d`;
    await page.goto(wanted);
    await signIn(page, user);
    await page.waitForURL((url) => url.origin === origin && url.pathname === "/page");
    assert.equal(page.url(), wanted, "back to the page as it was asked for, with all of its query");
    const seen = JSON.parse(await page.locator("pre, body").first().innerText());
    assert.match(seen["countersign-subject"], /^usr_[0-9a-f]{32}$/);
    assert.match(seen["countersign-session"], /^\S+$/);
    assert.equal(seen.cookie, undefined, "the cookie stays at the gateway");
    if (name === "Caddy") assert.equal(seen["countersign-scopes"], undefined, "what the guide copies nothing into");

    const held = (await page.context().cookies(origin)).map((cookie) => `${cookie.name}=${cookie.value}`).join("; ");
    const asked = async (headers, path, method) => (await raw({ cookie: held, ...headers }, path, method)).statusCode;
    assert.equal(await asked({}, "/news"), 200, "what a page polls");
    assert.equal(await asked({ origin }, "/page", "POST"), 200);
    assert.equal(await asked({}, "/page", "POST"), 403, "an old browser does not say from where");
    assert.equal(await asked({ origin: "http://forum.localhost" }, "/news"), 403);

    await cli(server, ["session", "revoke", "--user", user.email, "--json"]);
    await page.goto(`${origin}/page`);
    assert.ok(page.url().startsWith(`${server.issuer}/signin`), `${page.url()} is the sign-in page`);
    await page.context().close();
  });
}
