// echo.js PATH COUNT: a child answers COUNT lines of JSON; print the median time back and
// forth in microseconds.
'use strict';

const net = require('net');
const { fork } = require('child_process');
const placed = require('./placed.js');

const [path, wanted, role] = process.argv.slice(2);
const count = Number(wanted);
const line = JSON.stringify({ id: 1, text: 'x'.repeat(80) }) + '\n';

// Hand over whole lines.
function lines(socket, on) {
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
        const whole = (rest + chunk).split('\n');
        rest = whole.pop();
        whole.forEach(on);
    });
}

function answer() {
    const socket = net.connect(path);
    lines(socket, (text) => socket.write(JSON.stringify(JSON.parse(text)) + '\n'));
}

function ask() {
    const server = net.createServer((socket) => {
        const times = [];
        let began = process.hrtime.bigint();
        lines(socket, (text) => {
            JSON.parse(text);
            times.push(Number(process.hrtime.bigint() - began) / 1000);
            if (times.length === count) {
                times.sort((a, b) => a - b);
                console.log(times[count >> 1]);
                socket.end();
                server.close();
                return;
            }
            began = process.hrtime.bigint();
            socket.write(line);
        });
        socket.write(line);
    });
    server.listen(path, () => fork(__filename, [path, wanted, 'answer'], placed({})));
}

if (role === 'answer')
    answer();
else
    ask();
