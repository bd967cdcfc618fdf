// Other people's libraries check our access token from our JWKS, untouched: npm jose, jsonwebtoken, PyJWT, Authlib.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { createRemoteJWKSet, jwtVerify } from "jose";
import jsonwebtoken from "jsonwebtoken";
import { cli, start } from "../lib/server.mjs";

let server, token;

before(async () => {
  server = await start();
  const app = await cli(server, ["app", "add", "robot", "--style", "jwt", "--acts-alone", "--audience", "robot-api", "--json"]);
  const answer = await fetch(`${server.issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`robot:${app.secret}`).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  assert.equal(answer.status, 200);
  token = (await answer.json()).access_token;
});

after(async () => server?.stop());

const turned = () => {
  const at = token.lastIndexOf(".") + 5;
  return token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
};

test("npm jose accepts the token, and refuses it with one character turned", async () => {
  const keys = createRemoteJWKSet(new URL(`${server.issuer}/jwks.json`));
  const rules = { issuer: server.issuer, audience: "robot-api", typ: "at+jwt", algorithms: ["ES256"] };
  const { payload } = await jwtVerify(token, keys, rules);
  assert.equal(payload.client_id, "robot");
  await assert.rejects(jwtVerify(turned(), keys, rules));
});

test("npm jsonwebtoken accepts the token, and refuses it with one character turned", async () => {
  const { keys } = await (await fetch(`${server.issuer}/jwks.json`)).json();
  const { kid } = jsonwebtoken.decode(token, { complete: true }).header;
  const key = createPublicKey({ key: keys.find((each) => each.kid === kid), format: "jwk" });
  const rules = { issuer: server.issuer, audience: "robot-api", algorithms: ["ES256"] };
  assert.equal(jsonwebtoken.verify(token, key, rules).sub, "robot");
  assert.throws(() => jsonwebtoken.verify(turned(), key, rules));
});

for (const library of ["pyjwt", "authlib"]) {
  test(`python ${library} accepts the token, and refuses it with one character turned`, () => {
    const python = process.env.PYTHON ?? "python3";
    const script = fileURLToPath(new URL(`./${library}_verify.py`, import.meta.url));
    const run = (which) =>
      JSON.parse(execFileSync(python, [script], { input: JSON.stringify({ issuer: server.issuer, audience: "robot-api", token: which }), encoding: "utf8" }));
    assert.deepEqual(run(token), { accepted: true, sub: "robot" });
    assert.equal(run(turned()).accepted, false);
  });
}
