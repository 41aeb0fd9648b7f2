// calls.js PATH COUNT,UNDER_WAY: a child answers calls of JSON-RPC, UNDER_WAY at once; print
// the nanoseconds a call takes.
'use strict';

const net = require('net');
const { fork } = require('child_process');

const [path, what, role] = process.argv.slice(2);
const [count, underWay] = what.split(',').map(Number);

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
    const methods = new Map([['echo', (params) => params]]);
    const server = net.createServer((socket) => {
        lines(socket, (text) => {
            const { id, method, params } = JSON.parse(text);
            const result = methods.get(method)(params);
            socket.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\n');
        });
        socket.on('close', () => process.exit(0));
    });
    server.listen(path, () => process.send('ready'));
}

function ask() {
    const socket = net.connect(path);
    const pending = new Map();
    let next = 0;
    let done = 0;
    const began = process.hrtime.bigint();

    function call(method, params, fn) {
        const id = ++next;
        pending.set(id, fn);
        socket.write(JSON.stringify({ jsonrpc: '2.0', id, method, params }) + '\n');
    }
    function more() {
        done++;
        if (done === count) {
            console.log(Number(process.hrtime.bigint() - began) / count);
            socket.end();
        } else if (next < count) {
            call('echo', ['x'.repeat(60)], more);
        }
    }
    lines(socket, (text) => {
        const { id, result } = JSON.parse(text);
        const fn = pending.get(id);
        pending.delete(id);
        fn(result);
    });
    for (let i = 0; i < underWay; i++)
        call('echo', ['x'.repeat(60)], more);
}

if (role === 'serve') {
    serve();
} else {
    const child = fork(__filename, [path, what, 'serve']);
    child.on('message', () => { child.disconnect(); ask(); });
}
