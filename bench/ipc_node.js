// ipc_node.js SERIALIZATION FILE WARM COUNT: a Node parent and a Node child.  Sends the
// message in FILE back and forth, COUNT times after WARM times that do not count, and
// prints the microseconds of a round trip.
'use strict';
const { fork } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const placed = require('./ipc/placed.js');

const [serialization, file, warm, count] = process.argv.slice(2);
const message = JSON.parse(readFileSync(file, 'utf8'));
const child = fork(join(__dirname, 'ipc_node_child.js'), [], placed({ serialization }));
let left = Number(warm) + Number(count);
let began = process.hrtime.bigint();

child.on('message', (answer) => {
  left--;
  if (left === Number(count)) began = process.hrtime.bigint();
  if (left > 0) {
    child.send(message);
    return;
  }
  if (answer.id !== message.id) process.exitCode = 1;
  console.log(Number(process.hrtime.bigint() - began) / 1000 / Number(count));
  child.disconnect();
});
child.send(message);
