// spawn.js MIB: how long does child_process.spawn() block a process of that many MiB?
// Prints the median of the calls in microseconds.
'use strict';
const { spawn } = require('node:child_process');

const held = Buffer.alloc(Number(process.argv[2]) * 1024 * 1024, 1);
const calls = [];

function next(left) {
  if (left === 0) {
    calls.sort((a, b) => a - b);
    console.log(calls[calls.length >> 1] + (held.length > 0 ? 0 : 1));
    return;
  }
  const began = process.hrtime.bigint();
  const child = spawn('/bin/true', { stdio: 'inherit' });
  calls.push(Number(process.hrtime.bigint() - began) / 1000);
  child.on('exit', () => next(left - 1));
}

next(40);
