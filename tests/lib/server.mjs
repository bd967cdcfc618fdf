// Starts the built binary as a server of its own: a temporary data folder, free ports, and an end that leaves nothing.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A port that is free on the loopback address at this moment. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** A folder that goes away with the test. */
export async function temporaryFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), "countersign-test-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a program that ends with the test; `output()` is all it has said, for the message when a test fails. */
export function program(t, command, words, options = {}) {
  const child = spawn(command, words, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const said = [];
  child.stdout.on("data", (bytes) => said.push(bytes));
  child.stderr.on("data", (bytes) => said.push(bytes));
  const gone = new Promise((resolve) => child.once("close", resolve).once("error", (error) => {
    said.push(Buffer.from(String(error)));
    resolve(-1);
  }));
  t.after(async () => {
    child.kill("SIGKILL");
    await gone;
  });
  return { child, gone, output: () => Buffer.concat(said).toString() };
}

/** Asks a URL until it answers or the program ends; there is no event to wait for in another process. */
export async function answering(running, url, seconds = 20) {
  const until = Date.now() + seconds * 1000;
  let ended = false;
  running.gone.then(() => { ended = true; });
  while (Date.now() < until && !ended) {
    try {
      return await fetch(url, { redirect: "manual" });
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  throw new Error(`${url} did not answer\n${running.output()}`);
}

const binary = process.env.COUNTERSIGN_BIN ?? new URL("../../target/debug/countersign", import.meta.url).pathname;

/** Starts `serve --dev` in a folder of its own on free ports; `stop()` ends it and removes the folder. */
export async function start() {
  const folder = await mkdtemp(join(tmpdir(), "countersign-test-"));
  const data = join(folder, "data");
  const words = ["serve", "--dev", "--json", "--data", data, "--listen", "127.0.0.1:0", "--console-listen", "127.0.0.1:0"];
  const child = spawn(binary, words, { cwd: folder, stdio: ["ignore", "pipe", "pipe"], env: quiet() });
  const said = [];
  child.stderr.on("data", (bytes) => said.push(bytes));
  const gone = new Promise((resolve) => child.once("close", resolve).once("error", resolve));
  const facts = await new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (bytes) => {
      text += bytes;
      if (text.includes("\n")) resolve(JSON.parse(text));
    });
    gone.then(() => reject(new Error(`the server ended\n${Buffer.concat(said)}`)));
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await gone;
    await rm(folder, { recursive: true, force: true });
  };
  return { ...facts, data, mailbox: `${facts.issuer}/dev/mail`, stop, output: () => Buffer.concat(said).toString() };
}

/** Runs a command of the binary against a started server and answers its JSON. */
export function cli(server, words) {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, [...words, "--data", server.data], { stdio: ["ignore", "pipe", "pipe"], env: quiet() });
    let [out, err] = ["", ""];
    child.stdout.on("data", (bytes) => { out += bytes; });
    child.stderr.on("data", (bytes) => { err += bytes; });
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(JSON.parse(out));
      else reject(new Error(`countersign ${words.join(" ")} ended with ${code}\n${out}${err}`));
    });
  });
}

/** This process"s environment without settings of a developer"s own. */
function quiet() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("COUNTERSIGN_")));
}
