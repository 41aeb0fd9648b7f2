// The other side of ipc_fork.c: a program of Node as any other.
process.on('message', ({ number }) => {
  process.send({ square: number * number });
});
