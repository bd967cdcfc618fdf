// The ground that the other tests stand on: programs start, answer and end with their test.
import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { test } from 'node:test';
import { answering, freePort, program, temporaryFolder } from './server.mjs';

const SERVER = `require('node:http').createServer((q, r) => r.end('here')).listen(process.argv[1], '127.0.0.1')`;

test('a program is waited for, answers, and ends with its test', async (t) => {
  const port = await freePort();
  let running;
  await t.test('inside', async (inner) => {
    running = program(inner, process.execPath, ['-e', SERVER, String(port)]);
    const answer = await answering(running, `http://127.0.0.1:${port}/`);
    assert.equal(await answer.text(), 'here');
  });
  await running.gone;
  await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
});

test('a program that dies is not waited for, and its last words are shown', async (t) => {
  const running = program(t, process.execPath, ['-e', `console.error('no such store'); process.exit(1)`]);
  await assert.rejects(answering(running, 'http://127.0.0.1:1/'), /no such store/);
});

test('a temporary folder goes away with its test', async (t) => {
  let folder;
  await t.test('inside', async (inner) => {
    folder = await temporaryFolder(inner);
    await access(folder);
  });
  await assert.rejects(access(folder));
});
