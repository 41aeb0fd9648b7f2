// ipc_node_child.js: the child of both sides: sends back every message.
'use strict';
process.on('message', (message) => process.send(message));
