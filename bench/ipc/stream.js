// stream.js PATH COUNT: a child sends COUNT JSON messages a line each; print the
// nanoseconds a message takes, from the first to arrive to the last.
'use strict';

const net = require('net');
const { fork } = require('child_process');

const [path, wanted, role] = process.argv.slice(2);
const count = Number(wanted);

function send() {
    const socket = net.connect(path);
    let number = 0;
    const pump = () => {
        while (number < count) {
            const message = {
                id: number++, topic: 'sensor.reading', place: 'hall 7, north wall',
                value: 21.5, good: true, unit: 'celsius',
            };
            if (!socket.write(JSON.stringify(message) + '\n'))
                return socket.once('drain', pump);
        }
        socket.end();
    };
    socket.on('connect', pump);
}

function receive() {
    let rest = '';
    let received = 0;
    let sum = 0;
    let began = 0n;
    const server = net.createServer((socket) => {
        socket.setEncoding('utf8');
        socket.on('data', (chunk) => {
            const lines = (rest + chunk).split('\n');
            rest = lines.pop();
            for (const line of lines) {
                sum += JSON.parse(line).id;
                if (received++ === 0)
                    began = process.hrtime.bigint();
            }
            if (received === count) {
                const ns = Number(process.hrtime.bigint() - began);
                if (sum !== count * (count - 1) / 2)
                    process.exit(1);
                console.log(ns / count);
                server.close();
            }
        });
    });
    server.listen(path, () => fork(__filename, [path, wanted, 'send']));
}

if (role === 'send')
    send();
else
    receive();
