// A library as a program: one command of JSON per line in, one answer per line out.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Serves `operations` on the standard streams; an operation that throws answers with its problem. */
export async function serve(operations) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { op, ...command } = JSON.parse(line);
    let answer;
    try {
      answer = await operations[op](command);
    } catch (problem) {
      answer = { problem: String(problem) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

/** Does one thing to every item of a list. What is refused answers `null`, with the first reason beside the list. */
export async function each(items, name, one) {
  const results = [];
  let refused = null;
  for (const item of items) {
    try {
      results.push(await one(item));
    } catch (problem) {
      refused ??= String(problem);
      results.push(null);
    }
  }
  return { [name]: results, refused };
}

/** The other end: starts a peer and asks it one thing after the other. */
export class Peer {
  constructor(name, command, words) {
    this.name = name;
    this.waiting = [];
    this.child = spawn(command, words, { stdio: ["pipe", "pipe", "pipe"] });
    this.said = "";
    this.child.stderr.on("data", (bytes) => { this.said += bytes; });
    this.child.stdin.on("error", () => {});
    createInterface({ input: this.child.stdout }).on("line", (line) => this.waiting.shift()?.resolve(JSON.parse(line)));
    const gone = (why) => this.waiting.splice(0).forEach(({ reject }) => reject(new Error(`${name} ended: ${why}\n${this.said}`)));
    this.child.once("close", gone).once("error", gone);
  }

  /** The answer to a command; throws what the peer calls a problem. */
  async ask(op, command = {}) {
    const answer = await new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      if (this.child.exitCode !== null) reject(new Error(`${this.name} has ended\n${this.said}`));
      this.child.stdin.write(`${JSON.stringify({ op, ...command })}\n`);
    });
    if (answer.problem) throw new Error(`${this.name} cannot ${op} ${command.alg ?? ""}: ${answer.problem}`);
    return answer;
  }

  stop() {
    this.child.stdin.end();
    this.child.kill();
  }
}
