// subjects.js PATH COUNT,SUBSCRIBERS: a child is the broker; news goes from one publisher to
// SUBSCRIBERS of its subject; print the nanoseconds a delivery takes.
'use strict';

const net = require('net');
const { fork } = require('child_process');

const [path, what, role] = process.argv.slice(2);
const [count, subscribers] = what.split(',').map(Number);

function lines(socket, on) {
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
        const whole = (rest + chunk).split('\n');
        rest = whole.pop();
        whole.forEach(on);
    });
}

function serve() {
    const bySubject = new Map();
    let connections = 0;
    const server = net.createServer((socket) => {
        connections++;
        lines(socket, (text) => {
            const { method, params } = JSON.parse(text);
            if (method === 'sub') {
                if (!bySubject.has(params.topic))
                    bySubject.set(params.topic, []);
                bySubject.get(params.topic).push({ socket, seq: 0 });
                socket.write('{"result":true}\n');
                return;
            }
            for (const one of bySubject.get(params.topic) || [])
                one.socket.write(JSON.stringify({ jsonrpc: '2.0', method: 'pub',
                    params: { ...params, seq: ++one.seq } }) + '\n');
        });
        socket.on('close', () => { if (--connections === 0) process.exit(0); });
    });
    server.listen(path, () => process.send('ready'));
}

function talk() {
    const sockets = [];
    const publisher = net.connect(path);
    let ready = 0;
    let heard = 0;
    let sent = 0;
    let began;

    function publish() {
        for (let i = 0; i < 256 && sent < count; i++, sent++)
            publisher.write(JSON.stringify({ jsonrpc: '2.0', method: 'pub',
                params: { topic: 'bench.news', data: { n: sent, text: 'x'.repeat(40) } } }) + '\n');
        if (sent < count)
            setImmediate(publish);
    }
    function hear(text) {
        const message = JSON.parse(text);
        if (message.result === true) {
            if (++ready === subscribers) {
                began = process.hrtime.bigint();
                publish();
            }
        } else if (++heard === count * subscribers) {
            console.log(Number(process.hrtime.bigint() - began) / heard);
            sockets.forEach((socket) => socket.end());
            publisher.end();
        }
    }
    for (let i = 0; i < subscribers; i++) {
        const socket = net.connect(path);
        lines(socket, hear);
        socket.write(JSON.stringify({ id: 1, method: 'sub', params: { topic: 'bench.news' } }) + '\n');
        sockets.push(socket);
    }
}

if (role === 'serve') {
    serve();
} else {
    const child = fork(__filename, [path, what, 'serve']);
    child.on('message', () => { child.disconnect(); talk(); });
}
