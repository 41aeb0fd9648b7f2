// ipc_node.js SERIALIZATION FILE WARM WARM_MS COUNT: a Node parent and a Node child.  Sends
// the message in FILE back and forth, at least WARM times and WARM_MS long without counting,
// then COUNT times, and prints the microseconds of a round trip.
'use strict';
const { fork } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const placed = require('./ipc/placed.js');

const [serialization, file, ...numbers] = process.argv.slice(2);
const [warm, warmMs, count] = numbers.map(Number);
const message = JSON.parse(readFileSync(file, 'utf8'));
const child = fork(join(__dirname, 'ipc_node_child.js'), [], placed({ serialization }));
const elapsedUs = (since) => Number(process.hrtime.bigint() - since) / 1000;
let trips = 0;
let left = 0; // 0: it is not warm yet
let first;
let began;

// One more has come back: is it over?
function noteTrip() {
  if (trips++ === 0) first = process.hrtime.bigint();
  if (left > 0) return --left === 0;
  if (trips >= warm && elapsedUs(first) >= warmMs * 1000) {
    left = count;
    began = process.hrtime.bigint();
  }
  return false;
}

child.on('message', (answer) => {
  if (answer.id !== message.id) process.exitCode = 1;
  if (!noteTrip()) {
    child.send(message);
    return;
  }
  console.log(elapsedUs(began) / count);
  child.disconnect();
});
child.send(message);
